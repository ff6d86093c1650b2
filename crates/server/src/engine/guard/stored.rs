//! What is known of bodies that are stored.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use md5::{Digest as _, Md5};
use statelock_protocol::state::{Digest, StateHeader};

use crate::engine::body_reader::{missing, slice};
use crate::engine::rows::newest;
use crate::records::{BodyFacts, Chunk, Content, Segment};
use crate::storage::{CHUNK_SIZE_BYTES_MAX, StorageError, Table, Transaction};

/// The digest of the state that is stored: what a lock table shows for it.
///
/// `None` if there is no object, or one of no bytes, which clients take for no state. Bodies that are
/// no states have a digest all the same, as for a client that reads them as one.
pub(in crate::engine) fn state_digest(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
) -> Result<Option<Digest>, StorageError> {
    let newest = newest(transaction, bucket, key)?;
    let Some(content) = newest.and_then(|version| version.content) else { return Ok(None) };
    if content.size == 0 {
        return Ok(None);
    }
    if let Some(facts) = &content.facts {
        return Ok(Some(facts.digest));
    }
    // The ETag of an object in one piece is its MD5.
    match Digest::parse(&content.etag) {
        Ok(digest) => Ok(Some(digest)),
        Err(_) => Ok(Some(facts_of(transaction, &content)?.digest)),
    }
}

/// What a stored body says about itself. Versions that were stored before this was kept with them are
/// read again, in pieces.
pub(in crate::engine) fn facts_of(
    transaction: &mut dyn Transaction,
    content: &Content,
) -> Result<BodyFacts, StorageError> {
    if let Some(facts) = &content.facts {
        return Ok(facts.clone());
    }
    let mut body = StoredBody::new(transaction, &content.segments);
    let read = StateHeader::read_from(&mut body);
    // A header that is none ends the reading early; the digest is of everything.
    let rest = io::copy(&mut body, &mut io::sink());
    if let Some(failure) = body.failure {
        return Err(failure);
    }
    rest.map_err(|error| StorageError::Failed(format!("could not read a body: {error}")))?;
    let digest = Digest::from_bytes(body.md5.finalize().into());
    Ok(BodyFacts::new(digest, content.size, read))
}

/// A body, read piece by piece inside a transaction, and hashed on the way.
struct StoredBody<'a> {
    transaction: &'a mut dyn Transaction,
    segments: &'a [Segment],
    /// The next piece of the first segment.
    index: u32,
    left_in_segment: u64,
    piece: Bytes,
    md5: Md5,
    failure: Option<StorageError>,
}

impl<'a> StoredBody<'a> {
    fn new(transaction: &'a mut dyn Transaction, segments: &'a [Segment]) -> Self {
        let left_in_segment = segments.first().map_or(0, |segment| segment.size);
        let (piece, md5) = (Bytes::new(), Md5::new());
        Self { transaction, segments, index: 0, left_in_segment, piece, md5, failure: None }
    }

    /// Brings the next piece; whether there is one.
    fn advance(&mut self) -> Result<bool, StorageError> {
        while self.left_in_segment == 0 {
            let Some((_, rest)) = self.segments.split_first() else { return Ok(false) };
            self.segments = rest;
            self.index = 0;
            self.left_in_segment = rest.first().map_or(0, |segment| segment.size);
        }
        let Some(segment) = self.segments.first() else { return Ok(false) };
        let size = usize::try_from(self.left_in_segment)
            .map_or(CHUNK_SIZE_BYTES_MAX, |left| left.min(CHUNK_SIZE_BYTES_MAX));
        let key = Chunk::key(segment.body, self.index);
        let chunk = self.transaction.get(Table::Chunks, &key)?.ok_or_else(missing)?;
        self.piece = slice(&chunk, 0..size)?;
        self.md5.update(&self.piece);
        self.index += 1;
        self.left_in_segment -= u64::try_from(size).unwrap_or(u64::MAX);
        Ok(true)
    }
}

impl Read for StoredBody<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.failure.is_none() {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => self.failure = Some(error),
            }
        }
        if self.failure.is_some() {
            return Err(io::Error::other("the storage failed"));
        }
        let count = into.len().min(self.piece.len());
        let (target, _) = into.split_at_mut(count);
        target.copy_from_slice(self.piece.get(..count).unwrap_or_default());
        self.piece.advance(count);
        Ok(count)
    }
}
