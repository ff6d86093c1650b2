//! States that come in parts are judged as a whole when they are put together.

use statelock_protocol::state::Digest;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    CompleteRequest, CompletedPart, EngineError, PartUpload, WriteClaim, Written,
};
use statelock_server::records::{Headers, UploadId};

use crate::harness::{BUCKET, KEY, World, refused, s3, snapshot};

/// The smallest part that need not be the last.
const PART: usize = 5 << 20;

async fn uploaded(world: &World, body: &str) -> CompleteRequest {
    let (bucket, key) = (BUCKET.to_owned(), KEY.to_owned());
    let made = world.engine.create_upload(bucket, key, Headers::default(), Vec::new(), None);
    let upload = made.await.unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in (1_u16..).zip(body.as_bytes().chunks(PART)) {
        let etag = part(world, &upload, number, bytes).await;
        parts.push(CompletedPart { number: i32::from(number), etag, checksum: None });
    }
    CompleteRequest {
        bucket: BUCKET.to_owned(),
        key: KEY.to_owned(),
        upload,
        parts,
        precondition: Precondition::None,
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender: s3(1),
    }
}

async fn part(world: &World, upload: &UploadId, number: u16, bytes: &[u8]) -> String {
    let part = PartUpload {
        bucket: BUCKET.to_owned(),
        key: KEY.to_owned(),
        upload: upload.clone(),
        number,
        checksum: None,
    };
    let staged = world.stage(bytes).await;
    world.engine.put_part(part, staged).await.unwrap()
}

async fn complete(world: &World, request: CompleteRequest) -> Result<Written, EngineError> {
    world.advance(1);
    world.engine.complete_upload(request).await.map(|(written, _)| written)
}

fn large(serial: u64, filler: &str) -> String {
    snapshot(serial, &filler.repeat(PART + 1000))
}

#[tokio::test]
async fn p7_parts_are_judged_together_and_a_refused_whole_is_kept() {
    let world = World::new().await;
    let stored = large(5, "a");
    let request = uploaded(&world, &stored).await;
    complete(&world, request).await.unwrap();
    let older = large(4, "b");
    let request = uploaded(&world, &older).await;
    let first = refused(complete(&world, request.clone()).await);
    assert!(first.message.contains("serial 5"), "{}", first.message);
    assert_eq!(world.stored().await.as_ref(), Some(&stored));
    // The answer may get lost: the same completion again says the same.
    assert_eq!(refused(complete(&world, request.clone()).await), first);
    // Clients abort what they could not complete.
    let aborted = world.engine.abort_upload(request.bucket, request.key, request.upload).await;
    assert!(matches!(aborted, Err(EngineError::NoSuchUpload)), "{aborted:?}");
    world.advance(100 * 3600);
    world.engine.sweep().await.unwrap();
    let kept = world.kept().await;
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1 == older, "what is kept is what was sent");
    // The same bytes in parts again are the same refused body, and leave nothing behind.
    let request = uploaded(&world, &older).await;
    refused(complete(&world, request).await);
    assert_eq!(world.kept().await.len(), 1);
}

#[tokio::test]
async fn p8_the_digest_of_a_state_in_parts_is_that_of_the_whole() {
    let world = World::new().await;
    let body = large(1, "a");
    let request = uploaded(&world, &body).await;
    let written = complete(&world, request).await.unwrap();
    assert!(written.etag.ends_with("-2"), "{}", written.etag);
    let found = world.engine.find(BUCKET.to_owned(), KEY.to_owned(), None, false).await.unwrap();
    let facts = found.0.content.unwrap().facts.unwrap();
    assert_eq!(facts.digest, Digest::of(body.as_bytes()));
    assert_eq!(facts.state().unwrap().serial, 1);
}

#[tokio::test]
async fn parts_that_were_replaced_before_the_completion_count_as_they_are_then() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    let (newer, older) = (large(6, "a"), large(4, "a"));
    let mut request = uploaded(&world, &newer).await;
    let first = &older.as_bytes()[..PART];
    request.parts[0].etag = part(&world, &request.upload, 1, first).await;
    refused(complete(&world, request).await);
    assert_eq!(world.stored().await, Some(snapshot(5, "stored")));
}
