//! An engine in memory, with a clock that stands until it is told, and clients that write states.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{AcquireOutcome, Facet, ReleaseOutcome};
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    AllowOverwrite, AuditFilter, AuditOrder, AuditQuery, Clock, Connection, ConnectionId,
    DeleteCondition, DeleteRequest, Engine, EngineError, GuardPolicy, IdSource, Limits,
    LockedState, Protocol, PutRequest, RefusedWrite, ReleaseLock, Sender, Staged, TakeLock,
    WriteClaim, Written,
};
use statelock_server::records::{AuditRecord, Headers, VersionId, Versioning};
use statelock_server::storage::memory::MemoryStorage;
use statelock_server::storage::{Storage, StorageError};

pub(crate) const BUCKET: &str = "tfstate";
pub(crate) const KEY: &str = "app/terraform.tfstate";
const SECOND: u64 = 1_000_000;

#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

struct Counting(AtomicU64);

impl IdSource for Counting {
    fn random(&self) -> Result<[u8; 16], EngineError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Ok(bytes)
    }
}

/// The engine and its clock.
pub(crate) struct World {
    pub(crate) engine: Engine,
    clock: TestClock,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(GuardPolicy::default(), Arc::new(MemoryStorage::new())).await
    }

    pub(crate) async fn with(guard: GuardPolicy, storage: Arc<dyn Storage>) -> Self {
        let world = Self::reopened(storage);
        let engine = world.engine.with_guard(guard);
        let made = (BUCKET.to_owned(), String::new(), Versioning::Enabled, None);
        engine.create_bucket(made.0, made.1, made.2, made.3).await.unwrap();
        Self { engine, clock: world.clock }
    }

    /// Over a storage that has the bucket already.
    pub(crate) fn reopened(storage: Arc<dyn Storage>) -> Self {
        let clock = TestClock::default();
        clock.0.store(1_700_000_000 * SECOND, Ordering::SeqCst);
        let ids = Arc::new(Counting(AtomicU64::new(1)));
        let engine = Engine::new(storage, Arc::new(clock.clone()), ids, Limits::default());
        Self { engine, clock }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }

    pub(crate) async fn stage(&self, body: &[u8]) -> Staged {
        let pieces: Vec<_> = body.chunks(300_000).map(Bytes::copy_from_slice).map(Ok).collect();
        let pieces = futures::stream::iter(pieces);
        self.engine.stage(pieces, &[], |error: StorageError| error.into()).await.unwrap()
    }

    /// Writes through the S3 API.
    pub(crate) async fn put(&self, client: u64, body: &str) -> Result<Written, EngineError> {
        self.put_as(s3(client), WriteClaim::Unnamed, body).await
    }

    /// Writes through the `http` backend.
    pub(crate) async fn post(&self, id: Option<&str>, body: &str) -> Result<Written, EngineError> {
        let claim = WriteClaim::Http(id.map(lock_id));
        self.put_as(sender(Protocol::Http, 9), claim, body).await
    }

    pub(crate) async fn put_as(
        &self,
        sender: Sender,
        claim: WriteClaim,
        body: &str,
    ) -> Result<Written, EngineError> {
        let request = PutRequest {
            bucket: BUCKET.to_owned(),
            key: KEY.to_owned(),
            precondition: Precondition::None,
            headers: Headers::default(),
            tags: Vec::new(),
            checksum: None,
            claim,
            sender,
        };
        let staged = self.stage(body.as_bytes()).await;
        self.advance(1);
        self.engine.put(request, staged).await
    }

    pub(crate) async fn delete(
        &self,
        version: Option<VersionId>,
        claim: WriteClaim,
    ) -> Result<(), EngineError> {
        let request = DeleteRequest {
            bucket: BUCKET.to_owned(),
            key: KEY.to_owned(),
            version,
            condition: DeleteCondition::None,
            claim,
            sender: s3(1),
        };
        self.advance(1);
        self.engine.delete(request).await.map(|_| ())
    }

    pub(crate) async fn lock(&self, client: u64, id: &str, facet: Facet) {
        let info = format!(r#"{{"ID":"{id}","Who":"client-{client}"}}"#).into();
        let (state, sender) = (state(), s3(client));
        let taken = self.engine.take_lock(TakeLock { state, facet, info, sender }).await.unwrap();
        assert!(matches!(taken, AcquireOutcome::Granted(_)), "{taken:?}");
        self.advance(1);
    }

    pub(crate) async fn unlock(&self, client: u64, id: Option<&str>, facet: Facet) {
        let (state, id, sender) = (state(), id.map(lock_id), s3(client));
        let request = ReleaseLock { state, facet, id, sender };
        let released = self.engine.release_lock(request).await.unwrap();
        assert!(matches!(released, ReleaseOutcome::Released(_)), "{released:?}");
        self.advance(1);
    }

    pub(crate) async fn allow(&self, seconds: u64) -> Result<(), EngineError> {
        let request = AllowOverwrite {
            bucket: BUCKET.to_owned(),
            key: KEY.to_owned(),
            duration: Duration::from_secs(seconds),
            reason: "a rollback".to_owned(),
            sender: sender(Protocol::Admin, 8),
        };
        self.engine.allow_overwrite(request).await.map(|_| ())
    }

    /// The current object; `None` if there is none.
    pub(crate) async fn stored(&self) -> Option<String> {
        self.body(None).await
    }

    pub(crate) async fn body(&self, version: Option<VersionId>) -> Option<String> {
        let found = self.engine.find(BUCKET.to_owned(), KEY.to_owned(), version, false).await;
        let content = found.ok()?.0.content?;
        let mut pieces = self.engine.read_body(&content, 0..content.size);
        let mut body = Vec::new();
        while let Some(piece) = pieces.recv().await {
            body.extend_from_slice(&piece.unwrap());
        }
        Some(String::from_utf8(body).unwrap())
    }

    /// The refused bodies that are kept, newest first.
    pub(crate) async fn kept(&self) -> Vec<(VersionId, String)> {
        let records = self.engine.quarantined(BUCKET.to_owned(), KEY.to_owned()).await.unwrap();
        let mut kept = Vec::new();
        for record in records {
            kept.push((record.id, self.body(Some(record.id)).await.unwrap()));
        }
        kept
    }

    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter { key: Some(KEY.to_owned()), ..AuditFilter::default() };
        let order = AuditOrder::OldestFirst;
        let query = AuditQuery { from: None, limit: 1000, order, filter };
        self.engine.audit_page(query).await.unwrap().records
    }

    /// The actions and outcomes of the audit log.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let records = self.audit().await;
        let name = |record: &AuditRecord| format!("{:?} {:?}", record.action, record.outcome);
        records.iter().map(name).collect()
    }
}

pub(crate) fn refused(answer: Result<Written, EngineError>) -> RefusedWrite {
    match answer {
        Err(EngineError::WriteRefused(refused)) => *refused,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn state() -> LockedState {
    LockedState { bucket: BUCKET.to_owned(), key: KEY.to_owned() }
}

pub(crate) fn lock_id(text: &str) -> LockId {
    LockId::parse(text).unwrap()
}

/// A client of the S3 API on its own connection; all have the same key and address.
pub(crate) fn s3(client: u64) -> Sender {
    sender(Protocol::S3, client)
}

pub(crate) fn sender(protocol: Protocol, client: u64) -> Sender {
    Sender {
        protocol,
        principal: "root".to_owned(),
        connection: Connection {
            id: ConnectionId(client),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            idle_since_micros: 0,
        },
        proxied: false,
        user_agent: String::new(),
        invocation: None,
    }
}

/// A state of lineage `L`.
pub(crate) fn snapshot(serial: u64, output: &str) -> String {
    snapshot_of("L", serial, output)
}

pub(crate) fn snapshot_of(lineage: &str, serial: u64, output: &str) -> String {
    format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":{serial},"lineage":"{lineage}","outputs":{{"o":"{output}"}},"resources":[]}}"#
    )
}
