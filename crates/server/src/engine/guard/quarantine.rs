//! Keeps the bodies that the write guard refused, and gives them out.

use super::super::rows::{bucket_record, discard, first_rows, remove_rows};
use crate::engine::{Engine, EngineError};
use crate::records::{self, Content, QuarantineRecord, VersionId};
use crate::storage::{StorageError, Transaction};

/// Bodies that are kept of each key; the oldest go first.
pub(in crate::engine) const KEPT_MAX: usize = 100;

/// Where a refused body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Kept {
    pub(in crate::engine) id: VersionId,
    /// Whether this request's body was taken; otherwise the same bytes were there already.
    pub(in crate::engine) is_new: bool,
}

/// Keeps a refused body; the same bytes are kept once.
pub(in crate::engine) fn keep(
    transaction: &mut dyn Transaction,
    (bucket, key): (&str, &str),
    content: Content,
    reason: String,
    (now_micros, nonce): (u64, u64),
) -> Result<Kept, StorageError> {
    let kept = of_key(transaction, bucket, key)?;
    let digest = content.facts.as_ref().map(|facts| facts.digest);
    let same = kept.iter().find(|record| {
        digest.is_some() && record.content.facts.as_ref().map(|facts| facts.digest) == digest
    });
    if let Some(same) = same {
        return Ok(Kept { id: same.id, is_new: false });
    }
    for record in kept.iter().skip(KEPT_MAX - 1) {
        remove(transaction, bucket, key, record, now_micros)?;
    }
    let after = kept.first().map_or(0, |newest| newest.sequence.saturating_add(1));
    let sequence = after.max(now_micros);
    let id = VersionId::Id { sequence, nonce };
    let record = QuarantineRecord { id, sequence, refused_micros: now_micros, reason, content };
    records::store(transaction, &QuarantineRecord::row(bucket, key, sequence), &record)?;
    Ok(Kept { id, is_new: true })
}

/// The refused body with this id.
pub(in crate::engine) fn by_id(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    id: VersionId,
) -> Result<Option<QuarantineRecord>, StorageError> {
    let VersionId::Id { sequence, .. } = id else { return Ok(None) };
    let row = QuarantineRecord::row(bucket, key, sequence);
    let found: Option<QuarantineRecord> = records::load(transaction, &row)?;
    Ok(found.filter(|record| record.id == id))
}

/// Removes a refused body.
pub(in crate::engine) fn remove(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    record: &QuarantineRecord,
    now_micros: u64,
) -> Result<(), StorageError> {
    records::remove(transaction, &QuarantineRecord::row(bucket, key, record.sequence))?;
    discard_body(transaction, record, now_micros)
}

/// Removes what is kept of a bucket that goes away.
pub(in crate::engine) fn remove_bucket(
    transaction: &mut dyn Transaction,
    bucket: &str,
    now_micros: u64,
) -> Result<(), StorageError> {
    remove_rows(transaction, &QuarantineRecord::of_bucket(bucket), |transaction, (row, bytes)| {
        discard_body(transaction, &records::decode(row, bytes)?, now_micros)
    })
}

fn discard_body(
    transaction: &mut dyn Transaction,
    record: &QuarantineRecord,
    now_micros: u64,
) -> Result<(), StorageError> {
    let mut segments = record.content.segments.iter();
    segments.try_for_each(|segment| discard(transaction, segment, now_micros))
}

fn of_key(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
) -> Result<Vec<QuarantineRecord>, StorageError> {
    let page = first_rows(transaction, &QuarantineRecord::of_key(bucket, key), usize::MAX)?;
    page.iter().map(|(row, bytes)| records::decode(row, bytes)).collect()
}

impl Engine {
    /// The bodies of this object that the write guard refused, newest first.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn quarantined(
        &self,
        bucket: String,
        key: String,
    ) -> Result<Vec<QuarantineRecord>, EngineError> {
        self.observe(move |transaction| {
            bucket_record(transaction, &bucket)?;
            Ok(of_key(transaction, &bucket, &key)?)
        })
        .await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchVersion`], or a storage failure.
    pub async fn quarantined_body(
        &self,
        bucket: String,
        key: String,
        id: VersionId,
    ) -> Result<QuarantineRecord, EngineError> {
        self.observe(move |transaction| {
            bucket_record(transaction, &bucket)?;
            by_id(transaction, &bucket, &key, id)?.ok_or(EngineError::NoSuchVersion)
        })
        .await
    }
}
