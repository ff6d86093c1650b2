//! Completes multipart uploads. An object made of parts keeps the parts' bodies as its segments.
//!
//! What a completion was answered is kept for a while, because the answer may get lost on its way.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use statelock_protocol::store::Precondition;

use super::checksums::{combined, composite, hex};
use super::decision::Write;
use super::guard::{Asked, Guard, RefusedWrite};
use super::rows::bucket_record;
use super::uploads::{remove_upload, stored_parts, upload_record};
use super::writing::{Put, put};
use super::{Engine, EngineError, Sender, WriteClaim, Written};
use crate::records::{
    self, BodyFacts, Checksum, ChecksumAlgorithm, ChecksumKind, CompletedUpload, Content,
    PartRecord, RefusedCompletion, Segment, UploadId, UploadRecord,
};
use crate::storage::Transaction;

/// S3's smallest part that is not the last.
const PART_SIZE_BYTES_MIN: u64 = 5 * 1024 * 1024;

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
    /// Which lock its sender says to hold.
    pub claim: WriteClaim,
    /// Who sends it.
    pub sender: Sender,
}

impl Engine {
    /// Makes the object out of its parts. The same completion again gets the same answer.
    ///
    /// # Errors
    /// [`EngineError::NoSuchUpload`], [`EngineError::InvalidPart`], [`EngineError::InvalidPartOrder`],
    /// [`EngineError::PartTooSmall`], [`EngineError::ObjectChecksumMismatch`], the errors of
    /// [`Engine::put`], or a storage failure. The upload stays as it was, unless the write guard refused:
    /// then its parts are the refused body, which is kept.
    pub async fn complete_upload(
        &self,
        request: CompleteRequest,
    ) -> Result<(Written, Option<Checksum>), EngineError> {
        // On the heap: it would make every future around it large.
        let read = Box::pin(self.read_parts(&request)).await;
        let (now_micros, nonce) = (self.clock.now_micros(), self.nonce()?);
        let guard = self.guard();
        let completion = self.transact(move |transaction| {
            complete(transaction, &guard, &request, read.as_ref(), (now_micros, nonce))
        });
        match completion.await? {
            Completion::Done(written, checksum) => Ok((written, checksum)),
            Completion::Refused(refused) => Err(EngineError::WriteRefused(Box::new(refused))),
        }
    }

    /// Reads what the parts are together, ahead of the transaction, because that takes its time.
    ///
    /// `None` if that cannot be done now: the transaction then says why, or reads by itself.
    async fn read_parts(&self, request: &CompleteRequest) -> Option<ReadParts> {
        let CompleteRequest { bucket, key, upload, parts, .. } = request.clone();
        let chosen = self.observe(move |transaction| {
            let record = upload_record(transaction, &bucket, &key, &upload)?;
            let stored = stored_parts(transaction, &upload, 0, usize::MAX)?;
            Ok(content(&record, &choose(&stored, &parts)?, None))
        });
        let content = chosen.await.ok()?;
        let facts = self.read_facts(&content).await.ok()?;
        Some(ReadParts { segments: content.segments, facts })
    }
}

/// What the parts that were there before the transaction are together.
#[derive(Clone, Debug)]
struct ReadParts {
    segments: Vec<Segment>,
    facts: BodyFacts,
}

/// What became of a completion.
#[derive(Clone, Debug)]
enum Completion {
    Done(Written, Option<Checksum>),
    /// The write guard refused it.
    Refused(RefusedWrite),
}

fn complete(
    transaction: &mut dyn Transaction,
    guard: &Guard,
    request: &CompleteRequest,
    read: Option<&ReadParts>,
    (now_micros, nonce): (u64, u64),
) -> Result<Completion, EngineError> {
    let CompleteRequest { bucket, key, upload, .. } = request;
    bucket_record(transaction, bucket)?;
    let done_row = CompletedUpload::key(bucket, key, upload);
    if let Some(done) = records::load::<CompletedUpload>(transaction, &done_row)? {
        return again(done, request);
    }
    let record = upload_record(transaction, bucket, key, upload)?;
    let stored = stored_parts(transaction, upload, 0, usize::MAX)?;
    let chosen = choose(&stored, &request.parts)?;
    let checksum = object_checksum(&record, &chosen, request.checksum.as_ref())?;
    let mut content = content(&record, &chosen, checksum.clone());
    // A part that was replaced meanwhile makes another object.
    content.facts =
        read.filter(|read| read.segments == content.segments).map(|read| read.facts.clone());
    let etag = content.etag.clone();
    let put = write(transaction, guard, request, content, (now_micros, nonce))?;
    let (version, refused) = match &put {
        Put::Written(written) | Put::Repeated(written) => (written.version, None),
        Put::Refused { refused, .. } => {
            let (kind, message) = (refused.kind, refused.message.clone());
            (None, Some(RefusedCompletion { kind, message }))
        }
    };
    let done = CompletedUpload {
        completed_micros: now_micros,
        etag,
        version,
        checksum: checksum.clone(),
        refused,
    };
    records::store(transaction, &done_row, &done)?;
    Ok(match put {
        Put::Written(written) | Put::Repeated(written) => Completion::Done(written, checksum),
        Put::Refused { refused, .. } => Completion::Refused(refused),
    })
}

/// Answers a completion that comes again like the first.
fn again(done: CompletedUpload, request: &CompleteRequest) -> Result<Completion, EngineError> {
    // Another choice of parts is another request, and for that the upload is gone.
    let etags = request.parts.iter().map(|part| part.etag.as_str());
    if done.etag != etag_of_parts(etags) {
        return Err(EngineError::NoSuchUpload);
    }
    if let Some(RefusedCompletion { kind, message }) = done.refused {
        return Ok(Completion::Refused(RefusedWrite { kind, message, holder: None }));
    }
    let written =
        Written { etag: done.etag, version: done.version, modified_micros: done.completed_micros };
    Ok(Completion::Done(written, done.checksum))
}

/// Stores the object, and removes the upload with every body that nothing uses.
fn write(
    transaction: &mut dyn Transaction,
    guard: &Guard,
    request: &CompleteRequest,
    content: Content,
    (now_micros, nonce): (u64, u64),
) -> Result<Put, EngineError> {
    let CompleteRequest { bucket, key, upload, precondition, sender, claim, .. } = request;
    let bodies: BTreeSet<_> = content.segments.iter().map(|segment| segment.body).collect();
    let write = Write { content, precondition: precondition.clone(), now_micros, nonce };
    let asked = Asked { bucket, key, sender, claim, now_micros };
    let put = put(transaction, guard, asked, write)?;
    let used = match &put {
        Put::Written(_) | Put::Refused { is_kept: true, .. } => bodies,
        Put::Repeated(_) | Put::Refused { is_kept: false, .. } => BTreeSet::new(),
    };
    remove_upload(transaction, (bucket, key, upload), now_micros, &used)?;
    Ok(put)
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
        let found = stored.binary_search_by_key(&part.number, |(number, _)| i32::from(*number));
        let found = found.ok().and_then(|at| stored.get(at));
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
    Content {
        size: parts.iter().map(|part| part.segment.size).sum(),
        etag: etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        segments: parts.iter().map(|part| part.segment.clone()).collect(),
        checksum,
        headers: record.headers.clone(),
        tags: record.tags.clone(),
        // A lockfile does not come in parts.
        lock_id: None,
        facts: None,
        writer: None,
    }
}

/// S3's ETag of an object made of parts with these ETags.
fn etag_of_parts<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let (mut md5, mut count) = (Md5::new(), 0_usize);
    for etag in etags {
        md5.update(unhex(etag));
        count += 1;
    }
    format!("{}-{count}", hex(&md5.finalize()))
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
