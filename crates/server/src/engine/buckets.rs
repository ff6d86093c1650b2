//! Buckets and their settings.

use std::collections::BTreeSet;

use super::audit::{self, AuditEntry};
use super::bucket_settings;
use super::guard;
use super::rows::{bucket_record, first_rows, remove_rows};
use super::uploads::remove_upload;
use super::{Engine, EngineError, Sender};
use crate::records::{
    self, AuditAction, BucketRecord, BucketSettings, CompletedUpload, RowKeyParts, UploadId,
    UploadRecord, VersionRecord, Versioning,
};
use crate::storage::{self, StorageError, Table, Transaction};

/// A bucket to be.
#[derive(Clone, Debug)]
pub struct NewBucket {
    /// The region that its creator named.
    pub region: String,
    /// Whether it has versions from the start.
    pub versioning: Versioning,
    /// What is configured from the start.
    pub settings: BucketSettings,
}

impl Engine {
    /// Makes a bucket of which nothing is configured; without a sender, the server makes it by itself.
    ///
    /// # Errors
    /// [`EngineError::BucketExists`], or a storage failure.
    pub async fn create_bucket(
        &self,
        bucket: String,
        region: String,
        versioning: Versioning,
        sender: Option<Sender>,
    ) -> Result<(), EngineError> {
        let settings = BucketSettings::default();
        self.create_configured(bucket, NewBucket { region, versioning, settings }, sender).await
    }

    /// Makes a bucket with what is configured of it from the start.
    ///
    /// # Errors
    /// As [`Engine::create_bucket`].
    pub async fn create_configured(
        &self,
        bucket: String,
        new: NewBucket,
        sender: Option<Sender>,
    ) -> Result<(), EngineError> {
        let created_micros = self.clock.now_micros();
        let NewBucket { region, versioning, settings } = new;
        let record = BucketRecord { created_micros, region, versioning, tags: Vec::new() };
        self.transact(move |transaction| {
            let key = BucketRecord::key(&bucket);
            if records::load::<BucketRecord>(transaction, &key)?.is_some() {
                return Err(EngineError::BucketExists);
            }
            records::store(transaction, &key, &record)?;
            bucket_settings::store(transaction, &bucket, &settings)?;
            let entry = AuditEntry::new(AuditAction::BucketCreated).in_bucket(&*bucket);
            Ok(audit::append_by(transaction, sender.as_ref(), entry, created_micros)?)
        })
        .await
    }

    /// A bucket's record.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn bucket(&self, bucket: String) -> Result<BucketRecord, EngineError> {
        storage::read(&self.storage, move |transaction| {
            records::load(transaction, &BucketRecord::key(&bucket))
        })
        .await?
        .ok_or(EngineError::NoSuchBucket)
    }

    /// Every bucket with its record, by name.
    ///
    /// # Errors
    /// A storage failure.
    pub async fn buckets(&self) -> Result<Vec<(String, BucketRecord)>, EngineError> {
        let buckets = storage::read(&self.storage, move |transaction| {
            let all = BucketRecord::all();
            let rows =
                transaction.scan(Table::Records, all.as_slice(), Some(&all.end()), usize::MAX)?;
            rows.iter()
                .map(|(row, bytes)| {
                    Ok((RowKeyParts::new(row).text()?, records::decode(row, bytes)?))
                })
                .collect::<Result<Vec<_>, StorageError>>()
        })
        .await?;
        Ok(buckets)
    }

    /// Changes a bucket's record. A change to what it is already changes nothing.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn change_bucket(
        &self,
        bucket: String,
        sender: Sender,
        change: impl Fn(&mut BucketRecord) + Send + 'static,
    ) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            let before = bucket_record(transaction, &bucket)?;
            let mut record = before.clone();
            change(&mut record);
            if record == before {
                return Ok(());
            }
            records::store(transaction, &BucketRecord::key(&bucket), &record)?;
            let what = if record.tags == before.tags { "versioning" } else { "tags" };
            let entry = AuditEntry {
                reason: Some(what.to_owned()),
                ..AuditEntry::new(AuditAction::BucketChanged).in_bucket(&*bucket)
            };
            Ok(audit::append(transaction, &sender, entry, now_micros)?)
        })
        .await
    }

    /// Removes an empty bucket. Uploads in progress go with it, as nothing of them was visible.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::BucketNotEmpty`], or a storage failure.
    pub async fn delete_bucket(&self, bucket: String, sender: Sender) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            bucket_record(transaction, &bucket)?;
            let versions = VersionRecord::keys_with_prefix(&bucket, "");
            if !first_rows(transaction, &versions, 1)?.is_empty() {
                return Err(EngineError::BucketNotEmpty);
            }
            remove_uploads(transaction, &bucket, now_micros)?;
            remove_answers(transaction, &bucket)?;
            guard::remove_bucket(transaction, &bucket, now_micros)?;
            records::remove(transaction, &BucketSettings::key(&bucket))?;
            // What happened to its lockfiles is remembered until it is too old, as for every other:
            // a request that was sent to this bucket may arrive at one of the same name.
            records::remove(transaction, &BucketRecord::key(&bucket))?;
            let entry = AuditEntry::new(AuditAction::BucketDeleted).in_bucket(&*bucket);
            Ok(audit::append(transaction, &sender, entry, now_micros)?)
        })
        .await
    }
}

fn remove_uploads(
    transaction: &mut dyn Transaction,
    bucket: &str,
    now_micros: u64,
) -> Result<(), StorageError> {
    remove_rows(transaction, &UploadRecord::of_bucket(bucket), |transaction, (row, _)| {
        let mut parts = RowKeyParts::new(row);
        let (_, key, upload) = (parts.text()?, parts.text()?, parts.text()?);
        let upload = UploadId::from_client(&upload);
        remove_upload(transaction, (bucket, &key, &upload), now_micros, &BTreeSet::new())
    })
}

/// Forgets what completions were answered: in a bucket of the same name they mean nothing.
fn remove_answers(transaction: &mut dyn Transaction, bucket: &str) -> Result<(), StorageError> {
    remove_rows(transaction, &CompletedUpload::of_bucket(bucket), |_, _| Ok(()))
}
