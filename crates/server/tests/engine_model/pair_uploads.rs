//! Multipart uploads, asked of the engine and of the model.

use proptest::sample::Index;
use statelock_server::engine::{
    CompleteRequest, CompletedPart, EngineError, PartUpload, WriteClaim,
};
use statelock_server::records::{Headers, UploadId};

use crate::harness::{BUCKET, Call};
use crate::model_locks::is_lockfile;
use crate::model_types::{Answer, refused};
use crate::model_uploads::{Upload, etag_of};
use crate::ops::{Body, Condition, Parts};
use crate::pair::{Answers, OTHER_ETAG, Pair, nothing};

impl Pair {
    pub(crate) async fn begin(&mut self, key: &str) -> Answers {
        let (bucket, name, headers) = (BUCKET.to_owned(), key.to_owned(), Headers::default());
        let begun = self.test.engine.create_upload(bucket, name, headers, Vec::new(), None).await;
        if is_lockfile(key) {
            let engine = begun.map_or_else(|e| refused(&e), |_| Answer::Done);
            return (engine, refused(&EngineError::LockfileInParts));
        }
        self.model.uploads.push(Upload::new(begun.unwrap(), key));
        nothing()
    }

    pub(crate) async fn part(&mut self, upload: Index, number: u16, body: Body) -> Answers {
        let Some((at, upload, key)) = self.upload(upload) else { return nothing() };
        let staged = self.test.stage(&body.bytes()).await;
        let bucket = BUCKET.to_owned();
        let part = PartUpload { bucket, key, upload, number, checksum: None };
        let answer = self.test.engine.put_part(part, staged).await;
        let engine = answer.map_or_else(|e| refused(&e), Answer::Part);
        (engine, self.model.part(at, number, body.bytes()))
    }

    pub(crate) async fn complete(
        &mut self,
        upload: Index,
        parts: Parts,
        condition: Condition,
        call: Call,
    ) -> Answers {
        let Some((at, upload, key)) = self.upload(upload) else { return nothing() };
        let precondition = self.write_condition(&key, condition);
        let named = self.named_parts(at, parts);
        let part = |(number, etag): &(i32, String)| CompletedPart {
            number: *number,
            etag: etag.clone(),
            checksum: None,
        };
        let request = CompleteRequest {
            bucket: BUCKET.to_owned(),
            key,
            upload,
            parts: named.iter().map(part).collect(),
            precondition: precondition.clone(),
            checksum: None,
            claim: WriteClaim::Unnamed,
            sender: self.sender(call),
        };
        let answer = self.test.engine.complete_upload(request).await.map(|(written, _)| written);
        let chosen = answer.as_ref().ok().and_then(|written| written.version);
        let engine = answer.map_or_else(|e| refused(&e), |w| Answer::Written(w.etag, w.version));
        (engine, self.model.complete(at, &named, precondition, call, chosen))
    }

    pub(crate) async fn abort(&mut self, upload: Index) -> Answers {
        let Some((at, upload, key)) = self.upload(upload) else { return nothing() };
        let answer = self.test.engine.abort_upload(BUCKET.to_owned(), key, upload).await;
        (answer.map_or_else(|e| refused(&e), |()| Answer::Done), self.model.abort(at))
    }

    fn upload(&self, upload: Index) -> Option<(usize, UploadId, String)> {
        let count = self.model.uploads.len();
        let at = (count > 0).then(|| upload.index(count))?;
        let upload = &self.model.uploads[at];
        Some((at, upload.id.clone(), upload.key.clone()))
    }

    fn named_parts(&self, at: usize, parts: Parts) -> Vec<(i32, String)> {
        let stored = &self.model.uploads[at].parts;
        let mut named: Vec<_> =
            stored.iter().map(|(number, body)| (i32::from(*number), etag_of(body))).collect();
        match parts {
            Parts::All => {}
            Parts::First => named.truncate(1),
            Parts::Backwards => named.reverse(),
            Parts::WrongEtag => {
                named.iter_mut().take(1).for_each(|part| OTHER_ETAG.clone_into(&mut part.1));
            }
            Parts::NeverSent => named.push((9, OTHER_ETAG.to_owned())),
            Parts::None => named.clear(),
        }
        named
    }
}
