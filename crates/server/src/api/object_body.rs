//! Gives the body of an object out, as every API that reads objects does.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use s3s::dto::StreamingBlob;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::records::Content;
use crate::storage::StorageError;

/// The bytes `range` of an object: from `whole` if its bytes came with its record, else read piece by
/// piece at the speed of the client.
pub(super) fn give_out(
    engine: &Engine,
    content: &Content,
    whole: Option<&Bytes>,
    range: Range<u64>,
) -> StreamingBlob {
    let chosen = whole.and_then(|body| {
        let within = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        (within.end <= body.len()).then(|| body.slice(within))
    });
    match chosen {
        Some(bytes) => StreamingBlob::from(s3s::Body::from(bytes)),
        None => StreamingBlob::wrap(Received(engine.read_body(content, range))),
    }
}

/// A body that another task reads ahead.
pub(super) struct Received(pub(super) mpsc::Receiver<Result<Bytes, StorageError>>);

impl Stream for Received {
    type Item = Result<Bytes, StorageError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
