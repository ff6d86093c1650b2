//! Buckets and their settings.

use super::objects::bucket_record;
use super::{Engine, EngineError};
use crate::records::{
    self, BucketRecord, LockTrail, RowKey, RowKeyParts, UploadId, UploadRecord, VersionRecord,
    Versioning,
};
use crate::storage::{self, StorageError, Table, Transaction, Verdict};

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
        storage::write(&self.storage, move |transaction| {
            let mut record = match bucket_record(transaction, &bucket) {
                Ok(record) => record,
                Err(EngineError::Storage(error)) => return Err(error),
                Err(refusal) => return Ok((Verdict::Discard, Err(refusal))),
            };
            change(&mut record);
            records::store(transaction, &BucketRecord::key(&bucket), &record)?;
            Ok((Verdict::Commit, Ok(())))
        })
        .await?
    }

    /// Removes an empty bucket. Uploads in progress go with it, as nothing of them was visible.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::BucketNotEmpty`], or a storage failure.
    pub async fn delete_bucket(&self, bucket: String) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        storage::write(&self.storage, move |transaction| {
            match bucket_record(transaction, &bucket) {
                Ok(_) => {}
                Err(EngineError::Storage(error)) => return Err(error),
                Err(refusal) => return Ok((Verdict::Discard, Err(refusal))),
            }
            let versions = VersionRecord::keys_with_prefix(&bucket, "");
            if !rows(transaction, &versions, 1)?.is_empty() {
                return Ok((Verdict::Discard, Err(EngineError::BucketNotEmpty)));
            }
            remove_uploads(transaction, &bucket, now_micros)?;
            for (row, _) in rows(transaction, &LockTrail::of_bucket(&bucket), usize::MAX)? {
                records::remove(transaction, &RowKey::from_row(&row))?;
            }
            records::remove(transaction, &BucketRecord::key(&bucket))?;
            Ok((Verdict::Commit, Ok(())))
        })
        .await?
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
    for (row, _) in rows(transaction, &UploadRecord::of_bucket(bucket), usize::MAX)? {
        let mut parts = RowKeyParts::new(&row);
        let (_, key, upload) = (parts.text()?, parts.text()?, parts.text()?);
        super::uploads::remove_upload(
            transaction,
            bucket,
            &key,
            &UploadId::from_client(&upload),
            now_micros,
            &[],
        )?;
    }
    Ok(())
}
