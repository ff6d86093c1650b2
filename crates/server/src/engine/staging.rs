//! Takes a body in: hashes it, compresses it, and brings it to the storage in pieces.
//!
//! A body of one piece is carried in memory and stored in the same transaction as its version. A
//! larger one is stored piece by piece under a [`StagedBody`] mark first, so that memory stays
//! bounded; the version's transaction removes the mark. A crash leaves marked pieces that nobody
//! sees, and the next start removes them. While a piece is stored the next one is received; hashes
//! and state header are computed beside both.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use statelock_protocol::state::{Digest, StateHeader};
use tokio::task::JoinHandle;

use super::checksums::{Hasher, Hashes};
use super::codec::encode;
use super::guard::BodyReading;
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
    checksums: Vec<ChecksumAlgorithm>,
    /// Begun with the first piece of several.
    reading: Option<BodyReading>,
    /// The piece that is being stored.
    storing: Option<JoinHandle<Result<(), EngineError>>>,
    /// Pieces that are stored, or being stored.
    chunks: u32,
}

impl Intake {
    fn new(engine: Engine, body: BodyId, checksums: &[ChecksumAlgorithm]) -> Self {
        Self {
            engine,
            body,
            size: 0,
            buffer: BytesMut::new(),
            checksums: checksums.to_vec(),
            reading: None,
            storing: None,
            chunks: 0,
        }
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
                    self.buffer.reserve(CHUNK_SIZE_BYTES_MAX);
                }
                let room = CHUNK_SIZE_BYTES_MAX - self.buffer.len();
                let head = piece.split_to(room.min(piece.len()));
                self.buffer.extend_from_slice(&head);
            }
        }
    }

    /// Begins to store what is buffered, when the piece before it is stored.
    async fn store_chunk(&mut self) -> Result<(), EngineError> {
        let bytes = self.buffer.split().freeze();
        self.reading.get_or_insert_with(|| BodyReading::begin(&self.checksums)).feed(&bytes).await;
        self.stored().await?;
        let storing = store_chunk(self.engine.clone(), self.body, self.chunks, bytes);
        self.storing = Some(tokio::spawn(storing));
        self.chunks += 1;
        Ok(())
    }

    /// Waits until the last piece is stored that was begun.
    async fn stored(&mut self) -> Result<(), EngineError> {
        let Some(storing) = self.storing.take() else { return Ok(()) };
        let unfinished = |error| StorageError::Failed(format!("a piece was not stored: {error}"));
        storing.await.map_err(unfinished)?
    }

    async fn finish(mut self) -> Result<Staged, EngineError> {
        if self.chunks > 0 {
            self.store_chunk().await?;
            self.stored().await?;
        }
        let bytes = self.buffer.split().freeze();
        let small = (self.chunks == 0 && bytes.len() <= SMALL_BODY_BYTES_MAX)
            .then(|| Bytes::copy_from_slice(&bytes));
        let (unstored, (hashes, header)) = match self.reading.take() {
            Some(reading) => (None, reading.finish().await?),
            None if small.is_some() => {
                // Handing a small body to another thread costs more than hashing it here.
                let mut hasher = Hasher::new(&self.checksums);
                hasher.update(&bytes);
                (Some(encode(&bytes)), (hasher.finish(), StateHeader::read(&bytes)))
            }
            None => {
                let mut reading = BodyReading::begin(&self.checksums);
                reading.feed(&bytes).await;
                (Some(encoded(bytes).await?), reading.finish().await?)
            }
        };
        let segment = Segment { body: self.body, size: self.size };
        let facts = BodyFacts::new(Digest::from_bytes(hashes.md5), self.size, header);
        Ok(Staged { segment, hashes, small, facts, unstored })
    }

    async fn abandon(mut self) {
        if self.chunks > 0 {
            // Its outcome is no matter, but its end: a piece that came later would stay.
            let _outcome = self.stored().await;
            self.engine.remove_staged(self.body).await;
        }
    }
}

/// A request that is given up takes the piece with it that still waits to be stored.
impl Drop for Intake {
    fn drop(&mut self) {
        if let Some(storing) = &self.storing {
            storing.abort();
        }
    }
}

/// A piece as it is stored, made away from the threads that serve connections.
async fn encoded(bytes: Bytes) -> Result<Bytes, StorageError> {
    let unfinished = |error| StorageError::Failed(format!("a piece was not compressed: {error}"));
    tokio::task::spawn_blocking(move || encode(&bytes)).await.map_err(unfinished)
}

/// Stores one of the pieces of a body under its mark.
async fn store_chunk(
    engine: Engine,
    body: BodyId,
    index: u32,
    bytes: Bytes,
) -> Result<(), EngineError> {
    let chunk = encoded(bytes).await?;
    let active_micros = engine.clock.now_micros();
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
    engine.transact(store).await
}
