//! Takes a body in: hashes it, compresses it, and brings it to the storage in pieces.
//!
//! A body of one piece is carried in memory and stored in the same transaction as its version. A
//! larger one is stored piece by piece under a [`StagedBody`] mark first, so that memory stays
//! bounded; the version's transaction removes the mark. A crash leaves marked pieces that nobody
//! sees, and the next start removes them.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use statelock_protocol::state::{Digest, StateHeader};

use super::checksums::{Hasher, Hashes};
use super::codec::encode;
use super::guard::HeaderReading;
use super::{BodyError, Engine, EngineError};
use crate::records::{self, BodyFacts, BodyId, ChecksumAlgorithm, Chunk, Segment, StagedBody};
use crate::storage::{CHUNK_SIZE_BYTES_MAX, StorageError, Table, Transaction};

/// A body of at most this many bytes is small: it may be a lockfile, whose lock ID is read, and it is
/// received without a turn.
pub const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// A body that has been received and hashed, not yet part of any object.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Where its bytes lie.
    pub segment: Segment,
    /// Its hashes.
    pub hashes: Hashes,
    /// Its bytes, if there are few.
    pub small: Option<Bytes>,
    /// What it says about itself.
    pub facts: BodyFacts,
    /// The only piece, if it has not been stored yet.
    unstored: Option<Bytes>,
}

impl Staged {
    /// Makes the body part of what the transaction adds.
    ///
    /// # Errors
    /// [`BodyError::Stalled`] if a sweep took the body for dead, or a storage failure.
    pub(super) fn adopt(&self, transaction: &mut dyn Transaction) -> Result<(), EngineError> {
        if let Some(chunk) = &self.unstored {
            transaction.put(Table::Chunks, &Chunk::key(self.segment.body, 0), chunk)?;
            return Ok(());
        }
        let mark = StagedBody::key(self.segment.body);
        records::load::<StagedBody>(transaction, &mark)?.ok_or(BodyError::Stalled)?;
        Ok(records::remove(transaction, &mark)?)
    }
}

impl Engine {
    /// Receives a body and computes its MD5 and the given checksums.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`], [`EngineError::Body`] if the stream fails or stalls, or a storage
    /// failure. Nothing is visible of what was received.
    ///
    /// # Cancel safety
    /// A dropped future leaves marked pieces that the next sweep removes.
    pub async fn stage<S, E>(
        &self,
        mut body: S,
        checksums: &[ChecksumAlgorithm],
        classify: fn(E) -> EngineError,
    ) -> Result<Staged, EngineError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
    {
        let mut intake = Intake::new(self.clone(), BodyId(self.ids.random()?), checksums);
        let received = intake.receive(&mut body, classify).await;
        match received {
            Ok(()) => intake.finish().await,
            Err(error) => {
                intake.abandon().await;
                Err(error)
            }
        }
    }

    /// Forgets a body that did not become part of an object.
    pub async fn abandon(&self, staged: &Staged) {
        if staged.unstored.is_none() {
            self.remove_staged(staged.segment.body).await;
        }
    }

    pub(super) async fn remove_staged(&self, body: BodyId) {
        // Failure only means that a mark stays, and a sweep finds it.
        if let Err(error) = self.remove_if_staged(body, |_| true).await {
            tracing::warn!(%error, "could not remove a body that was not used");
        }
    }
}

/// A body on its way in.
struct Intake {
    engine: Engine,
    body: BodyId,
    size: u64,
    buffer: BytesMut,
    hasher: Option<Hasher>,
    /// Reads the header of a body in several pieces; one of a single piece is read at its end.
    header: Option<HeaderReading>,
    chunks_stored: u32,
}

impl Intake {
    fn new(engine: Engine, body: BodyId, checksums: &[ChecksumAlgorithm]) -> Self {
        let hasher = Some(Hasher::new(checksums));
        let buffer = BytesMut::new();
        Self { engine, body, size: 0, buffer, hasher, header: None, chunks_stored: 0 }
    }

    async fn receive<S, E>(
        &mut self,
        body: &mut S,
        classify: fn(E) -> EngineError,
    ) -> Result<(), EngineError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
    {
        loop {
            let next = tokio::time::timeout(self.engine.limits.stall_timeout, body.next()).await;
            let Some(piece) = next.map_err(|_| BodyError::Stalled)? else {
                return Ok(());
            };
            let mut piece = piece.map_err(classify)?;
            self.size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            let limit = self.engine.limits.body_size_bytes_max;
            if self.size > limit {
                return Err(EngineError::TooLarge(limit));
            }
            // A full buffer is stored only when more follows: the last piece may travel with its
            // version.
            while !piece.is_empty() {
                if self.buffer.len() == CHUNK_SIZE_BYTES_MAX {
                    self.store_chunk().await?;
                }
                let room = CHUNK_SIZE_BYTES_MAX - self.buffer.len();
                let head = piece.split_to(room.min(piece.len()));
                self.buffer.extend_from_slice(&head);
            }
        }
    }

    /// Hashes and compresses what is buffered, away from the threads that serve connections.
    async fn take_chunk(&mut self, bytes: Bytes) -> Result<Bytes, EngineError> {
        let mut hasher = self.hasher.take().unwrap_or_else(|| Hasher::new(&[]));
        let work = move || {
            hasher.update(&bytes);
            (hasher, encode(&bytes))
        };
        let (hasher, encoded) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StorageError::Failed(format!("hashing did not finish: {error}")))?;
        self.hasher = Some(hasher);
        Ok(encoded)
    }

    async fn store_chunk(&mut self) -> Result<(), EngineError> {
        let bytes = self.buffer.split().freeze();
        let header = self.header.get_or_insert_with(HeaderReading::begin);
        header.feed(bytes.clone()).await;
        let chunk = self.take_chunk(bytes).await?;
        let (body, index) = (self.body, self.chunks_stored);
        let active_micros = self.engine.clock.now_micros();
        let store = move |transaction: &mut dyn Transaction| {
            let mark = StagedBody::key(body);
            let begun_micros = match records::load::<StagedBody>(transaction, &mark)? {
                Some(staged) => staged.begun_micros,
                None if index == 0 => active_micros,
                // Swept: without a mark nobody would ever remove another piece.
                None => return Err(BodyError::Stalled.into()),
            };
            records::store(transaction, &mark, &StagedBody { begun_micros, active_micros })?;
            Ok(transaction.put(Table::Chunks, &Chunk::key(body, index), &chunk)?)
        };
        self.engine.transact(store).await?;
        self.chunks_stored += 1;
        Ok(())
    }

    async fn finish(mut self) -> Result<Staged, EngineError> {
        if self.chunks_stored > 0 {
            self.store_chunk().await?;
        }
        let bytes = self.buffer.split().freeze();
        let small = (self.chunks_stored == 0 && bytes.len() <= SMALL_BODY_BYTES_MAX)
            .then(|| Bytes::copy_from_slice(&bytes));
        let (unstored, header) = match self.header.take() {
            Some(header) => (None, header.finish().await?),
            None if small.is_some() => {
                // Handing a small body to another thread costs more than hashing it here.
                let mut hasher = self.hasher.take().unwrap_or_else(|| Hasher::new(&[]));
                hasher.update(&bytes);
                self.hasher = Some(hasher);
                (Some(encode(&bytes)), StateHeader::read(&bytes))
            }
            None => {
                let mut header = HeaderReading::begin();
                header.feed(bytes.clone()).await;
                (Some(self.take_chunk(bytes).await?), header.finish().await?)
            }
        };
        let hashes = self.hasher.take().unwrap_or_else(|| Hasher::new(&[])).finish();
        let segment = Segment { body: self.body, size: self.size };
        let facts = BodyFacts::new(Digest::from_bytes(hashes.md5), self.size, header);
        Ok(Staged { segment, hashes, small, facts, unstored })
    }

    async fn abandon(self) {
        if self.chunks_stored > 0 {
            self.engine.remove_staged(self.body).await;
        }
    }
}
