//! Objects: write, find, delete.

use bytes::Bytes;
use statelock_protocol::store::{ObjectKey, Precondition};

use super::decision::{
    Decision, Delete, DeleteCondition, Effect, Stored, Write, WriteAnswer, decide_delete,
    decide_write,
};
use super::{Engine, EngineError, Staged, body_reader, decision};
use crate::records::{
    self, BucketRecord, Checksum, Chunk, Content, DiscardedBody, Headers, LockTrail, Segment,
    VersionId, VersionRecord, Versioning,
};
use crate::storage::{self, CHUNK_SIZE_BYTES_MAX, StorageError, Table, Transaction, Verdict};

/// How many versions are looked at together when one must be searched for.
const SEARCH_BATCH: usize = 256;

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
    /// The SDK's invocation id, if there is one.
    pub invocation: Option<String>,
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
    /// The SDK's invocation id, if there is one.
    pub invocation: Option<String>,
}

/// What a write left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The ETag without quotes.
    pub etag: String,
    /// The version, in a bucket with versioning.
    pub version: Option<VersionId>,
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
            invocation: request.invocation,
            now_micros: self.clock.now_micros(),
            nonce: self.nonce()?,
        };
        let adopted = staged.clone();
        let adopt: Adopt = Box::new(move |transaction| adopted.adopt(transaction));
        let written = self.commit_write(request.bucket, request.key, write, adopt).await;
        match written {
            Ok((written, true)) => Ok(written),
            Ok((written, false)) => {
                self.abandon(&staged).await;
                Ok(written)
            }
            Err(error) => {
                self.abandon(&staged).await;
                Err(error)
            }
        }
    }

    /// Decides and applies a write; the flag says whether it had an effect now.
    pub(super) async fn commit_write(
        &self,
        bucket: String,
        key: String,
        write: Write,
        mut adopt: Adopt,
    ) -> Result<(Written, bool), EngineError> {
        storage::write(&self.storage, move |transaction| {
            let decided = load(transaction, &bucket, &key)
                .and_then(|stored| Ok((decide_write(&stored, write.clone())?, stored)));
            let (decision, stored) = match decided {
                Ok(decided) => decided,
                Err(EngineError::Storage(error)) => return Err(error),
                Err(refusal) => return Ok((Verdict::Discard, Err(refusal))),
            };
            let Decision { effects, answer } = decision;
            match answer {
                WriteAnswer::Repeated(etag) => {
                    Ok((Verdict::Discard, Ok((Written { etag, version: None }, false))))
                }
                WriteAnswer::Written(version) => {
                    apply(transaction, &bucket, &key, effects, write.now_micros)?;
                    adopt(transaction)?;
                    Ok((Verdict::Commit, Ok((written(&version, &stored), true))))
                }
            }
        })
        .await?
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
        storage::read(&self.storage, move |transaction| {
            let Some(record) =
                records::load::<BucketRecord>(transaction, &BucketRecord::key(&bucket))?
            else {
                return Ok(Err(EngineError::NoSuchBucket));
            };
            let found = match version {
                None => newest(transaction, &bucket, &key)?,
                Some(id) => by_id(transaction, &bucket, &key, id)?,
            };
            let Some(found) = found else {
                let missing = match version {
                    None => EngineError::NoSuchKey,
                    Some(_) => EngineError::NoSuchVersion,
                };
                return Ok(Err(missing));
            };
            let body = if with_body { single_piece(transaction, &found)? } else { None };
            Ok(Ok((found, record, body)))
        })
        .await?
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
            invocation: request.invocation.clone(),
            now_micros: self.clock.now_micros(),
            nonce: self.nonce()?,
        };
        storage::write(&self.storage, move |transaction| {
            let outcome = match request.version {
                None => delete_newest(transaction, &request, &delete),
                Some(id) => delete_version(transaction, &request, id, delete.now_micros),
            };
            match outcome {
                Ok(deleted) => Ok((Verdict::Commit, Ok(deleted))),
                Err(EngineError::Storage(error)) => Err(error),
                Err(refusal) => Ok((Verdict::Discard, Err(refusal))),
            }
        })
        .await?
    }
}

/// Makes a received body part of the transaction.
pub(super) type Adopt = Box<dyn FnMut(&mut dyn Transaction) -> Result<(), StorageError> + Send>;

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

/// The lock ID of a lockfile's body, if this is one and it can be read.
fn lock_id(key: &str, body: Option<&Bytes>) -> Option<String> {
    if !is_lockfile(key) {
        return None;
    }
    let info = statelock_protocol::lock::LockInfo::parse(body?).ok()?;
    Some(info.id.as_str().to_owned())
}

fn is_lockfile(key: &str) -> bool {
    statelock_protocol::state::is_lockfile_key(&ObjectKey::new(key))
}

/// The version id to show: none in a bucket that never had versioning, and none for a lockfile.
pub(super) fn written(version: &VersionRecord, stored: &Stored) -> Written {
    let etag = version.content.as_ref().map(|content| content.etag.clone()).unwrap_or_default();
    let versioned = stored.trail.is_none() && stored.bucket.versioning != Versioning::Unversioned;
    Written { etag, version: versioned.then_some(version.id) }
}

pub(super) fn bucket_record(
    transaction: &mut dyn Transaction,
    bucket: &str,
) -> Result<BucketRecord, EngineError> {
    records::load(transaction, &BucketRecord::key(bucket))?.ok_or(EngineError::NoSuchBucket)
}

pub(super) fn load(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
) -> Result<Stored, EngineError> {
    let record = bucket_record(transaction, bucket)?;
    let newest = newest(transaction, bucket, key)?;
    let trail = if is_lockfile(key) {
        Some(records::load(transaction, &LockTrail::key(bucket, key))?.unwrap_or_default())
    } else {
        None
    };
    let null = match (record.versioning, &newest) {
        (Versioning::Enabled, _) | (_, None) => None,
        (_, Some(newest)) if newest.id == VersionId::Null => Some(newest.clone()),
        (Versioning::Unversioned | Versioning::Suspended, Some(_)) => {
            by_id(transaction, bucket, key, VersionId::Null)?
        }
    };
    Ok(Stored { bucket: record, newest, null, trail })
}

pub(super) fn newest(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
) -> Result<Option<VersionRecord>, StorageError> {
    let prefix = VersionRecord::versions_of(bucket, key);
    let rows = transaction.scan(Table::Records, prefix.as_slice(), Some(&prefix.end()), 1)?;
    rows.first().map(|(row, bytes)| records::decode(row, bytes)).transpose()
}

pub(super) fn by_id(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    id: VersionId,
) -> Result<Option<VersionRecord>, StorageError> {
    if let VersionId::Id { sequence, .. } = id {
        let row = VersionRecord::row(bucket, key, sequence);
        let found: Option<VersionRecord> = records::load(transaction, &row)?;
        return Ok(found.filter(|version| version.id == id));
    }
    let prefix = VersionRecord::versions_of(bucket, key);
    let (mut from, end) = (prefix.as_slice().to_vec(), prefix.end());
    loop {
        let rows = transaction.scan(Table::Records, &from, Some(&end), SEARCH_BATCH)?;
        for (row, bytes) in &rows {
            let version: VersionRecord = records::decode(row, bytes)?;
            if version.id == id {
                return Ok(Some(version));
            }
        }
        match rows.into_iter().next_back() {
            Some((last, _)) => from = [last, vec![0]].concat(),
            None => return Ok(None),
        }
    }
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

pub(super) fn apply(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    effects: Vec<Effect>,
    now_micros: u64,
) -> Result<(), StorageError> {
    for effect in effects {
        match effect {
            Effect::Insert(version) => {
                let row = VersionRecord::row(bucket, key, version.sequence);
                records::store(transaction, &row, &version)?;
            }
            Effect::Remove(version) => {
                let row = VersionRecord::row(bucket, key, version.sequence);
                records::remove(transaction, &row)?;
                let segments = version.content.map(|content| content.segments);
                for segment in segments.unwrap_or_default() {
                    discard(transaction, &segment, now_micros)?;
                }
            }
            Effect::Remember(trail) => {
                records::store(transaction, &LockTrail::key(bucket, key), &trail)?;
            }
        }
    }
    Ok(())
}

/// Removes a body at once if readers take it in one transaction, else leaves it to the sweep.
pub(super) fn discard(
    transaction: &mut dyn Transaction,
    segment: &Segment,
    now_micros: u64,
) -> Result<(), StorageError> {
    if usize::try_from(segment.size).is_ok_and(|size| size <= CHUNK_SIZE_BYTES_MAX) {
        return transaction.delete(Table::Chunks, &Chunk::key(segment.body, 0));
    }
    let record = DiscardedBody { discarded_micros: now_micros };
    records::store(transaction, &DiscardedBody::key(segment.body), &record)
}
