//! Multipart uploads in progress.

use std::collections::BTreeSet;

use super::locks::LockedState;
use super::rows::{bucket_record, drop_body};
use super::{Engine, EngineError, Staged};
use crate::records::{
    self, BodyId, Checksum, ChecksumAlgorithm, ChecksumKind, Headers, PartRecord, RowKeyParts,
    UploadId, UploadRecord,
};
use crate::storage::{StorageError, Table, Transaction};

/// A part whose body has been staged and verified.
#[derive(Clone, Debug)]
pub struct PartUpload {
    /// The bucket.
    pub bucket: String,
    /// The object to be.
    pub key: String,
    /// The upload.
    pub upload: UploadId,
    /// The part's number, from 1 to 10,000.
    pub number: u16,
    /// Its verified checksum.
    pub checksum: Option<Checksum>,
}

/// A page of an upload's parts.
#[derive(Clone, Debug)]
pub struct PartListing {
    /// The upload.
    pub upload: UploadRecord,
    /// Numbers and parts, ascending.
    pub parts: Vec<(u16, PartRecord)>,
    /// Whether there are more.
    pub truncated: bool,
}

impl Engine {
    /// Begins an upload.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn create_upload(
        &self,
        bucket: String,
        key: String,
        headers: Headers,
        tags: Vec<(String, String)>,
        checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
    ) -> Result<UploadId, EngineError> {
        if LockedState::of_lockfile(&bucket, &key).is_some() {
            return Err(EngineError::LockfileInParts);
        }
        let upload = UploadId::new(self.ids.random()?);
        let created_micros = self.clock.now_micros();
        let record = UploadRecord { created_micros, headers, tags, checksum };
        let id = upload.clone();
        self.transact(move |transaction| {
            bucket_record(transaction, &bucket)?;
            Ok(records::store(transaction, &UploadRecord::key(&bucket, &key, &id), &record)?)
        })
        .await?;
        Ok(upload)
    }

    /// The record of an upload in progress.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchUpload`], or a storage failure.
    pub async fn upload(
        &self,
        bucket: String,
        key: String,
        upload: UploadId,
    ) -> Result<UploadRecord, EngineError> {
        let page = self.parts(bucket, key, upload, 0, 0).await?;
        Ok(page.upload)
    }

    /// Stores a staged body as a part; a part of the same number is replaced.
    ///
    /// # Errors
    /// [`EngineError::NoSuchUpload`], or a storage failure. The staged body is then forgotten.
    pub async fn put_part(&self, part: PartUpload, staged: Staged) -> Result<String, EngineError> {
        self.store_part(part, staged).await.map(|record| record.etag)
    }

    /// As [`Engine::put_part`], and answers the whole record.
    ///
    /// # Errors
    /// As there.
    pub async fn store_part(
        &self,
        part: PartUpload,
        staged: Staged,
    ) -> Result<PartRecord, EngineError> {
        let now_micros = self.clock.now_micros();
        let record = PartRecord {
            modified_micros: now_micros,
            etag: staged.hashes.etag(),
            segment: staged.segment.clone(),
            checksum: part.checksum,
        };
        let (adopted, stored_record) = (staged.clone(), record.clone());
        let stored = self
            .transact(move |transaction| {
                upload_record(transaction, &part.bucket, &part.key, &part.upload)?;
                let row = PartRecord::key(&part.upload, part.number);
                if let Some(replaced) = records::load::<PartRecord>(transaction, &row)? {
                    drop_body(transaction, &replaced.segment, now_micros)?;
                }
                records::store(transaction, &row, &record)?;
                adopted.adopt(transaction)
            })
            .await;
        if stored.is_err() {
            self.abandon(&staged).await;
        }
        stored.map(|()| stored_record)
    }

    /// Parts with a number above `after`, at most `limit`.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchUpload`], or a storage failure.
    pub async fn parts(
        &self,
        bucket: String,
        key: String,
        upload: UploadId,
        after: u16,
        limit: usize,
    ) -> Result<PartListing, EngineError> {
        self.observe(move |transaction| {
            let found = upload_record(transaction, &bucket, &key, &upload)?;
            let mut parts = stored_parts(transaction, &upload, after, limit.saturating_add(1))?;
            let truncated = parts.len() > limit;
            parts.truncate(limit);
            Ok(PartListing { upload: found, parts, truncated })
        })
        .await
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], [`EngineError::NoSuchUpload`], or a storage failure.
    pub async fn abort_upload(
        &self,
        bucket: String,
        key: String,
        upload: UploadId,
    ) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            upload_record(transaction, &bucket, &key, &upload)?;
            let named = (bucket.as_str(), key.as_str(), &upload);
            Ok(remove_upload(transaction, named, now_micros, &BTreeSet::new())?)
        })
        .await
    }
}

pub(super) fn upload_record(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    upload: &UploadId,
) -> Result<UploadRecord, EngineError> {
    bucket_record(transaction, bucket)?;
    records::load(transaction, &UploadRecord::key(bucket, key, upload))?
        .ok_or(EngineError::NoSuchUpload)
}

pub(super) fn stored_parts(
    transaction: &mut dyn Transaction,
    upload: &UploadId,
    after: u16,
    limit: usize,
) -> Result<Vec<(u16, PartRecord)>, StorageError> {
    let all = PartRecord::parts_of(upload);
    let from = PartRecord::key(upload, after.saturating_add(1));
    let rows = transaction.scan(Table::Records, from.as_slice(), Some(&all.end()), limit)?;
    rows.iter()
        .map(|(row, bytes)| {
            let mut parts = RowKeyParts::new(row);
            parts.text()?;
            Ok((u16::from_be_bytes(parts.array()?), records::decode(row, bytes)?))
        })
        .collect()
}

/// Removes an upload and its parts; bodies other than `kept` go with it.
pub(super) fn remove_upload(
    transaction: &mut dyn Transaction,
    (bucket, key, upload): (&str, &str, &UploadId),
    now_micros: u64,
    kept: &BTreeSet<BodyId>,
) -> Result<(), StorageError> {
    for (number, part) in stored_parts(transaction, upload, 0, usize::MAX)? {
        if !kept.contains(&part.segment.body) {
            drop_body(transaction, &part.segment, now_micros)?;
        }
        records::remove(transaction, &PartRecord::key(upload, number))?;
    }
    records::remove(transaction, &UploadRecord::key(bucket, key, upload))
}
