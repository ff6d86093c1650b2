//! Buckets and their settings.

use std::collections::BTreeSet;

use super::rows::bucket_record;
use super::uploads::remove_upload;
use super::{Engine, EngineError};
use crate::records::{
    self, BucketRecord, CompletedUpload, RowKey, RowKeyParts, UploadId, UploadRecord,
    VersionRecord, Versioning,
};
use crate::storage::{self, StorageError, Table, Transaction, Verdict};

/// Rows read together.
const BATCH: usize = 256;

impl Engine {
    /// Makes a bucket.
    ///
    /// # Errors
    /// [`EngineError::BucketExists`], or a storage failure.
    pub async fn create_bucket(
        &self,
        bucket: String,
        region: String,
        versioning: Versioning,
    ) -> Result<(), EngineError> {
        let created_micros = self.clock.now_micros();
        let record = BucketRecord { created_micros, region, versioning, tags: Vec::new() };
        storage::write(&self.storage, move |transaction| {
            let key = BucketRecord::key(&bucket);
            if records::load::<BucketRecord>(transaction, &key)?.is_some() {
                return Ok((Verdict::Discard, Err(EngineError::BucketExists)));
            }
            records::store(transaction, &key, &record)?;
            Ok((Verdict::Commit, Ok(())))
        })
        .await?
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

    /// Changes a bucket's record.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn change_bucket(
        &self,
        bucket: String,
        change: impl Fn(&mut BucketRecord) + Send + 'static,
    ) -> Result<(), EngineError> {
        self.transact(move |transaction| {
            let mut record = bucket_record(transaction, &bucket)?;
            change(&mut record);
            Ok(records::store(transaction, &BucketRecord::key(&bucket), &record)?)
        })
        .await
    }

    /// Removes an empty bucket. Uploads in progress go with it, as nothing of them was visible.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::BucketNotEmpty`], or a storage failure.
    pub async fn delete_bucket(&self, bucket: String) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            bucket_record(transaction, &bucket)?;
            let versions = VersionRecord::keys_with_prefix(&bucket, "");
            if !rows(transaction, &versions, 1)?.is_empty() {
                return Err(EngineError::BucketNotEmpty);
            }
            remove_uploads(transaction, &bucket, now_micros)?;
            remove_answers(transaction, &bucket)?;
            // What happened to its lockfiles is remembered until it is too old, as for every other:
            // a request that was sent to this bucket may arrive at one of the same name.
            Ok(records::remove(transaction, &BucketRecord::key(&bucket))?)
        })
        .await
    }
}

fn rows(
    transaction: &mut dyn Transaction,
    prefix: &RowKey,
    limit: usize,
) -> Result<Vec<storage::Row>, StorageError> {
    transaction.scan(Table::Records, prefix.as_slice(), Some(&prefix.end()), limit)
}

fn remove_uploads(
    transaction: &mut dyn Transaction,
    bucket: &str,
    now_micros: u64,
) -> Result<(), StorageError> {
    let all = UploadRecord::of_bucket(bucket);
    loop {
        let page = rows(transaction, &all, BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        for (row, _) in page {
            let mut parts = RowKeyParts::new(&row);
            let (_, key, upload) = (parts.text()?, parts.text()?, parts.text()?);
            let upload = UploadId::from_client(&upload);
            remove_upload(transaction, (bucket, &key, &upload), now_micros, &BTreeSet::new())?;
        }
    }
}

/// Forgets what completions were answered: in a bucket of the same name they mean nothing.
fn remove_answers(transaction: &mut dyn Transaction, bucket: &str) -> Result<(), StorageError> {
    let all = CompletedUpload::of_bucket(bucket);
    loop {
        let page = rows(transaction, &all, BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        for (row, _) in page {
            records::remove(transaction, &RowKey::from_row(&row))?;
        }
    }
}
