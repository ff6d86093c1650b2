//! Objects: write, find, delete.

use bytes::Bytes;
use statelock_protocol::store::Precondition;

use super::decision::{
    Decision, Delete, DeleteCondition, Effect, Stored, Write, WriteAnswer, decide_delete,
    decide_write,
};
use super::rows::{apply, bucket_record, by_id, is_lockfile, load, lock_id, newest, shown_version};
use super::{Engine, EngineError, Sender, Staged, body_reader, decision};
use crate::records::{BucketRecord, Checksum, Chunk, Content, Headers, VersionId, VersionRecord};
use crate::storage::{self, CHUNK_SIZE_BYTES_MAX, StorageError, Table, Transaction, Verdict};

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
        let write = Write {
            content: Content {
                size: staged.segment.size,
                etag: staged.hashes.etag(),
                segments: vec![staged.segment.clone()],
                checksum: request.checksum,
                headers: request.headers,
                tags: request.tags,
                lock_id: lock_id(&request.key, staged.small.as_ref()),
            },
            precondition: request.precondition,
            invocation: request.sender.invocation,
            now_micros: self.clock.now_micros(),
            nonce: self.nonce()?,
        };
        let (bucket, key, adopted) = (request.bucket, request.key, staged.clone());
        let written = storage::write(&self.storage, move |transaction| {
            match put(transaction, &bucket, &key, write.clone(), &adopted) {
                Ok(put) => Ok((put.verdict, Ok(put))),
                Err(EngineError::Storage(error)) => Err(error),
                Err(refusal) => Ok((Verdict::Discard, Err(refusal))),
            }
        })
        .await
        .unwrap_or_else(|error| Err(EngineError::Storage(error)));
        if !written.as_ref().is_ok_and(|put| put.adopted) {
            self.abandon(&staged).await;
        }
        written.map(|put| put.written)
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
        let delete = Delete {
            condition: request.condition.clone(),
            invocation: request.sender.invocation.clone(),
            now_micros: self.clock.now_micros(),
            nonce: self.nonce()?,
        };
        self.transact(move |transaction| match request.version {
            None => delete_newest(transaction, &request, &delete),
            // The only version there is: a delete of it is a release, and is remembered as one.
            Some(VersionId::Null) if is_lockfile(&request.key) => {
                let deleted = delete_newest(transaction, &request, &delete)?;
                Ok(Deleted { version: Some(VersionId::Null), ..deleted })
            }
            Some(id) => delete_version(transaction, &request, id, delete.now_micros),
        })
        .await
    }
}

/// What became of a write.
struct Put {
    written: Written,
    verdict: Verdict,
    /// Whether the staged body became the object's.
    adopted: bool,
}

fn put(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    write: Write,
    staged: &Staged,
) -> Result<Put, EngineError> {
    let now_micros = write.now_micros;
    let stored = load(transaction, bucket, key)?;
    let Decision { effects, answer } = decide_write(&stored, write)?;
    let verdict = if effects.is_empty() { Verdict::Discard } else { Verdict::Commit };
    apply(transaction, bucket, key, effects, now_micros)?;
    Ok(match answer {
        WriteAnswer::Repeated(etag) => {
            let written = Written { etag, version: None, modified_micros: now_micros };
            Put { written, verdict, adopted: false }
        }
        WriteAnswer::Written(version) => {
            staged.adopt(transaction)?;
            Put { written: written(&version, key, &stored), verdict, adopted: true }
        }
    })
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
pub(super) fn written(version: &VersionRecord, key: &str, stored: &Stored) -> Written {
    let etag = version.content.as_ref().map(|content| content.etag.clone()).unwrap_or_default();
    let shown = shown_version(&stored.bucket, key, version);
    Written { etag, version: shown, modified_micros: version.modified_micros }
}

/// The body of an object that is one piece, read in the same snapshot as its record.
fn single_piece(
    transaction: &mut dyn Transaction,
    version: &VersionRecord,
) -> Result<Option<Bytes>, StorageError> {
    let Some([segment]) = version.content.as_ref().map(|content| content.segments.as_slice())
    else {
        return Ok(None);
    };
    match usize::try_from(segment.size) {
        Ok(size) if size <= CHUNK_SIZE_BYTES_MAX => {
            let chunk = transaction.get(Table::Chunks, &Chunk::key(segment.body, 0))?;
            let chunk = chunk.ok_or_else(body_reader::missing)?;
            body_reader::slice(&chunk, 0..size).map(Some)
        }
        Ok(_) | Err(_) => Ok(None),
    }
}
