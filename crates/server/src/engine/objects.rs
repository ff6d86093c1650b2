//! Objects: write, find, delete.

use bytes::Bytes;
use statelock_protocol::store::Precondition;

use super::decision::{Delete, DeleteCondition, Write};
use super::guard::{Asked, quarantined_by_id};
use super::locks::{self, LockedState};
use super::rows::{bucket_record, by_id, newest, single_piece};
use super::writing::{Put, Removal, delete_newest, delete_version, put};
use super::{Engine, EngineError, Sender, Staged, WriteClaim};
use crate::records::{BucketRecord, Checksum, Content, Headers, VersionId, VersionRecord};
use crate::storage::{StorageError, Transaction};

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
    /// Stores a staged body as an object. Refused, the body is forgotten; only the write guard keeps what
    /// it refuses.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::PreconditionFailed`], [`EngineError::NoSuchKey`]
    /// for `If-Match` on nothing, [`EngineError::WriteRefused`] by the write guard, or a storage failure.
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
            facts: locked.is_none().then(|| staged.facts.clone()),
            writer: None,
        };
        if let Some(state) = locked {
            return self.put_lockfile(state, request, content, staged.clone()).await;
        }
        let (now_micros, nonce) = (self.clock.now_micros(), self.nonce()?);
        let precondition = request.precondition.clone();
        let (guard, adopted) = (self.guard(), staged.clone());
        let write = Write { content, precondition, now_micros, nonce };
        let put = self.transact(move |transaction| {
            let PutRequest { bucket, key, sender, claim, .. } = &request;
            let asked = Asked { bucket, key, sender, claim, now_micros };
            let put = put(transaction, &guard, asked, write.clone())?;
            match &put {
                Put::Written(_) | Put::Refused { is_kept: true, .. } => {
                    adopted.adopt(transaction)?;
                }
                Put::Repeated(_) | Put::Refused { is_kept: false, .. } => {}
            }
            Ok(put)
        });
        match put.await? {
            Put::Written(written) => Ok(written),
            Put::Repeated(written) => {
                self.abandon(staged).await;
                Ok(written)
            }
            // Where the body is kept it has no mark any more, and forgetting it does nothing.
            Put::Refused { refused, .. } => Err(EngineError::WriteRefused(Box::new(refused))),
        }
    }

    /// An object's version, with its body if that is a single piece. A body that the write guard refused
    /// is found by its id, and only so.
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
                Some(id) => version_or_refused(transaction, &bucket, &key, id)?
                    .ok_or(EngineError::NoSuchVersion)?,
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
    /// where a condition needs an object, [`EngineError::WriteRefused`] by the write guard, or a storage
    /// failure.
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
        let guard = self.guard();
        let removal = self.transact(move |transaction| match request.version {
            None => delete_newest(transaction, &guard, &request, &delete),
            Some(id) => delete_version(transaction, &request, id, delete.now_micros),
        });
        match removal.await? {
            Removal::Done(deleted) => Ok(deleted),
            Removal::Refused(refused) => Err(EngineError::WriteRefused(Box::new(refused))),
        }
    }
}

/// A version by its id, or a body that the write guard refused.
fn version_or_refused(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    id: VersionId,
) -> Result<Option<VersionRecord>, StorageError> {
    if let Some(version) = by_id(transaction, bucket, key, id)? {
        return Ok(Some(version));
    }
    let refused = quarantined_by_id(transaction, bucket, key, id)?;
    Ok(refused.map(|body| VersionRecord {
        id,
        sequence: body.sequence,
        modified_micros: body.refused_micros,
        content: Some(body.content),
    }))
}
