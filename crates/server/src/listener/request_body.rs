//! A request's body, watched: what is left of it when the answer is ready?
//!
//! A refusal may come before the body was read. Closing the connection then would make the client's
//! next write fail before it sees the answer, and keeping it open would read the body as a request.
//! So what little is left is read away, and a connection with more left is closed, and said to be.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::chunk_end::ChunkEnd;

/// How much of an unread body is read away, and for how long, before the connection is given up.
const DRAIN_BYTES_MAX: u64 = 32 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a body is not there as a whole.
#[derive(Debug)]
pub(crate) enum CollectError {
    /// It is larger than it may be.
    TooLarge,
    /// Nothing of it arrived for too long.
    Stalled,
    /// It ended early.
    Incomplete(hyper::Error),
}

/// A body that its reader and its watcher share.
#[derive(Clone, Debug)]
pub(crate) struct RequestBody(Arc<Mutex<Watched>>);

#[derive(Debug)]
struct Watched {
    incoming: Incoming,
    /// Reads along where the body is `aws-chunked`.
    chunk_end: Option<ChunkEnd>,
    /// Whether the client waits for `100 Continue` and was not told to go on.
    awaits_continue: bool,
    ended: bool,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, headers: &HeaderMap) -> Self {
        let has = |name: &str, what: &str| {
            headers.get(name).is_some_and(|value| value.as_bytes().starts_with(what.as_bytes()))
        };
        let chunk_end = has("x-amz-content-sha256", "STREAMING-").then(ChunkEnd::default);
        let awaits_continue = has("expect", "100-");
        let ended = incoming.is_end_stream();
        Self(Arc::new(Mutex::new(Watched { incoming, chunk_end, awaits_continue, ended })))
    }

    /// Whether an `aws-chunked` body came to its proper end; true of any other body.
    pub(crate) fn ended_properly(&self) -> bool {
        self.watched().chunk_end.as_ref().is_none_or(ChunkEnd::has_ended)
    }

    /// The whole body, unless it is larger than so many bytes, or nothing of it arrives for so long.
    pub(crate) async fn collected(
        &mut self,
        size_bytes_max: usize,
        stall_timeout: Duration,
    ) -> Result<Bytes, CollectError> {
        let mut received = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(stall_timeout, self.frame()).await;
            let Some(frame) = frame.map_err(|_| CollectError::Stalled)? else {
                return Ok(received.freeze());
            };
            let frame = frame.map_err(CollectError::Incomplete)?;
            let Some(data) = frame.data_ref() else { continue };
            if received.len() + data.len() > size_bytes_max {
                return Err(CollectError::TooLarge);
            }
            received.extend_from_slice(data);
        }
    }

    /// Whether all of it has arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.watched().ended
    }

    /// Reads away what is left, within bounds. Answers whether the connection can go on.
    pub(super) async fn finish(&mut self) -> bool {
        {
            let watched = self.watched();
            if watched.ended {
                return true;
            }
            // Reading would ask the client for all of it.
            if watched.awaits_continue {
                return false;
            }
        }
        let drain = async {
            let mut left = DRAIN_BYTES_MAX;
            while let Some(Ok(frame)) = self.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
                if left == 0 {
                    break;
                }
            }
        };
        // Out of time or not: what counts is whether the end was reached.
        if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
            tracing::debug!("a client was slow to send a body that is not wanted");
        }
        self.watched().ended
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut watched = self.watched();
        watched.awaits_continue = false;
        let polled = Pin::new(&mut watched.incoming).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(data), Some(chunk_end)) = (frame.data_ref(), &mut watched.chunk_end) {
                    chunk_end.read(data);
                }
                watched.ended = watched.incoming.is_end_stream();
            }
            Poll::Ready(None) => watched.ended = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.watched().incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.watched().incoming.size_hint()
    }
}
