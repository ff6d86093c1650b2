//! An engine whose clock is tokio's, so that a test which pauses time pauses both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use statelock_protocol::lock::unified::{Facet, Hold};
use statelock_server::SystemRandomness;
use statelock_server::engine::tables::NewTable;
use statelock_server::engine::{
    Clock, Engine, EngineError, Limits, ListingItem, ListingRequest, LockedState,
};
use statelock_server::records::{VersionRecord, Versioning};
use statelock_server::storage::embedded::EmbeddedStorage;
use statelock_server::storage::memory::MemoryStorage;
use statelock_server::storage::{self, Storage, Table, Verdict};
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const BUCKET: &str = "states";
pub(crate) const KEY: &str = "app/terraform.tfstate";
pub(crate) const LOCKFILE: &str = "app/terraform.tfstate.tflock";
pub(crate) const TABLE: &str = "terraform-locks";
pub(crate) const SECOND: u64 = 1_000_000;
/// Far enough from zero to go back.
const START: u64 = 1_000_000 * SECOND;

/// Tokio's clock, and what a test adds to it.
#[derive(Clone)]
pub(crate) struct TestClock {
    began: Instant,
    added: Arc<AtomicU64>,
}

impl TestClock {
    pub(crate) fn advance(&self, micros: u64) {
        self.added.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_micros()).unwrap();
        START + passed + self.added.load(Ordering::SeqCst)
    }
}

/// An engine over one storage.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) clock: TestClock,
    pub(crate) storage: Arc<dyn Storage>,
}

impl Server {
    pub(crate) fn over(storage: Arc<dyn Storage>) -> Self {
        let clock = TestClock { began: Instant::now(), added: Arc::default() };
        let (time, ids) = (Arc::new(clock.clone()), Arc::new(SystemRandomness));
        let engine = Engine::new(Arc::clone(&storage), time, ids, Limits::default());
        Self { engine, clock, storage }
    }

    pub(crate) async fn with_bucket(storage: Arc<dyn Storage>) -> Self {
        let server = Self::with_table(storage).await;
        server.create_bucket(BUCKET).await;
        server
    }

    /// With a lock table, and without the bucket.
    pub(crate) async fn with_table(storage: Arc<dyn Storage>) -> Self {
        let server = Self::over(storage);
        server.engine.create_table(NewTable::lock_table(TABLE, "us-east-1"), None).await.unwrap();
        server
    }

    pub(crate) async fn create_bucket(&self, bucket: &str) {
        let (bucket, versioning) = (bucket.to_owned(), Versioning::Enabled);
        self.engine.create_bucket(bucket, String::new(), versioning, None).await.unwrap();
    }

    pub(crate) async fn hold(&self) -> Option<Hold> {
        self.engine.lock_holder(state()).await.unwrap().map(|(hold, _)| hold)
    }

    /// The lock ID that holds.
    pub(crate) async fn holder(&self) -> Option<String> {
        self.hold().await.and_then(|hold| Some(hold.id?.as_str().to_owned()))
    }

    /// The facets that the holder has.
    pub(crate) async fn facets(&self) -> Vec<Facet> {
        self.hold().await.map(|hold| hold.facets.iter().collect()).unwrap_or_default()
    }

    /// The lockfile as a GET finds it.
    pub(crate) async fn lockfile(&self) -> Option<(VersionRecord, Bytes)> {
        let key = LOCKFILE.to_owned();
        match self.engine.find(BUCKET.to_owned(), key, None, true).await {
            Ok((version, _, body)) => Some((version, body.unwrap())),
            Err(EngineError::NoSuchKey) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn listed(&self) -> Vec<String> {
        let request = ListingRequest {
            bucket: BUCKET.to_owned(),
            prefix: String::new(),
            delimiter: String::new(),
            after: None,
            limit: 1000,
        };
        let listing = self.engine.list(request).await.unwrap();
        let keys = listing.items.into_iter().map(|item| match item {
            ListingItem::Object(key, _) => key,
            ListingItem::CommonPrefix(prefix) => panic!("{prefix}"),
        });
        keys.collect()
    }

    /// The records of locks, as they are stored.
    pub(crate) async fn lock_rows(&self) -> Vec<serde_json::Value> {
        let rows = storage::read(&self.storage, |transaction| {
            transaction.scan(Table::Records, b"l", Some(b"m"), usize::MAX)
        });
        let rows = rows.await.unwrap();
        rows.iter().map(|(_, value)| serde_json::from_slice(value).unwrap()).collect()
    }

    /// What a version that had no records of locks leaves: lockfiles only.
    pub(crate) async fn forget_lock_rows(&self) {
        let removed = storage::write(&self.storage, |transaction| {
            let rows = transaction.scan(Table::Records, b"l", Some(b"m"), usize::MAX)?;
            for (key, _) in &rows {
                transaction.delete(Table::Records, key)?;
            }
            Ok((Verdict::Commit, rows.len()))
        });
        assert_eq!(removed.await.unwrap(), 1, "a lock to forget");
    }

    /// How many pieces of bodies are stored.
    pub(crate) async fn pieces(&self) -> usize {
        let rows = storage::read(&self.storage, |transaction| {
            transaction.scan(Table::Chunks, &[], None, usize::MAX)
        });
        rows.await.unwrap().len()
    }
}

pub(crate) fn state() -> LockedState {
    LockedState { bucket: BUCKET.to_owned(), key: KEY.to_owned() }
}

pub(crate) fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

pub(crate) fn embedded(directory: &TempDir) -> Arc<dyn Storage> {
    Arc::new(EmbeddedStorage::open(directory.path()).unwrap())
}

/// Runs a test on each storage engine, with a bucket made.
pub(crate) fn on_both<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    run(async { test(Server::with_bucket(memory()).await).await });
    let directory = tempfile::tempdir().unwrap();
    run(async { test(Server::with_bucket(embedded(&directory)).await).await });
}

/// Runs a test in memory, in a time that passes only when everybody waits.
pub(crate) fn in_paused_time<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async { test(Server::with_bucket(memory()).await).await });
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
