//! Operations on tags.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::error::{delete_marker, from_engine, s3_error};
use super::metadata::{tag_set, tags_from_set};
use super::{S3Api, sender, shown_version, version_id};
use crate::engine::Sender;

const OBJECT_TAGS_MAX: usize = 10;
const BUCKET_TAGS_MAX: usize = 50;

pub(super) async fn get_bucket(
    api: &S3Api,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<GetBucketTaggingOutput> {
    let bucket = api.engine.bucket(request.input.bucket).await.map_err(from_engine)?;
    if bucket.tags.is_empty() {
        return Err(s3_error(S3ErrorCode::NoSuchTagSet, "The TagSet does not exist"));
    }
    Ok(GetBucketTaggingOutput { tag_set: tag_set(&bucket.tags) })
}

pub(super) async fn put_bucket(
    api: &S3Api,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<PutBucketTaggingOutput> {
    let sender = sender(&request)?;
    let tags = tags_from_set(request.input.tagging.tag_set, BUCKET_TAGS_MAX)?;
    set_bucket(api, request.input.bucket, tags, sender).await?;
    Ok(PutBucketTaggingOutput::default())
}

pub(super) async fn delete_bucket(
    api: &S3Api,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<DeleteBucketTaggingOutput> {
    let sender = sender(&request)?;
    set_bucket(api, request.input.bucket, Vec::new(), sender).await?;
    Ok(DeleteBucketTaggingOutput::default())
}

async fn set_bucket(
    api: &S3Api,
    bucket: String,
    tags: Vec<(String, String)>,
    sender: Sender,
) -> S3Result<()> {
    api.engine
        .change_bucket(bucket, sender, move |record| record.tags.clone_from(&tags))
        .await
        .map_err(from_engine)
}

pub(super) async fn get_object(
    api: &S3Api,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<GetObjectTaggingOutput> {
    let input = request.input;
    let id = version_id(input.version_id.as_deref())?;
    let (version, bucket, _) =
        api.engine.find(input.bucket, input.key.clone(), id, false).await.map_err(from_engine)?;
    let Some(content) = &version.content else {
        return Err(delete_marker(&version, id.is_some()));
    };
    Ok(GetObjectTaggingOutput {
        tag_set: tag_set(&content.tags),
        version_id: shown_version(&input.key, &bucket, &version),
    })
}

pub(super) async fn put_object(
    api: &S3Api,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<PutObjectTaggingOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let tags = tags_from_set(input.tagging.tag_set, OBJECT_TAGS_MAX)?;
    let id = version_id(input.version_id.as_deref())?;
    let version = api
        .engine
        .set_tags(input.bucket, input.key, id, tags, sender)
        .await
        .map_err(from_engine)?;
    Ok(PutObjectTaggingOutput { version_id: id.map(|_| version.to_string()) })
}

pub(super) async fn delete_object(
    api: &S3Api,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<DeleteObjectTaggingOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let id = version_id(input.version_id.as_deref())?;
    let version = api
        .engine
        .set_tags(input.bucket, input.key, id, Vec::new(), sender)
        .await
        .map_err(from_engine)?;
    Ok(DeleteObjectTaggingOutput { version_id: id.map(|_| version.to_string()) })
}
