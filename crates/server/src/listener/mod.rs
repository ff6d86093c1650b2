//! The one port: accepts connections, bounds what each may cost, and drains at the end.
//!
//! Bounds: connections (beyond them a client gets 503 at once), the size and number of headers, the
//! time for a header and between requests, the time of a whole request, and the time for which a
//! client may leave an answer unread. Bodies are bounded where they are taken in.

mod chunk_end;
mod dispatch;
mod error_body;
mod request_body;
mod request_id;
mod route;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

pub(crate) use dispatch::{Application, Dispatcher};
pub(crate) use request_body::{CollectError, RequestBody};

use crate::metrics::Metrics;

/// Names and values of all headers of one request.
const HEADER_SIZE_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;
/// Sent without reading a request, when there are too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    retry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// What the listener allows.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at a time.
    pub connections_max: usize,
    /// Time for a whole request header, and between requests of one connection.
    pub header_timeout: Duration,
    /// Time for a request, from its header to the header of its answer.
    pub request_timeout: Duration,
    /// Time for which a client may leave an answer unread.
    pub stall_timeout: Duration,
    /// Time for requests in flight when the server is told to stop.
    pub drain_timeout: Duration,
}

/// Serves until `stop` completes, then lets requests in flight finish.
pub(crate) async fn serve(
    listener: TcpListener,
    dispatcher: Arc<Dispatcher>,
    limits: ConnectionLimits,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to close.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => {
                let connection = Connection { stream, peer, slot };
                connection.spawn(&dispatcher, limits, &graceful, &metrics);
            }
            Err(_) => refuse(&stream, &metrics),
        }
    }
    drop(listener);
    drain(graceful, limits.drain_timeout).await;
}

async fn drain(graceful: GracefulShutdown, timeout: Duration) {
    tracing::info!(connections = graceful.count(), "draining");
    if tokio::time::timeout(timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight when the drain time ended");
    }
}

/// Says that there is no room. Best effort: the socket's buffer takes so few bytes at once.
fn refuse(stream: &TcpStream, metrics: &Metrics) {
    metrics.connection_refused();
    if let Err(error) = stream.try_write(TOO_MANY) {
        tracing::debug!(%error, "could not refuse a connection politely");
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
}

impl Connection {
    fn spawn(
        self,
        dispatcher: &Arc<Dispatcher>,
        limits: ConnectionLimits,
        graceful: &GracefulShutdown,
        metrics: &Metrics,
    ) {
        let Self { stream, peer, slot } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not switch off Nagle's algorithm");
        }
        let mut io = TimeoutStream::new(stream);
        io.set_write_timeout(Some(limits.stall_timeout));
        let io: Pin<Box<_>> = Box::pin(io);
        let dispatcher = Arc::clone(dispatcher);
        let line = Arc::new(dispatcher.connected(peer));
        let service = service_fn(move |request| {
            let (dispatcher, line) = (Arc::clone(&dispatcher), Arc::clone(&line));
            async move { Box::pin(dispatcher.answer(request, &line)).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_headers(HEADERS_MAX)
            .max_header_size(HEADER_SIZE_BYTES_MAX)
            .serve_connection(TokioIo::new(io), service);
        let connection = graceful.watch(connection);
        let open = metrics.connection_opened();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop((slot, open));
        });
    }
}
