//! What the server counts, as Prometheus reads it. `docs/operations/serve.md` lists every name.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds, from a cached read to a large upload.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Upper bounds in seconds, from the pause between two tries to a day's deployment.
const WAIT_SECONDS: [f64; 10] = [0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];

/// Counters of one server. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<ApiLabel, Histogram, fn() -> Histogram>,
    connections: Gauge,
    connections_refused: Counter<u64, AtomicU64>,
    queue: QueueMetrics,
}

/// Which API a request reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Api {
    Admin,
    S3,
    Identity,
    DynamoDb,
    HttpBackend,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    api: Api,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiLabel {
    api: Api,
}

/// Counts a connection as open while it lives.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("statelock");
        let requests = Family::default();
        let constructor: fn() -> Histogram = histogram;
        let durations = Family::new_with_constructor(constructor);
        let (connections, connections_refused) = (Gauge::default(), Counter::default());
        registry.register("requests", "Requests answered", requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time from a request's header to its answer's header",
            durations.clone(),
        );
        registry.register("connections", "Open connections", connections.clone());
        registry.register(
            "connections_refused",
            "Connections refused because there were too many",
            connections_refused.clone(),
        );
        let queue = QueueMetrics::default();
        queue.register(&mut registry);
        let registry = Arc::new(registry);
        Self { registry, requests, durations, connections, connections_refused, queue }
    }

    pub(crate) fn request(&self, api: Api, status: u16, micros: u64) {
        self.requests.get_or_create(&RequestLabels { api, status }).inc();
        let seconds = std::time::Duration::from_micros(micros).as_secs_f64();
        self.durations.get_or_create(&ApiLabel { api }).observe(seconds);
    }

    pub(crate) fn connection_opened(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// The counters of requests for locks.
    pub fn queue(&self) -> QueueMetrics {
        self.queue.clone()
    }

    /// Everything as OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail; a partial page would still be valid lines.
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "could not render metrics");
        }
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

/// Counters of requests for locks. Cloning shares them.
#[derive(Clone, Debug)]
pub struct QueueMetrics {
    waiting: Gauge,
    refused: Counter<u64, AtomicU64>,
    left: Counter<u64, AtomicU64>,
    waited: Histogram,
}

impl Default for QueueMetrics {
    fn default() -> Self {
        Self {
            waiting: Gauge::default(),
            refused: Counter::default(),
            left: Counter::default(),
            waited: Histogram::new(WAIT_SECONDS),
        }
    }
}

impl QueueMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "lock_waiters",
            "Requests for a lock that are held open",
            self.waiting.clone(),
        );
        registry.register(
            "lock_refusals",
            "Requests for a lock that were refused",
            self.refused.clone(),
        );
        registry.register(
            "lock_waiters_left",
            "Requests for a lock whose client went away while they were held open",
            self.left.clone(),
        );
        registry.register(
            "lock_wait_seconds",
            "Time from the first attempt to the grant, for locks that were granted after waiting",
            self.waited.clone(),
        );
    }

    pub(crate) fn waiting(&self, requests: usize) {
        self.waiting.set(i64::try_from(requests).unwrap_or(i64::MAX));
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn left(&self) {
        self.left.inc();
    }

    pub(crate) fn granted(&self, waited: std::time::Duration) {
        self.waited.observe(waited.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::{Api, Metrics};

    #[test]
    fn names_are_stable() {
        let metrics = Metrics::new();
        metrics.request(Api::S3, 412, 1_500);
        let open = metrics.connection_opened();
        metrics.connection_refused();
        let queue = metrics.queue();
        queue.waiting(3);
        queue.refused();
        queue.left();
        queue.granted(std::time::Duration::from_secs(2));
        let text = metrics.render();
        drop(open);
        for line in [
            "statelock_requests_total{api=\"S3\",status=\"412\"} 1",
            "statelock_request_duration_seconds_count{api=\"S3\"} 1",
            "statelock_connections 1",
            "statelock_connections_refused_total 1",
            "statelock_lock_waiters 3",
            "statelock_lock_refusals_total 1",
            "statelock_lock_waiters_left_total 1",
            "statelock_lock_wait_seconds_sum 2.0",
        ] {
            assert!(text.contains(line), "{line} missing in\n{text}");
        }
        assert!(metrics.render().contains("statelock_connections 0"));
    }
}
