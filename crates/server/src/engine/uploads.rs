//! Multipart uploads. An object made of parts keeps the parts' bodies as its segments.

use md5::{Digest, Md5};
use statelock_protocol::store::Precondition;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::checksums::{combined, composite, hex};
use super::decision::{Write, WriteAnswer, decide_write};
use super::objects::{apply, bucket_record, discard, load, written};
use super::{Engine, EngineError, Staged, Written};
use crate::records::{
    self, Checksum, ChecksumAlgorithm, ChecksumKind, CompletedUpload, Content, Headers, PartRecord,
    RowKeyParts, UploadId, UploadRecord,
};
use crate::storage::{self, StorageError, Table, Transaction, Verdict};

/// S3's smallest part that is not the last.
const PART_SIZE_BYTES_MIN: u64 = 5 * 1024 * 1024;

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

/// A part as the completion names it.
#[derive(Clone, Debug)]
pub struct CompletedPart {
    /// The part's number as sent.
    pub number: i32,
    /// Its ETag without quotes.
    pub etag: String,
    /// Its checksum, if the client names one.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
}

/// A completion.
#[derive(Clone, Debug)]
pub struct CompleteRequest {
    /// The bucket.
    pub bucket: String,
    /// The object to be.
    pub key: String,
    /// The upload.
    pub upload: UploadId,
    /// Its parts, in order.
    pub parts: Vec<CompletedPart>,
    /// The condition.
    pub precondition: Precondition,
    /// The checksum of the whole object, if the client names one.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
    /// The SDK's invocation id, if there is one.
    pub invocation: Option<String>,
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
        let upload = UploadId::new(self.ids.random()?);
        let created_micros = self.clock.now_micros();
        let record = UploadRecord { created_micros, headers, tags, checksum };
        let id = upload.clone();
        self.upload_write(move |transaction| {
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
        let now_micros = self.clock.now_micros();
        let etag = staged.hashes.etag();
        let record = PartRecord {
            modified_micros: now_micros,
            etag: etag.clone(),
            segment: staged.segment.clone(),
            checksum: part.checksum,
        };
        let adopted = staged.clone();
        let stored = self
            .upload_write(move |transaction| {
                upload_record(transaction, &part.bucket, &part.key, &part.upload)?;
                let row = PartRecord::key(&part.upload, part.number);
                if let Some(replaced) = records::load::<PartRecord>(transaction, &row)? {
                    discard(transaction, &replaced.segment, now_micros)?;
                }
                records::store(transaction, &row, &record)?;
                Ok(adopted.adopt(transaction)?)
            })
            .await;
        if stored.is_err() {
            self.abandon(&staged).await;
        }
        stored.map(|()| etag)
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
        storage::read(&self.storage, move |transaction| {
            let found = match upload_record(transaction, &bucket, &key, &upload) {
                Ok(found) => found,
                Err(EngineError::Storage(error)) => return Err(error),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let mut parts = stored_parts(transaction, &upload, after, limit.saturating_add(1))?;
            let truncated = parts.len() > limit;
            parts.truncate(limit);
            Ok(Ok(PartListing { upload: found, parts, truncated }))
        })
        .await?
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
        self.upload_write(move |transaction| {
            upload_record(transaction, &bucket, &key, &upload)?;
            Ok(remove_upload(transaction, &bucket, &key, &upload, now_micros, &[])?)
        })
        .await
    }

    /// Makes the object out of its parts. The same completion again gets the same answer.
    ///
    /// # Errors
    /// [`EngineError::NoSuchUpload`], [`EngineError::InvalidPart`], [`EngineError::InvalidPartOrder`],
    /// [`EngineError::PartTooSmall`], [`EngineError::ObjectChecksumMismatch`], the errors of
    /// [`Engine::put`], or a storage failure. The upload stays as it was.
    pub async fn complete_upload(
        &self,
        request: CompleteRequest,
    ) -> Result<(Written, Option<Checksum>), EngineError> {
        let (now_micros, nonce) = (self.clock.now_micros(), self.nonce()?);
        self.upload_write(move |transaction| complete(transaction, &request, now_micros, nonce))
            .await
    }

    async fn upload_write<T: Send + 'static>(
        &self,
        job: impl Fn(&mut dyn Transaction) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        storage::write(&self.storage, move |transaction| match job(transaction) {
            Ok(value) => Ok((Verdict::Commit, Ok(value))),
            Err(EngineError::Storage(error)) => Err(error),
            Err(refusal) => Ok((Verdict::Discard, Err(refusal))),
        })
        .await?
    }
}

fn complete(
    transaction: &mut dyn Transaction,
    request: &CompleteRequest,
    now_micros: u64,
    nonce: u64,
) -> Result<(Written, Option<Checksum>), EngineError> {
    let CompleteRequest { bucket, key, upload, .. } = request;
    bucket_record(transaction, bucket)?;
    let done_row = CompletedUpload::key(bucket, key, upload);
    if let Some(done) = records::load::<CompletedUpload>(transaction, &done_row)? {
        return Ok((Written { etag: done.etag, version: done.version }, done.checksum));
    }
    let record = upload_record(transaction, bucket, key, upload)?;
    let stored = stored_parts(transaction, upload, 0, usize::MAX)?;
    let chosen = choose(&stored, &request.parts)?;
    let checksum = object_checksum(&record, &chosen, request.checksum.as_ref())?;
    let content = content(&record, &chosen, checksum.clone());
    let used: Vec<_> = content.segments.iter().map(|segment| segment.body).collect();
    let existing = load(transaction, bucket, key)?;
    let write = Write {
        content,
        precondition: request.precondition.clone(),
        invocation: request.invocation.clone(),
        now_micros,
        nonce,
    };
    let decision = decide_write(&existing, write)?;
    apply(transaction, bucket, key, decision.effects, now_micros)?;
    remove_upload(transaction, bucket, key, upload, now_micros, &used)?;
    let written = match decision.answer {
        WriteAnswer::Written(version) => written(&version, &existing),
        WriteAnswer::Repeated(etag) => Written { etag, version: None },
    };
    let done = CompletedUpload {
        completed_micros: now_micros,
        etag: written.etag.clone(),
        version: written.version,
        checksum: checksum.clone(),
    };
    records::store(transaction, &done_row, &done)?;
    Ok((written, checksum))
}

fn upload_record(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    upload: &UploadId,
) -> Result<UploadRecord, EngineError> {
    bucket_record(transaction, bucket)?;
    records::load(transaction, &UploadRecord::key(bucket, key, upload))?
        .ok_or(EngineError::NoSuchUpload)
}

fn stored_parts(
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

/// The stored parts that a completion names, checked.
fn choose<'a>(
    stored: &'a [(u16, PartRecord)],
    named: &[CompletedPart],
) -> Result<Vec<&'a PartRecord>, EngineError> {
    let ascending = named.windows(2).all(|pair| matches!(pair, [a, b] if a.number < b.number));
    if !ascending {
        return Err(EngineError::InvalidPartOrder);
    }
    let mut chosen = Vec::with_capacity(named.len());
    for (position, part) in named.iter().enumerate() {
        let found = stored.iter().find(|(number, _)| i32::from(*number) == part.number);
        let (number, record) = found.ok_or(EngineError::InvalidPart(part.number))?;
        let same_checksum = match (&part.checksum, &record.checksum) {
            (Some((algorithm, value)), Some(checksum)) => {
                *algorithm != checksum.algorithm || *value == checksum.value
            }
            (Some(_) | None, _) => true,
        };
        if record.etag != part.etag || !same_checksum {
            return Err(EngineError::InvalidPart(part.number));
        }
        let is_last = position + 1 == named.len();
        if !is_last && record.segment.size < PART_SIZE_BYTES_MIN {
            let size = record.segment.size;
            return Err(EngineError::PartTooSmall { number: *number, size });
        }
        chosen.push(record);
    }
    if chosen.is_empty() { Err(EngineError::InvalidPart(0)) } else { Ok(chosen) }
}

fn content(record: &UploadRecord, parts: &[&PartRecord], checksum: Option<Checksum>) -> Content {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(unhex(&part.etag));
    }
    Content {
        size: parts.iter().map(|part| part.segment.size).sum(),
        etag: format!("{}-{}", hex(&md5.finalize()), parts.len()),
        segments: parts.iter().map(|part| part.segment.clone()).collect(),
        checksum,
        headers: record.headers.clone(),
        tags: record.tags.clone(),
        // A lockfile is a few hundred bytes; what comes in parts holds no lock ID to compare.
        lock_id: None,
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).filter_map(pair).collect()
}

/// The checksum of the whole object, from those of its parts; checked if the client named it.
fn object_checksum(
    upload: &UploadRecord,
    parts: &[&PartRecord],
    named: Option<&(ChecksumAlgorithm, String)>,
) -> Result<Option<Checksum>, EngineError> {
    let Some((algorithm, kind)) = upload.checksum else {
        return Ok(None);
    };
    let raw: Option<Vec<(Vec<u8>, u64)>> = parts
        .iter()
        .map(|part| {
            let checksum = part.checksum.as_ref().filter(|sum| sum.algorithm == algorithm)?;
            Some((BASE64_STANDARD.decode(&checksum.value).ok()?, part.segment.size))
        })
        .collect();
    let Some(raw) = raw else { return Ok(None) };
    let value = match kind {
        ChecksumKind::FullObject => {
            combined(algorithm, &raw).map(|sum| BASE64_STANDARD.encode(sum))
        }
        ChecksumKind::Composite => {
            let sums: Vec<_> = raw.into_iter().map(|(sum, _)| sum).collect();
            let sum = composite(algorithm, &sums);
            Some(format!("{}-{}", BASE64_STANDARD.encode(sum), sums.len()))
        }
    };
    match (value, named) {
        (Some(value), Some((named_algorithm, expected)))
            if *named_algorithm == algorithm && *expected != value =>
        {
            Err(EngineError::ObjectChecksumMismatch)
        }
        (value, _) => Ok(value.map(|value| Checksum { algorithm, kind, value })),
    }
}

/// Removes an upload and its parts; bodies other than `kept` are discarded.
pub(super) fn remove_upload(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    upload: &UploadId,
    now_micros: u64,
    kept: &[records::BodyId],
) -> Result<(), StorageError> {
    for (number, part) in stored_parts(transaction, upload, 0, usize::MAX)? {
        if !kept.contains(&part.segment.body) {
            discard(transaction, &part.segment, now_micros)?;
        }
        records::remove(transaction, &PartRecord::key(upload, number))?;
    }
    records::remove(transaction, &UploadRecord::key(bucket, key, upload))
}
