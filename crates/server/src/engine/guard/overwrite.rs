//! Permission for one write that the write guard would refuse.

use std::time::Duration;

use super::super::rows::{bucket_record, newest, remove_rows};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{Engine, EngineError, Sender};
use crate::records::{self, AuditAction, OverwriteRecord};
use crate::storage::{StorageError, Transaction};

/// A request to permit one write.
#[derive(Clone, Debug)]
pub struct AllowOverwrite {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: String,
    /// For how long the permission counts.
    pub duration: Duration,
    /// Why, in words.
    pub reason: String,
    /// Who permits.
    pub sender: Sender,
}

impl Engine {
    /// Permits one write that breaks the write rule. A lock that stands protects the state all the same.
    /// A permission that was given before and not used is replaced.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchKey`] where there is nothing to overwrite, or
    /// a storage failure.
    pub async fn allow_overwrite(
        &self,
        request: AllowOverwrite,
    ) -> Result<OverwriteRecord, EngineError> {
        let now_micros = self.clock.now_micros();
        let span = u64::try_from(request.duration.as_micros()).unwrap_or(u64::MAX);
        let record = OverwriteRecord {
            granted_micros: now_micros,
            until_micros: now_micros.saturating_add(span),
            principal: request.sender.principal.clone(),
            reason: request.reason.clone(),
        };
        self.transact(move |transaction| {
            let AllowOverwrite { bucket, key, reason, sender, .. } = &request;
            bucket_record(transaction, bucket)?;
            let newest = newest(transaction, bucket, key)?;
            if newest.is_none_or(|version| version.content.is_none()) {
                return Err(EngineError::NoSuchKey);
            }
            records::store(transaction, &OverwriteRecord::row(bucket, key), &record)?;
            tracing::warn!(%bucket, %key, principal = sender.principal, "one overwrite is permitted");
            let entry = AuditEntry {
                reason: Some(reason.clone()),
                ..AuditEntry::new(AuditAction::OverwriteAllowed).about(bucket, key)
            };
            audit::append(transaction, sender, entry, now_micros)?;
            Ok(record.clone())
        })
        .await
    }
}

/// The permission that counts at this moment.
pub(in crate::engine) fn permitted(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    now_micros: u64,
) -> Result<Option<OverwriteRecord>, StorageError> {
    let found = records::load(transaction, &OverwriteRecord::row(bucket, key))?;
    Ok(found.filter(|record: &OverwriteRecord| now_micros < record.until_micros))
}

/// Ends a permission: it was used.
pub(in crate::engine) fn use_up(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
) -> Result<(), StorageError> {
    records::remove(transaction, &OverwriteRecord::row(bucket, key))
}

/// Forgets the permissions of a bucket that goes away.
pub(in crate::engine) fn remove_bucket(
    transaction: &mut dyn Transaction,
    bucket: &str,
) -> Result<(), StorageError> {
    remove_rows(transaction, &OverwriteRecord::of_bucket(bucket), |_, _| Ok(()))
}
