//! What is computed from a body while the body comes by, on threads of its own.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use crate::storage::StorageError;

/// Pieces on their way to a reader; each is at most one mebibyte.
const PIECES_AHEAD: usize = 2;

/// Something that is computed from a body, piece by piece, on a thread of its own.
pub(super) struct Beside<T> {
    /// `None` once the thread wants no more.
    pieces: Option<mpsc::Sender<Bytes>>,
    result: JoinHandle<T>,
}

impl<T: Send + 'static> Beside<T> {
    /// Begins to compute. Dropped, it ends by itself.
    pub(super) fn begin(work: impl FnOnce(Pieces) -> T + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let pieces = Pieces { receiver, piece: Bytes::new() };
        Self { pieces: Some(sender), result: tokio::task::spawn_blocking(|| work(pieces)) }
    }

    /// Takes the next piece of the body.
    pub(super) async fn feed(&mut self, piece: Bytes) {
        if let Some(pieces) = &self.pieces
            && pieces.send(piece).await.is_err()
        {
            self.pieces = None;
        }
    }

    /// What was computed, after the last piece.
    pub(super) async fn finish(self) -> Result<T, StorageError> {
        drop(self.pieces);
        let unfinished = |error: JoinError| {
            StorageError::Failed(format!("what is computed from a body was not finished: {error}"))
        };
        self.result.await.map_err(unfinished)
    }
}

/// A body as the thread beside it sees it.
pub(super) struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Pieces {
    /// The next piece, if there is one.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        self.receiver.blocking_recv()
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.next() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.piece.len());
        let (target, _) = into.split_at_mut(count);
        self.piece.copy_to_slice(target);
        Ok(count)
    }
}
