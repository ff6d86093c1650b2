//! Multipart uploads: what a completion delivered twice is answered, and what stays behind.

use std::sync::Arc;

use bytes::Bytes;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    CompleteRequest, CompletedPart, EngineError, PartUpload, PutRequest, WriteClaim, Written,
};
use statelock_server::records::{Headers, UploadId, Versioning};
use statelock_server::storage::memory::MemoryStorage;

use crate::harness::{BUCKET, HOUR, Harness, MINUTE, block_on, body, put_request, sender};

const PART: usize = 5 << 20;

impl Harness {
    async fn begin(&self, key: &str) -> UploadId {
        let (bucket, key) = (BUCKET.to_owned(), key.to_owned());
        self.engine.create_upload(bucket, key, Headers::default(), Vec::new(), None).await.unwrap()
    }

    async fn part(&self, key: &str, upload: &UploadId, number: u16, body: &Bytes) -> String {
        let (bucket, key, upload) = (BUCKET.to_owned(), key.to_owned(), upload.clone());
        let part = PartUpload { bucket, key, upload, number, checksum: None };
        self.engine.put_part(part, self.stage(body).await).await.unwrap()
    }

    async fn complete(&self, request: CompleteRequest) -> Result<Written, EngineError> {
        self.engine.complete_upload(request).await.map(|(written, _)| written)
    }
}

fn completion(key: &str, upload: &UploadId, parts: &[(i32, &str)]) -> CompleteRequest {
    let part = |(number, etag): &(i32, &str)| CompletedPart {
        number: *number,
        etag: (*etag).to_owned(),
        checksum: None,
    };
    CompleteRequest {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        upload: upload.clone(),
        parts: parts.iter().map(part).collect(),
        precondition: Precondition::None,
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender: sender(None),
    }
}

async fn versioned() -> Harness {
    Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await
}

#[test]
fn p9_a_repeated_completion_gets_the_same_answer() {
    block_on(async {
        let test = versioned().await;
        let upload = test.begin("k").await;
        let etags = [
            test.part("k", &upload, 1, &body(PART, 1)).await,
            test.part("k", &upload, 2, &body(9, 2)).await,
        ];
        let mut request = completion("k", &upload, &[(1, &etags[0]), (2, &etags[1])]);
        // The condition held for the first; for the second, only the first stands in its way.
        request.precondition = Precondition::IfAbsent;
        let first = test.complete(request.clone()).await.unwrap();
        test.clock.advance(30 * MINUTE);
        test.engine.sweep().await.unwrap();
        assert_eq!(test.complete(request.clone()).await.unwrap(), first);
        assert_eq!(test.rows().await[&'v'], 1, "one effect");
        // Also when another version came in between: it stays the newest.
        test.put("k", &body(3, 3)).await;
        assert_eq!(test.complete(request.clone()).await.unwrap(), first);
        assert_eq!(test.read("k").await.unwrap(), body(3, 3));
        test.clock.advance(HOUR);
        test.engine.sweep().await.unwrap();
        assert!(matches!(test.complete(request).await, Err(EngineError::NoSuchUpload)));
    });
}

#[test]
fn p9_a_completion_with_other_parts_is_no_repetition() {
    block_on(async {
        let test = versioned().await;
        let upload = test.begin("k").await;
        let etags = [
            test.part("k", &upload, 1, &body(PART, 1)).await,
            test.part("k", &upload, 2, &body(9, 2)).await,
        ];
        test.complete(completion("k", &upload, &[(1, &etags[0])])).await.unwrap();
        let other = completion("k", &upload, &[(1, &etags[0]), (2, &etags[1])]);
        let answer = test.complete(other).await;
        assert!(matches!(answer, Err(EngineError::NoSuchUpload)), "{answer:?}");
    });
}

#[test]
fn a_deleted_bucket_takes_its_uploads_and_their_answers_along() {
    block_on(async {
        let test = versioned().await;
        let upload = test.begin("k").await;
        let etag = test.part("k", &upload, 1, &body(9, 2)).await;
        let request = completion("k", &upload, &[(1, &etag)]);
        let written = test.complete(request.clone()).await.unwrap();
        test.delete("k", written.version).await;
        let unfinished = test.begin("k").await;
        test.part("k", &unfinished, 1, &body(PART, 2)).await;
        test.part("k", &unfinished, 1, &body(7, 2)).await;
        test.engine.delete_bucket(BUCKET.to_owned(), sender(None)).await.unwrap();
        let made =
            test.engine.create_bucket(BUCKET.to_owned(), String::new(), Versioning::Enabled, None);
        made.await.unwrap();
        let answer = test.complete(request).await;
        assert!(matches!(answer, Err(EngineError::NoSuchUpload)), "{answer:?}");
        test.expire_all().await;
        assert_eq!(test.rows().await.into_iter().collect::<Vec<_>>(), [('b', 1)]);
    });
}

#[test]
fn a_lockfile_is_not_made_of_parts() {
    block_on(async {
        let test = versioned().await;
        let (bucket, key) = (BUCKET.to_owned(), "x.tflock".to_owned());
        let begun =
            test.engine.create_upload(bucket, key, Headers::default(), Vec::new(), None).await;
        assert!(matches!(begun, Err(EngineError::LockfileInParts)), "{begun:?}");
        assert_eq!(test.rows().await.into_iter().collect::<Vec<_>>(), [('b', 1)]);
    });
}

#[test]
fn a_reader_of_an_object_in_parts_is_not_cut_off_at_its_small_last_part() {
    block_on(async {
        let test =
            Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Unversioned).await;
        let (large, small) = (body(PART, 1), body(9, 2));
        let upload = test.begin("k").await;
        let etags =
            [test.part("k", &upload, 1, &large).await, test.part("k", &upload, 2, &small).await];
        let request = completion("k", &upload, &[(1, &etags[0]), (2, &etags[1])]);
        test.complete(request).await.unwrap();
        let (version, _, _) =
            test.engine.find(BUCKET.to_owned(), "k".to_owned(), None, true).await.unwrap();
        // The next state is written while this one is being read.
        let staged = test.stage(&body(10, 3)).await;
        test.engine.put(PutRequest { ..put_request("k") }, staged).await.unwrap();
        let read = test.stream(&version.content.unwrap()).await.unwrap();
        assert_eq!(read, [large, small].concat());
    });
}
