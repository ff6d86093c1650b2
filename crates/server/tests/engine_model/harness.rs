//! An engine with a clock and a randomness of the test's own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    Clock, Connection, ConnectionId, DeleteCondition, DeleteRequest, Engine, EngineError,
    GuardMode, GuardPolicy, IdSource, Limits, Protocol, PutRequest, Sender, Staged, WriteClaim,
};
use statelock_server::records::{Content, Headers, VersionId, Versioning};
use statelock_server::storage::{self, Storage, StorageError, Table};

pub(crate) const BUCKET: &str = "model";
pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
/// Where every test's time begins: far enough from zero to go back.
pub(crate) const START: u64 = 1_000 * HOUR;

/// A clock that stands until it is told.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn set(&self, micros: u64) {
        self.0.store(micros, Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, micros: u64) {
        self.set(self.now_micros() + micros);
    }
}

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Identifiers that never repeat and are the same in every run.
struct Counting(AtomicU64);

impl IdSource for Counting {
    fn random(&self) -> Result<[u8; 16], EngineError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [0; 16];
        // The engine takes its nonces from the head and its body ids from the whole.
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Ok(bytes)
    }
}

/// An engine, its clock and the storage below it.
#[derive(Clone)]
pub(crate) struct Harness {
    pub(crate) engine: Engine,
    pub(crate) clock: TestClock,
    pub(crate) storage: Arc<dyn Storage>,
}

impl Harness {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        let clock = TestClock::default();
        clock.set(START);
        let ids = Arc::new(Counting(AtomicU64::new(1)));
        let limits = Limits { body_size_bytes_max: 64 << 20, ..Limits::default() };
        let engine = Engine::new(Arc::clone(&storage), Arc::new(clock.clone()), ids, limits);
        // The model is of S3, and S3 guards no state.
        let engine = engine.with_guard(GuardPolicy { mode: GuardMode::Off, direct_clients: false });
        // One client asks after the other here: to wait for a lock would be for nothing.
        engine.stop_waiting();
        Self { engine, clock, storage }
    }

    /// With the bucket made.
    pub(crate) async fn with_bucket(storage: Arc<dyn Storage>, versioning: Versioning) -> Self {
        let harness = Self::new(storage);
        let made = harness.engine.create_bucket(BUCKET.to_owned(), String::new(), versioning, None);
        made.await.unwrap();
        harness
    }

    pub(crate) async fn stage(&self, body: &Bytes) -> Staged {
        let pieces = futures::stream::iter([Ok::<_, StorageError>(body.clone())]);
        self.engine.stage(pieces, &[], EngineError::Storage).await.unwrap()
    }

    pub(crate) async fn put(&self, key: &str, body: &Bytes) -> VersionId {
        let staged = self.stage(body).await;
        let written = self.engine.put(put_request(key), staged).await.unwrap();
        written.version.unwrap_or(VersionId::Null)
    }

    pub(crate) async fn delete(&self, key: &str, version: Option<VersionId>) {
        self.engine.delete(DeleteRequest { version, ..delete_request(key) }).await.unwrap();
    }

    /// The current object's bytes, read as an answer to a GET is.
    pub(crate) async fn read(&self, key: &str) -> Result<Bytes, EngineError> {
        let found = self.engine.find(BUCKET.to_owned(), key.to_owned(), None, true).await?;
        let (version, _, body) = found;
        let content = version.content.ok_or(EngineError::NoSuchKey)?;
        match body {
            Some(body) => Ok(body),
            None => Ok(self.stream(&content).await?),
        }
    }

    /// All bytes of a content, piece by piece.
    pub(crate) async fn stream(&self, content: &Content) -> Result<Bytes, StorageError> {
        let mut pieces = self.engine.read_body(content, 0..content.size);
        let mut body = Vec::new();
        while let Some(piece) = pieces.recv().await {
            body.extend_from_slice(&piece?);
        }
        Ok(body.into())
    }

    /// How many rows there are of each family, and how many pieces of bodies (`#`). The audit log has
    /// tests of its own, and only grows.
    pub(crate) async fn rows(&self) -> BTreeMap<char, usize> {
        let rows = storage::read(&self.storage, |transaction| {
            let records = transaction.scan(Table::Records, &[], None, usize::MAX)?;
            let chunks = transaction.scan(Table::Chunks, &[], None, usize::MAX)?;
            let families = records.iter().map(|(key, _)| char::from(key[0]));
            let families = families.filter(|family| !matches!(family, 'a' | 'h'));
            Ok(families.chain(chunks.iter().map(|_| '#')).collect::<Vec<_>>())
        });
        let mut counts = BTreeMap::new();
        for family in rows.await.unwrap() {
            *counts.entry(family).or_insert(0) += 1;
        }
        counts
    }

    /// Lets everything that is kept for a while expire.
    pub(crate) async fn expire_all(&self) {
        self.clock.advance(100 * HOUR);
        self.engine.sweep().await.unwrap();
    }
}

/// How a request comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// What its client calls all attempts of it; `None` if it says nothing.
    pub(crate) id: Option<u8>,
    /// It was not sent before.
    pub(crate) sent_after: u64,
}

impl Call {
    /// Clients with an even name share a connection, and so do the others.
    pub(crate) fn connection(self) -> u64 {
        u64::from(self.id.is_some_and(|id| id % 2 == 1))
    }

    pub(crate) fn sender(self) -> Sender {
        let mut sender = sender(self.id.map(|id| format!("call-{id}")));
        sender.connection.id = ConnectionId(self.connection());
        sender.connection.idle_since_micros = self.sent_after;
        sender
    }
}

/// A client of the S3 API: Terraform. All of them look alike.
pub(crate) fn sender(invocation: Option<String>) -> Sender {
    let connection = Connection {
        id: ConnectionId(0),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        idle_since_micros: START,
    };
    Sender {
        protocol: Protocol::S3,
        principal: "root".to_owned(),
        connection,
        proxied: false,
        user_agent: "APN/1.0 HashiCorp/1.0 Terraform/1.11.4".to_owned(),
        invocation,
    }
}

pub(crate) fn put_request(key: &str) -> PutRequest {
    PutRequest {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        precondition: Precondition::None,
        headers: Headers::default(),
        tags: Vec::new(),
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender: sender(None),
    }
}

pub(crate) fn delete_request(key: &str) -> DeleteRequest {
    DeleteRequest {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        version: None,
        condition: DeleteCondition::None,
        claim: WriteClaim::Unnamed,
        sender: sender(None),
    }
}

/// A body of `size` bytes that does not repeat with the pieces it is stored in.
pub(crate) fn body(size: usize, seed: u8) -> Bytes {
    let text: Vec<u8> = (0..=250_u8).map(|byte| byte ^ seed).collect();
    text.into_iter().cycle().take(size).collect()
}

/// A lock info with this ID, as a client sends it.
pub(crate) fn lock_info(id: &str) -> Bytes {
    format!(r#"{{"ID":"{id}","Operation":"OperationTypeApply","Info":"","Who":"a@b"}}"#).into()
}

/// Runs one test's future.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
