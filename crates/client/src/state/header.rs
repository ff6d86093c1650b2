//! Reads a state's header while its bytes stream by.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use statelock_protocol::state::{StateHeader, StateReadError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How many pieces may wait for the parser: what comes faster waits on the network.
const PIECES_MAX: usize = 4;

/// A parser on a thread of its own. Dropped, it ends by itself.
pub(super) struct HeaderReader {
    pieces: mpsc::Sender<Bytes>,
    header: JoinHandle<Result<StateHeader, StateReadError>>,
}

impl HeaderReader {
    /// Must be called inside a runtime.
    pub(super) fn start() -> Self {
        let (pieces, received) = mpsc::channel(PIECES_MAX);
        let source = Pieces { received, current: Bytes::new() };
        let header = tokio::task::spawn_blocking(move || StateHeader::read_from(source));
        Self { pieces, header }
    }

    pub(super) async fn take(&self, piece: Bytes) {
        // A parser that has seen enough takes no more.
        self.pieces.send(piece).await.ok();
    }

    /// What the bytes say about themselves. To be called when all have come.
    pub(super) async fn finish(self) -> Result<StateHeader, StateReadError> {
        let Self { pieces, header } = self;
        drop(pieces);
        let failed = |error: tokio::task::JoinError| StateReadError::SourceFailed {
            reason: error.to_string(),
        };
        header.await.unwrap_or_else(|error| Err(failed(error)))
    }
}

struct Pieces {
    received: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.received.blocking_recv() {
                Some(piece) => self.current = piece,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.current.len());
        let (target, _) = into.split_at_mut(count);
        self.current.copy_to_slice(target);
        Ok(count)
    }
}
