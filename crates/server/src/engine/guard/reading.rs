//! Reads what a body says about itself while the body comes by.

use bytes::Bytes;
use md5::{Digest as _, Md5};
use statelock_protocol::state::{Digest, StateHeader, StateReadError};

use crate::engine::beside::Beside;
use crate::engine::{Engine, EngineError};
use crate::records::{BodyFacts, Content};
use crate::storage::StorageError;

/// A state header that is read while its body comes in.
pub(in crate::engine) struct HeaderReading(Beside<Result<StateHeader, StateReadError>>);

impl HeaderReading {
    /// Begins to read. Dropped, it ends by itself.
    pub(in crate::engine) fn begin() -> Self {
        Self(Beside::begin(StateHeader::read_from))
    }

    /// Takes the next piece of the body.
    pub(in crate::engine) async fn feed(&mut self, piece: Bytes) {
        self.0.feed(piece).await;
    }

    /// What was read, after the last piece.
    pub(in crate::engine) async fn finish(
        self,
    ) -> Result<Result<StateHeader, StateReadError>, StorageError> {
        self.0.finish().await
    }
}

impl Engine {
    /// Reads a stored body and what it says about itself. Slow for a large one: keep it out of write
    /// transactions.
    pub(in crate::engine) async fn read_facts(
        &self,
        content: &Content,
    ) -> Result<BodyFacts, EngineError> {
        let mut header = HeaderReading::begin();
        let mut md5 = Beside::begin(|mut pieces| {
            let mut md5 = Md5::new();
            while let Some(piece) = pieces.next() {
                md5.update(&piece);
            }
            Digest::from_bytes(md5.finalize().into())
        });
        let mut body = self.read_body(content, 0..content.size);
        let mut size = 0;
        while let Some(piece) = body.recv().await {
            let piece = piece?;
            size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            header.feed(piece.clone()).await;
            md5.feed(piece).await;
        }
        if size != content.size {
            // The reader gave up: the body went away, or nobody took its pieces for too long.
            return Err(
                StorageError::Failed("a body could not be read to its end".to_owned()).into()
            );
        }
        Ok(BodyFacts::new(md5.finish().await?, size, header.finish().await?))
    }
}
