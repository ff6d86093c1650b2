//! Reads what a body says about itself while the body comes by.

use bytes::Bytes;
use statelock_protocol::state::{Digest, StateHeader, StateReadError};

use crate::engine::beside::Beside;
use crate::engine::checksums::{Hasher, Hashes};
use crate::engine::{Engine, EngineError};
use crate::records::{BodyFacts, ChecksumAlgorithm, Content};
use crate::storage::StorageError;

/// What a body says about itself, if it is a state.
pub(in crate::engine) type HeaderRead = Result<StateHeader, StateReadError>;

/// The hashes of a body, and its state header, on a thread each while it comes in.
pub(in crate::engine) struct BodyReading {
    hashes: Beside<Hashes>,
    header: Beside<HeaderRead>,
}

impl BodyReading {
    /// Begins to compute the MD5 and these checksums, and to read the header. Dropped, it ends by itself.
    pub(in crate::engine) fn begin(checksums: &[ChecksumAlgorithm]) -> Self {
        let mut running = Hasher::new(checksums);
        let hashes = Beside::begin(move |mut pieces| {
            while let Some(piece) = pieces.next() {
                running.update(&piece);
            }
            running.finish()
        });
        Self { hashes, header: Beside::begin(StateHeader::read_from) }
    }

    /// Takes the next piece of the body.
    pub(in crate::engine) async fn feed(&mut self, piece: &Bytes) {
        self.hashes.feed(piece.clone()).await;
        self.header.feed(piece.clone()).await;
    }

    /// What was computed and read, after the last piece.
    pub(in crate::engine) async fn finish(self) -> Result<(Hashes, HeaderRead), StorageError> {
        Ok((self.hashes.finish().await?, self.header.finish().await?))
    }
}

impl Engine {
    /// Reads a stored body and what it says about itself. Slow for a large one: keep it out of write
    /// transactions.
    pub(in crate::engine) async fn read_facts(
        &self,
        content: &Content,
    ) -> Result<BodyFacts, EngineError> {
        // Begun with the first piece: who still waits for its turn to read must not hold threads, which
        // those that read need.
        let mut reading = None;
        let mut body = self.read_body(content, 0..content.size);
        let mut size = 0;
        while let Some(piece) = body.recv().await {
            let piece = piece?;
            size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            reading.get_or_insert_with(|| BodyReading::begin(&[])).feed(&piece).await;
        }
        if size != content.size {
            // The reader gave up: the body went away, or nobody took its pieces for too long.
            return Err(
                StorageError::Failed("a body could not be read to its end".to_owned()).into()
            );
        }
        let reading = reading.unwrap_or_else(|| BodyReading::begin(&[]));
        let (hashes, header) = reading.finish().await?;
        Ok(BodyFacts::new(Digest::from_bytes(hashes.md5), size, header))
    }
}
