//! Rows of one key: loads what a decision needs, and carries out what it says.

use bytes::Bytes;
use statelock_protocol::store::ObjectKey;

use super::decision::{Effect, Stored};
use super::{EngineError, body_reader};
use crate::records::{
    self, BucketRecord, Chunk, DiscardedBody, RowKey, Segment, VersionId, VersionRecord, Versioning,
};
use crate::storage::{CHUNK_SIZE_BYTES_MAX, Row, StorageError, Table, Transaction};

/// How many versions are looked at together when one must be searched for.
const SEARCH_BATCH: usize = 256;
/// How many rows are removed together.
const REMOVAL_BATCH: usize = 256;

pub(super) fn is_lockfile(key: &str) -> bool {
    statelock_protocol::state::is_lockfile_key(&ObjectKey::new(key))
}

/// The version id to show with an object: none in a bucket that never had versioning, and none for a
/// lockfile, which has no versions anywhere.
pub fn shown_version(
    bucket: &BucketRecord,
    key: &str,
    version: &VersionRecord,
) -> Option<VersionId> {
    let has_versions = bucket.versioning != Versioning::Unversioned && !is_lockfile(key);
    has_versions.then_some(version.id)
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
    let null = match (record.versioning, &newest) {
        (Versioning::Enabled, _) | (_, None) => None,
        (_, Some(newest)) if newest.id == VersionId::Null => Some(newest.clone()),
        (Versioning::Unversioned | Versioning::Suspended, Some(_)) => {
            by_id(transaction, bucket, key, VersionId::Null)?
        }
    };
    Ok(Stored { bucket: record, newest, null })
}

/// The first rows under `prefix`.
pub(super) fn first_rows(
    transaction: &mut dyn Transaction,
    prefix: &RowKey,
    limit: usize,
) -> Result<Vec<Row>, StorageError> {
    transaction.scan(Table::Records, prefix.as_slice(), Some(&prefix.end()), limit)
}

/// Removes every row under `prefix`, some at a time, each after `also` did what its removal brings.
pub(super) fn remove_rows(
    transaction: &mut dyn Transaction,
    prefix: &RowKey,
    mut also: impl FnMut(&mut dyn Transaction, &Row) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    loop {
        let page = first_rows(transaction, prefix, REMOVAL_BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        for row in &page {
            also(transaction, row)?;
            transaction.delete(Table::Records, &row.0)?;
        }
    }
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

/// Carries out effects on the rows of a key.
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
            Effect::Remove(version) => remove(transaction, bucket, key, version, now_micros)?,
        }
    }
    Ok(())
}

fn remove(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    version: VersionRecord,
    now_micros: u64,
) -> Result<(), StorageError> {
    records::remove(transaction, &VersionRecord::row(bucket, key, version.sequence))?;
    let segments = version.content.map(|content| content.segments).unwrap_or_default();
    segments.iter().try_for_each(|segment| discard(transaction, segment, now_micros))
}

/// Leaves a body to the sweep, because somebody may be reading it.
pub(super) fn discard(
    transaction: &mut dyn Transaction,
    segment: &Segment,
    now_micros: u64,
) -> Result<(), StorageError> {
    let record = DiscardedBody { discarded_micros: now_micros };
    records::store(transaction, &DiscardedBody::key(segment.body), &record)
}

/// Removes a body that nobody is reading: at once if it is one piece, else by the sweep.
pub(super) fn drop_body(
    transaction: &mut dyn Transaction,
    segment: &Segment,
    now_micros: u64,
) -> Result<(), StorageError> {
    if usize::try_from(segment.size).is_ok_and(|size| size <= CHUNK_SIZE_BYTES_MAX) {
        return transaction.delete(Table::Chunks, &Chunk::key(segment.body, 0));
    }
    discard(transaction, segment, now_micros)
}

/// The body of an object that is one piece, read in the same snapshot as its record.
pub(super) fn single_piece(
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
