//! A gate before the wire: requests that are signed and ready wait there for each other.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{Barrier, oneshot};

/// How long one waits for the others: somebody may have failed before the gate.
const BOUND: Duration = Duration::from_secs(5);
/// How long a store has to take in what was sent of each request before the rest follows.
const SETTLE: Duration = Duration::from_millis(30);

/// What waits for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// The whole request: all are sent at once.
    Request,
    /// Its last byte: all are begun, and then ended at once. A store that looks before it has the body lets
    /// everybody in.
    LastByte,
}

/// Through which the requests of one seat go.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<Option<Start>>>);

#[derive(Clone, Debug)]
struct Start {
    barrier: Arc<Barrier>,
    hold: Hold,
}

impl Gate {
    /// The next request waits until all that share the barrier are here.
    pub(super) fn close(&self, barrier: &Arc<Barrier>, hold: Hold) {
        *self.lock() = Some(Start { barrier: Arc::clone(barrier), hold });
    }

    /// Nothing waits any more.
    pub(super) fn open(&self) {
        *self.lock() = None;
    }

    fn take(&self) -> Option<Start> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Start>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An HTTP stack behind a gate.
#[derive(Clone, Debug)]
pub(super) struct GatedClient {
    inner: SharedHttpClient,
    gate: Gate,
}

impl GatedClient {
    pub(super) fn new(inner: SharedHttpClient, gate: Gate) -> Self {
        Self { inner, gate }
    }

    pub(super) fn shared(self) -> SharedHttpClient {
        SharedHttpClient::new(self)
    }
}

impl HttpClient for GatedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(GatedConnector { inner, gate: self.gate.clone() })
    }
}

#[derive(Debug)]
struct GatedConnector {
    inner: SharedHttpConnector,
    gate: Gate,
}

impl HttpConnector for GatedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let Some(Start { barrier, hold }) = self.gate.take() else {
            return self.inner.call(request);
        };
        let inner = self.inner.clone();
        match hold {
            Hold::Request => HttpConnectorFuture::new(async move {
                pass(&barrier).await;
                inner.call(request).await
            }),
            Hold::LastByte => {
                hold_last_byte(&mut request, barrier);
                inner.call(request)
            }
        }
    }
}

async fn pass(barrier: &Barrier) {
    // Whoever waited too long goes on alone: the round is weaker then, and not wrong.
    tokio::time::timeout(BOUND, barrier.wait()).await.map(|_| ()).unwrap_or_default();
}

/// Gives the request a body whose last byte comes when all are there. A body that is a stream, or empty,
/// stays as it is.
fn hold_last_byte(request: &mut HttpRequest, barrier: Arc<Barrier>) {
    let Some(whole) = request.body().bytes().map(Bytes::copy_from_slice) else { return };
    let Some(end) = whole.len().checked_sub(1) else { return };
    let (all, released) = oneshot::channel();
    tokio::spawn(async move {
        pass(&barrier).await;
        tokio::time::sleep(SETTLE).await;
        // The request may have been given up.
        all.send(()).unwrap_or_default();
    });
    let (first, last) = (whole.slice(..end), whole.slice(end..));
    let body = HeldBody { first: Some(first), last: Some(last), released };
    *request.body_mut() = SdkBody::from_body_1_x(body);
}

/// A body whose last part waits.
#[derive(Debug)]
struct HeldBody {
    first: Option<Bytes>,
    last: Option<Bytes>,
    released: oneshot::Receiver<()>,
}

impl Body for HeldBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.last.is_some() {
            // An error means that the other side is gone, which releases as well.
            ready!(Pin::new(&mut self.released).poll(context)).unwrap_or_default();
        }
        Poll::Ready(self.last.take().map(|last| Ok(Frame::data(last))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
        let left = length(&self.first).saturating_add(length(&self.last));
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}
