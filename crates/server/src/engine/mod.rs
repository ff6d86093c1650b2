//! What the server does with requests: load what is stored, decide, apply, answer.
//!
//! Decisions are pure functions in `decision/`; everything else here moves bytes between the
//! requests, the decisions and the storage port. Check and effect are always one transaction.

mod audit;
mod beside;
mod body_reader;
mod bucket_settings;
mod buckets;
mod checksums;
mod codec;
mod completion;
mod decision;
mod error;
mod guard;
mod listing;
mod locks;
mod objects;
mod rows;
mod sender;
mod staging;
mod sweep;
pub mod tables;
mod tagging;
mod uploads;
mod walk;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use audit::{
    AuditFilter, AuditFlaw, AuditFlawKind, AuditOrder, AuditPage, AuditQuery, AuditVerification,
};
pub use body_reader::BodyRange;
pub use buckets::NewBucket;
pub use checksums::Hashes;
pub use completion::{CompleteRequest, CompletedPart};
pub use decision::DeleteCondition;
pub use error::{BodyError, EngineError};
pub use guard::{
    AllowOverwrite, GuardMode, GuardPolicy, RefusedWrite, RefusedWriteKind, WriteClaim,
};
pub use listing::{
    Cursor, Listing, ListingItem, ListingRequest, UploadListing, UploadListingItem,
    UploadListingRequest, VersionListing, VersionListingItem, VersionListingRequest,
};
pub use locks::{LockedState, LockfileView, ReleaseLock, TakeLock, WaitingLimits};
pub use objects::{DeleteRequest, Deleted, PutRequest, Written};
pub use rows::shown_version;
pub use sender::{Connection, ConnectionId, Protocol, Sender};
pub use staging::{SMALL_BODY_BYTES_MAX, Staged};
pub use sweep::SweepReport;
pub use uploads::{PartListing, PartUpload};

pub(crate) use audit::verify_at_rest as verify_audit_at_rest;
pub(crate) use checksums::hex;
pub(crate) use codec::decode as decode_piece;

use crate::metrics::QueueMetrics;
use crate::storage::{self, Storage, Transaction, Verdict};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Microseconds since the Unix epoch.
    fn now_micros(&self) -> u64;
}

/// Makes unguessable identifiers.
pub trait IdSource: Send + Sync + 'static {
    /// Sixteen random bytes.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    fn random(&self) -> Result<[u8; 16], EngineError>;
}

/// The server's decisions over one storage engine.
#[derive(Clone)]
pub struct Engine {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: Limits,
    /// How the write guard is set.
    guard: GuardPolicy,
    /// What connections lately did with locks.
    sightings: Arc<locks::Sightings>,
    /// Who waits for which lock.
    waiting: Arc<locks::Waiting>,
    /// Turns of bodies that are read piece by piece.
    readers: Arc<Semaphore>,
}

/// Bounds on what one request may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body of one PUT or one part, in bytes.
    pub body_size_bytes_max: u64,
    /// How long a client may send or read nothing in the middle of a body.
    pub stall_timeout: Duration,
    /// How many large bodies are given out at a time; each takes a few mebibytes of memory.
    pub readers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_size_bytes_max: 1 << 30,
            stall_timeout: Duration::from_mins(1),
            readers_max: 64,
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over `storage`.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        limits: Limits,
    ) -> Self {
        let readers = Arc::new(Semaphore::new(limits.readers_max));
        let sightings = Arc::new(locks::Sightings::default());
        let metrics = QueueMetrics::default();
        let waiting = locks::Waiting::new(Arc::clone(&clock), WaitingLimits::default(), metrics);
        let waiting = Arc::new(waiting);
        let guard = GuardPolicy::default();
        Self { storage, clock, ids, limits, guard, sightings, waiting, readers }
    }

    /// The same engine with other bounds on requests that wait for a lock, counted in `metrics`. Before
    /// the first request.
    #[must_use]
    pub fn with_waiting(self, limits: WaitingLimits, metrics: QueueMetrics) -> Self {
        let waiting = Arc::new(locks::Waiting::new(Arc::clone(&self.clock), limits, metrics));
        Self { waiting, ..self }
    }

    /// Lets no request wait for a lock any more: those that do are answered now.
    pub fn stop_waiting(&self) {
        self.waiting.close();
    }

    /// Completes when no request waits for a lock, and no grant is on its way.
    pub async fn waiters_ended(&self) {
        self.waiting.empty().await;
    }

    /// The same engine with its write guard set like this; without, it refuses.
    #[must_use]
    pub fn with_guard(self, guard: GuardPolicy) -> Self {
        Self { guard, ..self }
    }

    /// The bounds that this engine keeps.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Runs `job` in a write transaction; a job that refuses changes nothing.
    async fn transact<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        self.transact_judged(move |transaction| Ok((Verdict::Commit, job(transaction)?))).await
    }

    /// As [`Self::transact`], for a job that says itself whether there is anything to keep.
    async fn transact_judged<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<(Verdict, T), EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        storage::write(&self.storage, move |transaction| match job(transaction) {
            Ok((verdict, value)) => Ok((verdict, Ok(value))),
            Err(EngineError::Storage(error)) => Err(error),
            Err(refusal) => Ok((Verdict::Discard, Err(refusal))),
        })
        .await?
    }

    /// Runs `job` on a snapshot.
    async fn observe<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        storage::read(&self.storage, move |transaction| match job(transaction) {
            Err(EngineError::Storage(error)) => Err(error),
            other => Ok(other),
        })
        .await?
    }

    fn nonce(&self) -> Result<u64, EngineError> {
        let random = self.ids.random()?;
        let (head, _) = random.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Ok(u64::from_be_bytes(*head))
    }
}
