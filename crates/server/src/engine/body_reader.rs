//! Gives a body out, piece by piece, at the speed of its reader.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Engine, codec};
use crate::records::{BodyId, Chunk, Content, Segment};
use crate::storage::{self, CHUNK_SIZE_BYTES_MAX, StorageError, Table};

/// Pieces read ahead of the client; each is at most one mebibyte.
const READ_AHEAD: usize = 1;

/// Which bytes of an object are wanted: `start..end`, within the object.
pub type BodyRange = Range<u64>;

/// One stored piece and which of its bytes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    body: BodyId,
    index: u32,
    within: Range<usize>,
}

impl Engine {
    /// Streams the bytes `range` of `content`.
    ///
    /// A damaged piece ends the stream with an error; nothing damaged is given out.
    pub fn read_body(
        &self,
        content: &Content,
        range: BodyRange,
    ) -> mpsc::Receiver<Result<Bytes, StorageError>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let pieces = pieces(&content.segments, &range);
        let engine = self.clone();
        tokio::spawn(async move {
            let _turn = tokio::select! {
                turn = Arc::clone(&engine.readers).acquire_owned() => turn,
                // The client went away while it waited.
                () = sender.closed() => return,
            };
            for piece in pieces {
                // Room first: a piece that waits in memory for a slow reader is a piece too many.
                let room = tokio::time::timeout(engine.limits.stall_timeout, sender.reserve());
                let Ok(Ok(room)) = room.await else { return };
                let bytes = engine.read_piece(piece).await;
                let failed = bytes.is_err();
                room.send(bytes);
                if failed {
                    return;
                }
            }
        });
        receiver
    }

    async fn read_piece(&self, piece: Piece) -> Result<Bytes, StorageError> {
        storage::read(&self.storage, move |transaction| {
            let key = Chunk::key(piece.body, piece.index);
            let chunk = transaction.get(Table::Chunks, &key)?.ok_or_else(missing)?;
            slice(&chunk, piece.within.clone())
        })
        .await
    }
}

/// The wanted bytes of a stored piece.
pub(super) fn slice(chunk: &[u8], within: Range<usize>) -> Result<Bytes, StorageError> {
    let bytes = codec::decode(chunk)?;
    if within.end > bytes.len() {
        return Err(StorageError::Corrupt("a piece is shorter than its record says".to_owned()));
    }
    Ok(bytes.slice(within))
}

pub(super) fn missing() -> StorageError {
    StorageError::Corrupt("a piece of an object is missing".to_owned())
}

fn pieces(segments: &[Segment], range: &BodyRange) -> Vec<Piece> {
    let chunk_size = u64::try_from(CHUNK_SIZE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut pieces = Vec::new();
    let mut segment_start = 0;
    for segment in segments {
        let segment_end = segment_start + segment.size;
        let mut at = range.start.max(segment_start);
        while at < range.end.min(segment_end) {
            let index = (at - segment_start) / chunk_size;
            let chunk_start = segment_start + index * chunk_size;
            let chunk_end = (chunk_start + chunk_size).min(segment_end);
            let until = chunk_end.min(range.end);
            let offset = |position: u64| usize::try_from(position - chunk_start).unwrap_or(0);
            pieces.push(Piece {
                body: segment.body,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                within: offset(at)..offset(until),
            });
            at = until;
        }
        segment_start = segment_end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHUNK_SIZE_BYTES_MAX, pieces};
    use crate::records::{BodyId, Segment};

    fn wide(number: usize) -> u64 {
        u64::try_from(number).unwrap()
    }

    proptest! {
        #[test]
        fn pieces_cover_exactly_the_range(
            sizes in proptest::collection::vec(0..3_000_000_u64, 0..4),
            cut in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let segments: Vec<_> = sizes
                .iter()
                .zip(0_u8..)
                .map(|(size, n)| Segment { body: BodyId([n; 16]), size: *size })
                .collect();
            let total: u64 = sizes.iter().sum();
            let bound = usize::try_from(total).unwrap() + 1;
            let (a, b) = (wide(cut.0.index(bound)), wide(cut.1.index(bound)));
            let range = a.min(b)..a.max(b);
            let mut position = range.start;
            for piece in pieces(&segments, &range) {
                let before: u64 = sizes.iter().take(usize::from(piece.body.0[0])).sum();
                let start = before + u64::from(piece.index) * wide(CHUNK_SIZE_BYTES_MAX);
                prop_assert_eq!(start + wide(piece.within.start), position);
                prop_assert!(piece.within.end <= CHUNK_SIZE_BYTES_MAX);
                position = start + wide(piece.within.end);
            }
            prop_assert_eq!(position, range.end);
        }
    }
}
