//! Compares everything that is stored with everything that the model holds.

use std::collections::BTreeMap;

use statelock_server::engine::{
    EngineError, ListingRequest, UploadListingItem, UploadListingRequest,
};
use statelock_server::records::{Content, UploadId};

use crate::harness::{BUCKET, Harness};
use crate::listings;
use crate::model::Model;
use crate::model_locks::is_lockfile;
use crate::model_types::{Object, Version};
use crate::ops::KEYS;

const PIECE: usize = 1 << 20;
/// Larger bodies are read only at the end.
const READ_EACH_STEP_MAX: usize = 64 << 10;

/// After every request.
pub(crate) async fn step(test: &Harness, model: &Model, step: usize) -> Result<(), String> {
    contents(test, model, READ_EACH_STEP_MAX).await?;
    uploads(test, model).await?;
    listings::some(test, model, step).await
}

/// At the end: also large bodies, all listings, and that nothing is left of what is gone.
pub(crate) async fn whole(test: &Harness, model: &Model) -> Result<(), String> {
    contents(test, model, usize::MAX).await?;
    listings::all(test, model).await?;
    test.expire_all().await;
    let (rows, expected) = (test.rows().await, expected_rows(model));
    if rows != expected {
        return Err(format!("rows {rows:?}, expected {expected:?}"));
    }
    contents(test, model, usize::MAX).await
}

async fn contents(test: &Harness, model: &Model, size_max: usize) -> Result<(), String> {
    let record = test.engine.bucket(BUCKET.to_owned()).await.unwrap();
    same("versioning", &record.versioning, &model.versioning)?;
    for key in KEYS {
        let found = test.engine.find(BUCKET.to_owned(), key.to_owned(), None, true).await;
        match (found, model.versions(key).last()) {
            (Err(EngineError::NoSuchKey), None) => {}
            (Ok((found, _, body)), Some(newest)) => {
                same("newest", &found.id, &newest.id)?;
                if let (Some(body), Some(object)) = (body, &newest.object) {
                    same("inline body", &body, &object.pieces.concat().into())?;
                }
            }
            (found, newest) => return Err(format!("{key:?}: {found:?}, model {newest:?}")),
        }
        for version in model.versions(key) {
            one_version(test, key, version, size_max).await?;
        }
    }
    Ok(())
}

async fn one_version(
    test: &Harness,
    key: &str,
    version: &Version,
    size_max: usize,
) -> Result<(), String> {
    let (bucket, key) = (BUCKET.to_owned(), key.to_owned());
    let found = test.engine.find(bucket, key.clone(), Some(version.id), false).await;
    let (found, _, _) = found.map_err(|error| format!("{key:?} {}: {error}", version.id))?;
    match (&found.content, &version.object) {
        (None, None) => Ok(()),
        (Some(content), Some(object)) => {
            one_object(content, object)?;
            let body = object.pieces.concat();
            if body.len() > size_max {
                return Ok(());
            }
            let stored = test.stream(content).await.map_err(|e| format!("{key:?}: {e}"))?;
            if stored == body { Ok(()) } else { Err(format!("{key:?}: another body")) }
        }
        (content, object) => Err(format!("{key:?}: {content:?}, model {object:?}")),
    }
}

fn one_object(content: &Content, object: &Object) -> Result<(), String> {
    same("etag", &content.etag, &object.etag)?;
    let size: usize = object.pieces.iter().map(bytes::Bytes::len).sum();
    same("size", &content.size, &u64::try_from(size).unwrap())?;
    let tags: Vec<_> = object.tag.iter().map(|tag| ("tag".to_owned(), tag.to_string())).collect();
    same("tags", &content.tags, &tags)
}

async fn uploads(test: &Harness, model: &Model) -> Result<(), String> {
    let mut expected: Vec<(String, String)> = model
        .uploads
        .iter()
        .filter(|upload| upload.is_open())
        .map(|upload| (upload.key.clone(), upload.id.to_string()))
        .collect();
    expected.sort();
    let (mut listed, mut after, mut after_upload) = (Vec::new(), None, None);
    loop {
        let page = ListingRequest {
            bucket: BUCKET.to_owned(),
            prefix: String::new(),
            delimiter: String::new(),
            after,
            limit: 2,
        };
        let page = test.engine.list_uploads(UploadListingRequest { page, after_upload }).await;
        let page = page.unwrap();
        listed.extend(page.items.into_iter().map(|item| match item {
            UploadListingItem::Upload(key, id, _) => (key, id),
            UploadListingItem::CommonPrefix(common) => (common, String::new()),
        }));
        let Some((key, id)) = page.next else { break };
        (after, after_upload) = (Some(key), id);
    }
    same("uploads", &listed, &expected)?;
    for upload in model.uploads.iter().filter(|upload| upload.is_open()) {
        let (key, id) = (upload.key.clone(), UploadId::from_client(upload.id.as_str()));
        let page = test.engine.parts(BUCKET.to_owned(), key, id, 0, 1000).await.unwrap();
        let numbers: Vec<_> = page.parts.iter().map(|(number, _)| *number).collect();
        same("parts", &numbers, &upload.parts.keys().copied().collect())?;
    }
    Ok(())
}

/// What is stored when everything that is kept for a while has expired.
fn expected_rows(model: &Model) -> BTreeMap<char, usize> {
    let versions: Vec<_> = model.keys.iter().flat_map(|(_, versions)| versions).collect();
    let open: Vec<_> = model.uploads.iter().filter(|upload| upload.is_open()).collect();
    let objects = versions.iter().filter_map(|version| version.object.as_ref());
    let bodies = objects.flat_map(|object| &object.pieces);
    let parts = open.iter().flat_map(|upload| upload.parts.values());
    let chunks = bodies.chain(parts).map(|body| body.len().div_ceil(PIECE).max(1)).sum();
    let counts = [
        ('b', 1),
        ('v', versions.len()),
        ('l', model.keys.iter().filter(|(key, held)| is_lockfile(key) && !held.is_empty()).count()),
        ('u', open.len()),
        ('p', open.iter().map(|upload| upload.parts.len()).sum()),
        ('#', chunks),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    engine: &T,
    model: &T,
) -> Result<(), String> {
    if engine == model {
        Ok(())
    } else {
        Err(format!("{what}: engine {engine:?}, model {model:?}"))
    }
}
