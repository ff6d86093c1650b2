//! Objects: write, find, delete.

use bytes::Bytes;
use statelock_protocol::store::Precondition;

use super::decision::{
    Decision, Delete, DeleteCondition, Effect, Stored, Write, decide_delete, decide_write,
};
use super::locks::{self, LockedState};
use super::rows::{apply, bucket_record, by_id, load, newest, shown_version, single_piece};
use super::{Engine, EngineError, Sender, Staged, WriteClaim, decision};
use crate::records::{BucketRecord, Checksum, Content, Headers, VersionId, VersionRecord};
use crate::storage::Transaction;

/// A write whose body has been staged and verified.
#[derive(Clone, Debug)]
pub struct PutRequest {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: String,
    /// The condition.
    pub precondition: Precondition,
    /// What to give back with the object.
    pub headers: Headers,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The checksum that was verified.
    pub checksum: Option<Checksum>,
    /// Which lock its sender says to hold.
    pub claim: WriteClaim,
    /// Who sends it.
    pub sender: Sender,
}

/// A delete.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: String,
    /// One version only; `None` for the object itself.
    pub version: Option<VersionId>,
    /// The condition.
    pub condition: DeleteCondition,
    /// Which lock its sender says to hold.
    pub claim: WriteClaim,
    /// Who sends it.
    pub sender: Sender,
}

/// What a write left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The ETag without quotes.
    pub etag: String,
    /// The version, in a bucket with versioning.
    pub version: Option<VersionId>,
    /// When, in microseconds since the Unix epoch.
    pub modified_micros: u64,
}

/// What a delete did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The version that was removed or the delete marker that was added.
    pub version: Option<VersionId>,
    /// Whether that version is, or was, a delete marker.
    pub is_marker: bool,
}

impl Engine {
    /// Stores a staged body as an object. Refused, the body is forgotten.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::PreconditionFailed`], [`EngineError::NoSuchKey`]
    /// for `If-Match` on nothing, or a storage failure.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have stored the object.
    pub async fn put(&self, request: PutRequest, staged: Staged) -> Result<Written, EngineError> {
        let written = self.put_staged(request, &staged).await;
        if written.is_err() {
            self.abandon(&staged).await;
        }
        written
    }

    async fn put_staged(
        &self,
        request: PutRequest,
        staged: &Staged,
    ) -> Result<Written, EngineError> {
        let locked = LockedState::of_lockfile(&request.bucket, &request.key);
        let info = staged.small.as_ref().filter(|_| locked.is_some());
        let content = Content {
            size: staged.segment.size,
            etag: staged.hashes.etag(),
            segments: vec![staged.segment.clone()],
            checksum: request.checksum.clone(),
            headers: request.headers.clone(),
            tags: request.tags.clone(),
            lock_id: info.and_then(|info| locks::lock_id_text(info)),
            facts: None,
        };
        if let Some(state) = locked {
            return self.put_lockfile(state, request, content, staged.clone()).await;
        }
        let PutRequest { bucket, key, precondition, .. } = request;
        let (now_micros, nonce) = (self.clock.now_micros(), self.nonce()?);
        let (write, staged) = (Write { content, precondition, now_micros, nonce }, staged.clone());
        self.transact(move |transaction| {
            let written = put(transaction, &bucket, &key, write.clone())?;
            staged.adopt(transaction)?;
            Ok(written)
        })
        .await
    }

    /// An object's version, with its body if that is a single piece.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchKey`], [`EngineError::NoSuchVersion`], or
    /// a storage failure. A delete marker is returned like any version.
    pub async fn find(
        &self,
        bucket: String,
        key: String,
        version: Option<VersionId>,
        with_body: bool,
    ) -> Result<(VersionRecord, BucketRecord, Option<Bytes>), EngineError> {
        self.observe(move |transaction| {
            let record = bucket_record(transaction, &bucket)?;
            let found = match version {
                None => newest(transaction, &bucket, &key)?.ok_or(EngineError::NoSuchKey)?,
                Some(id) => {
                    by_id(transaction, &bucket, &key, id)?.ok_or(EngineError::NoSuchVersion)?
                }
            };
            let body = if with_body { single_piece(transaction, &found)? } else { None };
            Ok((found, record, body))
        })
        .await
    }

    /// Deletes an object or one of its versions.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::PreconditionFailed`], [`EngineError::NoSuchKey`]
    /// where a condition needs an object, or a storage failure.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have deleted.
    pub async fn delete(&self, request: DeleteRequest) -> Result<Deleted, EngineError> {
        // A lockfile has one version only: a delete of it is a release, and is remembered as one.
        let is_release = matches!(request.version, None | Some(VersionId::Null));
        if is_release && let Some(state) = LockedState::of_lockfile(&request.bucket, &request.key) {
            let version = request.version;
            let deleted = self.delete_lockfile(state, request).await?;
            return Ok(Deleted { version, ..deleted });
        }
        let delete = Delete {
            condition: request.condition.clone(),
            now_micros: self.clock.now_micros(),
            nonce: self.nonce()?,
        };
        self.transact(move |transaction| match request.version {
            None => delete_newest(transaction, &request, &delete),
            Some(id) => delete_version(transaction, &request, id, delete.now_micros),
        })
        .await
    }
}

/// Decides a write and carries it out.
pub(super) fn put(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    write: Write,
) -> Result<Written, EngineError> {
    let now_micros = write.now_micros;
    let stored = load(transaction, bucket, key)?;
    let Decision { effects, answer } = decide_write(&stored, write)?;
    apply(transaction, bucket, key, effects, now_micros)?;
    Ok(written(&answer, key, &stored))
}

fn delete_newest(
    transaction: &mut dyn Transaction,
    request: &DeleteRequest,
    delete: &Delete,
) -> Result<Deleted, EngineError> {
    let stored = load(transaction, &request.bucket, &request.key)?;
    let decision = decide_delete(&stored, delete)?;
    apply(transaction, &request.bucket, &request.key, decision.effects, delete.now_micros)?;
    let version = decision.answer.marker;
    Ok(Deleted { version, is_marker: version.is_some() })
}

fn delete_version(
    transaction: &mut dyn Transaction,
    request: &DeleteRequest,
    id: VersionId,
    now_micros: u64,
) -> Result<Deleted, EngineError> {
    let (bucket, key) = (&request.bucket, &request.key);
    bucket_record(transaction, bucket)?;
    let found = by_id(transaction, bucket, key, id)?;
    decision::check_delete(found.as_ref(), &request.condition)?;
    let is_marker = found.as_ref().is_some_and(|version| version.content.is_none());
    let effects = found.into_iter().map(Effect::Remove).collect();
    apply(transaction, bucket, key, effects, now_micros)?;
    Ok(Deleted { version: Some(id), is_marker })
}

/// What a write that took effect is answered with.
fn written(version: &VersionRecord, key: &str, stored: &Stored) -> Written {
    let etag = version.content.as_ref().map(|content| content.etag.clone()).unwrap_or_default();
    let shown = shown_version(&stored.bucket, key, version);
    Written { etag, version: shown, modified_micros: version.modified_micros }
}
