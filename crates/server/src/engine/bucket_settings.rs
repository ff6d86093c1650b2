//! What a bucket's configuration calls store and show.

use super::audit::{self, AuditEntry};
use super::rows::bucket_record;
use super::{Engine, EngineError, Sender};
use crate::records::{self, AuditAction, BucketRecord, BucketSettings};
use crate::storage::{StorageError, Transaction};

impl Engine {
    /// A bucket's settings; none is set in a new bucket.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn bucket_settings(&self, bucket: String) -> Result<BucketSettings, EngineError> {
        self.observe(move |transaction| {
            bucket_record(transaction, &bucket)?;
            Ok(load(transaction, &bucket)?)
        })
        .await
    }

    /// Changes a bucket's settings. `change` sees them as they are when it has its effect, so that one
    /// setting can depend on another; what it refuses changes nothing, and so does a change to what it
    /// is already.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure. The inner result is the change's own.
    pub async fn change_bucket_settings<E: Send + 'static>(
        &self,
        bucket: String,
        what: &'static str,
        sender: Sender,
        change: impl Fn(&mut BucketSettings) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<(), E>, EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            bucket_record(transaction, &bucket)?;
            let before = load(transaction, &bucket)?;
            let mut settings = before.clone();
            if let Err(refusal) = change(&mut settings) {
                return Ok(Err(refusal));
            }
            if settings != before {
                store(transaction, &bucket, &settings)?;
                record(transaction, &bucket, what, &sender, now_micros)?;
            }
            Ok(Ok(()))
        })
        .await
    }

    /// Sets the document that names `target` as the place of a bucket's access logs. False, and no
    /// effect, if there is no bucket `target`.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn set_logging(
        &self,
        bucket: String,
        target: String,
        document: String,
        sender: Sender,
    ) -> Result<bool, EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            bucket_record(transaction, &bucket)?;
            let found = records::load::<BucketRecord>(transaction, &BucketRecord::key(&target))?;
            if found.is_none() {
                return Ok(false);
            }
            let mut settings = load(transaction, &bucket)?;
            if settings.logging.as_ref() != Some(&document) {
                settings.logging = Some(document.clone());
                store(transaction, &bucket, &settings)?;
                record(transaction, &bucket, "logging", &sender, now_micros)?;
            }
            Ok(true)
        })
        .await
    }
}

fn record(
    transaction: &mut dyn Transaction,
    bucket: &str,
    what: &str,
    sender: &Sender,
    now_micros: u64,
) -> Result<(), StorageError> {
    let entry = AuditEntry {
        reason: Some(what.to_owned()),
        ..AuditEntry::new(AuditAction::BucketChanged).in_bucket(bucket)
    };
    audit::append(transaction, sender, entry, now_micros)
}

fn load(transaction: &mut dyn Transaction, bucket: &str) -> Result<BucketSettings, StorageError> {
    Ok(records::load(transaction, &BucketSettings::key(bucket))?.unwrap_or_default())
}

/// Settings of which none is set have no row.
pub(super) fn store(
    transaction: &mut dyn Transaction,
    bucket: &str,
    settings: &BucketSettings,
) -> Result<(), StorageError> {
    let key = BucketSettings::key(bucket);
    if *settings == BucketSettings::default() {
        return records::remove(transaction, &key);
    }
    records::store(transaction, &key, settings)
}
