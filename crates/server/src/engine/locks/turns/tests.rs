//! Requests that wait for a lock, on the memory engine, with a paused clock.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, poll};
use statelock_protocol::lock::unified::{
    AcquireOutcome, Facet, Granted, Hold, LockRefusal, ReleaseOutcome, Released,
};
use statelock_protocol::lock::{LockId, LockInfo};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Instant;

use crate::engine::tables::{BatchWrite, DeleteItem, NewTable};
use crate::engine::{
    Clock, Connection, ConnectionId, Engine, EngineError, IdSource, Limits, LockedState,
    LockfileView, Protocol, ReleaseLock, Sender, TakeLock, WaitingLimits,
};
use crate::metrics::Metrics;
use crate::records::Versioning;
use crate::storage::memory::MemoryStorage;
use crate::storage::{ReadJob, Storage, StorageError, WriteJob};

/// The engine's clock goes with tokio's, which is paused.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now_micros(&self) -> u64 {
        1_000_000_000 + u64::try_from(self.0.elapsed().as_micros()).unwrap()
    }
}

#[derive(Default)]
struct Counting(AtomicU64);

impl IdSource for Counting {
    fn random(&self) -> Result<[u8; 16], EngineError> {
        Ok(u128::from(self.0.fetch_add(1, Ordering::Relaxed)).to_be_bytes())
    }
}

/// A storage whose writes take a few turns of the scheduler before and after they happen.
struct Slow {
    memory: MemoryStorage,
    turns: usize,
    writes: AtomicUsize,
}

impl Storage for Slow {
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        async move {
            self.writes.fetch_add(1, Ordering::Relaxed);
            for _ in 0..self.turns {
                yield_now().await;
            }
            let done = self.memory.write(job).await;
            for _ in 0..self.turns {
                yield_now().await;
            }
            done
        }
        .boxed()
    }

    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        self.memory.read(job)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.memory.close()
    }
}

struct Stage {
    engine: Engine,
    storage: Arc<Slow>,
    metrics: Metrics,
}

impl Stage {
    async fn new(turns: usize, limits: WaitingLimits) -> Self {
        let memory = MemoryStorage::new();
        let storage = Arc::new(Slow { memory, turns, writes: AtomicUsize::new(0) });
        let metrics = Metrics::new();
        let port: Arc<dyn Storage> = Arc::<Slow>::clone(&storage);
        let engine = Engine::new(
            port,
            Arc::new(PausedClock(Instant::now())),
            Arc::new(Counting::default()),
            Limits::default(),
        )
        .with_waiting(limits, metrics.queue());
        engine
            .create_bucket("b".to_owned(), "r".to_owned(), Versioning::Enabled, None)
            .await
            .unwrap();
        Self { engine, storage, metrics }
    }

    async fn quick() -> Self {
        Self::new(0, WaitingLimits::default()).await
    }

    async fn take(&self, name: &str) -> AcquireOutcome {
        self.take_by(name, name).await
    }

    /// `name` asks under this id of a call; each client has a connection of its own.
    async fn take_by(&self, name: &str, call: &str) -> AcquireOutcome {
        self.take_through(name, call, Facet::Http).await
    }

    async fn take_through(&self, name: &str, call: &str, facet: Facet) -> AcquireOutcome {
        let mut sender = sender(name, &self.engine);
        sender.invocation = Some(call.to_owned());
        let wanted = TakeLock { state: state(), facet, info: info(name), sender };
        self.engine.take_lock(wanted).await.unwrap()
    }

    fn spawn(&self, name: &str, call: &str) -> JoinHandle<AcquireOutcome> {
        let (stage, name, call) = (self.clone(), name.to_owned(), call.to_owned());
        tokio::spawn(async move { stage.take_by(&name, &call).await })
    }

    /// Asks once, is refused, and comes back, which is held open.
    async fn wait_in_line(&self, name: &str) -> JoinHandle<AcquireOutcome> {
        assert_refused(&self.take(name).await);
        let waiting = self.spawn(name, &format!("{name} again"));
        settle().await;
        assert!(!waiting.is_finished(), "{name} does not wait");
        waiting
    }

    async fn release(&self, name: &str) {
        let outcome = self.release_through(name, Facet::Http).await;
        assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{name}: {outcome:?}");
    }

    async fn release_through(&self, name: &str, facet: Facet) -> ReleaseOutcome {
        let id = LockId::parse(name).ok();
        let sender = sender(name, &self.engine);
        let request = ReleaseLock { state: state(), facet, id, sender };
        self.engine.release_lock(request).await.unwrap()
    }

    /// Somebody removes the lock of `name`.
    async fn release_of(&self, by: &str, name: &str) -> ReleaseOutcome {
        let (id, sender) = (LockId::parse(name).ok(), sender(by, &self.engine));
        let request = ReleaseLock { state: state(), facet: Facet::Http, id, sender };
        self.engine.release_lock(request).await.unwrap()
    }

    async fn holder(&self) -> Option<String> {
        let held = self.engine.lock_holder(state()).await.unwrap();
        held.and_then(|(hold, _)| hold.id).map(|id| id.as_str().to_owned())
    }

    async fn read_lockfile(&self, sender: &Sender) -> Result<LockInfo, EngineError> {
        let view = LockfileView::ForItsReader;
        let (version, _, body) = self.engine.find_lockfile(state(), None, view, sender).await?;
        let (body, content) = (body.unwrap(), version.content.unwrap());
        assert_eq!(content.size, u64::try_from(body.len()).unwrap());
        assert_eq!(content.etag, md5_hex(&body));
        assert!(content.checksum.is_none() || content.lock_id.is_none());
        Ok(LockInfo::parse(&body).unwrap())
    }

    async fn create_lock_table(&self) {
        self.engine.create_table(NewTable::lock_table("locks", "r"), None).await.unwrap();
    }

    /// Removes the lock's item as tools do that write many items at once.
    async fn release_in_a_batch(&self, name: &str) {
        let delete = DeleteItem {
            table: "locks".to_owned(),
            key: serde_json::from_str(r#"{"LockID": {"S": "b/k"}}"#).unwrap(),
            condition: None,
            sender: Sender { protocol: Protocol::DynamoDb, ..sender(name, &self.engine) },
        };
        self.engine.batch_write(vec![BatchWrite::Delete(delete)]).await.unwrap();
    }

    fn counts(&self, line: &str) -> bool {
        self.metrics.render().contains(line)
    }

    fn clone(&self) -> Self {
        let Self { engine, storage, metrics } = self;
        Self { engine: engine.clone(), storage: Arc::clone(storage), metrics: metrics.clone() }
    }
}

fn md5_hex(bytes: &[u8]) -> String {
    use md5::{Digest, Md5};
    crate::engine::checksums::hex(&Md5::digest(bytes))
}

fn state() -> LockedState {
    LockedState { bucket: "b".to_owned(), key: "k".to_owned() }
}

fn info(name: &str) -> Bytes {
    let info = format!(r#"{{"ID":"{name}","Operation":"apply","Info":"","Who":"{name}@host"}}"#);
    Bytes::from(info)
}

/// One client's; its connection is free from this moment on.
fn sender(name: &str, engine: &Engine) -> Sender {
    let id = name.bytes().fold(7_u64, |id, byte| id.wrapping_mul(31).wrapping_add(byte.into()));
    Sender {
        protocol: Protocol::Http,
        principal: "root".to_owned(),
        connection: Connection {
            id: ConnectionId(id),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            idle_since_micros: engine.clock.now_micros(),
        },
        proxied: false,
        user_agent: "APN/1.0 HashiCorp/1.0 Terraform/1.11.4".to_owned(),
        invocation: None,
    }
}

/// Lets everything run that can, without time passing.
async fn settle() {
    for _ in 0..200 {
        yield_now().await;
    }
}

#[track_caller]
fn assert_refused(outcome: &AcquireOutcome) {
    assert!(held_by(outcome).is_some(), "{outcome:?}");
}

fn hold_of(outcome: &AcquireOutcome) -> Option<&Hold> {
    match outcome {
        AcquireOutcome::Refused(LockRefusal::Held(hold)) => Some(hold),
        AcquireOutcome::Refused(LockRefusal::GivingBack(..) | LockRefusal::Late)
        | AcquireOutcome::Granted(_) => None,
    }
}

fn held_by(outcome: &AcquireOutcome) -> Option<&str> {
    hold_of(outcome)?.id.as_ref().map(LockId::as_str)
}

/// The sentence in the lock info that a refused client is shown.
fn told(outcome: &AcquireOutcome) -> String {
    let shown = hold_of(outcome).unwrap().shown_through(Facet::Http);
    LockInfo::parse(&shown).unwrap().info
}

const TAKEN: AcquireOutcome = AcquireOutcome::Granted(Granted::Taken);

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_held_open_and_granted_the_moment_the_lock_is_free() {
    let stage = Stage::quick().await;
    let began = Instant::now();
    assert_eq!(stage.take("a").await, TAKEN);
    let refused = stage.take("b").await;
    assert_eq!(held_by(&refused), Some("a"));
    assert_eq!(told(&refused), "place 1 of 1 in line; held by ID a (a@host)");
    let waiting = stage.spawn("b", "again");
    settle().await;
    assert!(!waiting.is_finished());
    assert!(stage.counts("statelock_lock_waiters 1"));
    stage.release("a").await;
    assert_eq!(waiting.await.unwrap(), TAKEN);
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody slept");
    assert_eq!(stage.holder().await.as_deref(), Some("b"));
    assert!(stage.counts("statelock_lock_waiters 0"));
    assert!(stage.counts("statelock_lock_wait_seconds_count 1"));
    assert!(stage.counts("statelock_lock_refusals_total 1"));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_a_batch_releases_is_granted_at_once_too() {
    let stage = Stage::quick().await;
    stage.create_lock_table().await;
    let began = Instant::now();
    assert_eq!(stage.take_through("a", "a", Facet::LockTable).await, TAKEN);
    let b = stage.wait_in_line("b").await;
    stage.release_in_a_batch("a").await;
    assert_eq!(b.await.unwrap(), TAKEN);
    assert_eq!(began.elapsed(), Duration::ZERO, "it was not woken");
    stage.release("b").await;
    // Of a lock with two halves, the other one gets its usual time.
    assert_eq!(stage.take_through("d", "d", Facet::Lockfile).await, TAKEN);
    let added = AcquireOutcome::Granted(Granted::FacetAdded);
    assert_eq!(stage.take_through("d", "d too", Facet::LockTable).await, added);
    let e = stage.wait_in_line("e").await;
    let began = Instant::now();
    stage.release_in_a_batch("d").await;
    assert_eq!(e.await.unwrap(), TAKEN);
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn p6_a_lock_that_a_batch_of_somebody_else_removes_is_lost() {
    let stage = Stage::quick().await;
    stage.create_lock_table().await;
    assert_eq!(stage.take("a").await, TAKEN);
    stage.release_in_a_batch("operator").await;
    assert_eq!(stage.take("b").await, TAKEN);
    let (a, b) = (sender("a", &stage.engine), LockId::parse("b").unwrap());
    let lost = stage.engine.sightings.lost_its_lock(&state(), &a, Some(&b));
    assert_eq!(lost.as_ref().map(LockId::as_str), Some("a"));
}

/// Whoever removes a lock or takes one may go away before it is answered: it happened all the same.
#[tokio::test(start_paused = true)]
async fn p6_what_became_of_a_lock_counts_even_if_nobody_waits_for_the_answer() {
    let stage = Stage::new(3, WaitingLimits::default()).await;
    assert_eq!(stage.take("a").await, TAKEN);
    {
        let mut removal = pin!(stage.release_of("operator", "a"));
        while stage.holder().await.is_some() {
            assert!(poll!(&mut removal).is_pending());
        }
    }
    {
        let mut taking = pin!(stage.take("b"));
        while stage.holder().await.is_none() {
            assert!(poll!(&mut taking).is_pending());
        }
    }
    let (a, b) = (sender("a", &stage.engine), LockId::parse("b").unwrap());
    let lost = stage.engine.sightings.lost_its_lock(&state(), &a, Some(&b));
    assert_eq!(lost.as_ref().map(LockId::as_str), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn first_attempts_make_the_order() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    let names = ["b", "c", "d", "e"];
    for name in names {
        assert_refused(&stage.take(name).await);
    }
    // They come back in the opposite order.
    let waiting: Vec<_> = names.iter().rev().map(|name| stage.spawn(name, "again")).collect();
    settle().await;
    for (held, next) in ["a", "b", "c", "d"].iter().zip(names) {
        stage.release(held).await;
        settle().await;
        assert_eq!(stage.holder().await.as_deref(), Some(next));
    }
    for waited in waiting {
        assert_eq!(waited.await.unwrap(), TAKEN);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_who_waits_and_is_shown_who_is_next() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    let waiting = stage.wait_in_line("b").await;
    stage.release("a").await;
    // The lock is free, and who waits has not run yet.
    assert_eq!(stage.holder().await, None);
    let refused = stage.take("new").await;
    assert_eq!(held_by(&refused), Some("b"));
    assert_eq!(waiting.await.unwrap(), TAKEN);
    // Where nobody waits, whoever asks has it.
    stage.release("b").await;
    assert_eq!(stage.take("newer").await, TAKEN);
}

#[tokio::test(start_paused = true)]
async fn who_is_between_two_tries_keeps_its_place_and_blocks_nobody() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    assert_refused(&stage.take("b").await);
    let c = stage.wait_in_line("c").await;
    stage.release("a").await;
    assert_eq!(c.await.unwrap(), TAKEN, "b is away");
    let d = stage.wait_in_line("d").await;
    let b = stage.spawn("b", "again");
    settle().await;
    stage.release("c").await;
    assert_eq!(b.await.unwrap(), TAKEN, "b asked before d");
    stage.release("b").await;
    assert_eq!(d.await.unwrap(), TAKEN);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_held_for_sixteen_seconds_and_then_told_its_place() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    assert_refused(&stage.take("b").await);
    let began = Instant::now();
    let c = stage.wait_in_line("c").await;
    let refused = c.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 16);
    assert_eq!(told(&refused), "place 2 of 2 in line; held by ID a (a@host)");
    // The very same request, late, takes nothing for a client that was told so.
    stage.release("a").await;
    let late = stage.take_by("c", "c again").await;
    assert_eq!(late, AcquireOutcome::Refused(LockRefusal::Late));
    assert_eq!(stage.take_by("c", "c once more").await, TAKEN);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_bounded_in_all_and_per_lock() {
    let limits = WaitingLimits { waiters_max: 4, ..WaitingLimits::default() };
    let stage = Stage::new(0, limits).await;
    stage.take("a").await;
    let waiting = [stage.wait_in_line("b").await, stage.wait_in_line("c").await];
    // One lock has half of the room.
    let began = Instant::now();
    assert_refused(&stage.take("d").await);
    assert_refused(&stage.take_by("d", "again").await);
    assert_eq!(began.elapsed(), Duration::ZERO);
    for waited in waiting {
        waited.abort();
    }
    settle().await;
    let d = stage.spawn("d", "once more");
    settle().await;
    stage.release("a").await;
    assert_eq!(d.await.unwrap(), TAKEN, "there is room again");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_server_that_stops() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    let b = stage.wait_in_line("b").await;
    let began = Instant::now();
    stage.engine.stop_waiting();
    assert_refused(&b.await.unwrap());
    assert_refused(&stage.take_by("b", "once more").await);
    stage.engine.waiters_ended().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn p9_attempts_of_one_call_are_one_request() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    let first = stage.wait_in_line("b").await;
    // Its connection was lost, and the SDK sent it again.
    let second = stage.spawn("b", "b again");
    settle().await;
    stage.release("a").await;
    let outcomes = [first.await.unwrap(), second.await.unwrap()];
    assert!(outcomes.contains(&TAKEN), "{outcomes:?}");
    assert!(outcomes.contains(&AcquireOutcome::Granted(Granted::Repeated)), "{outcomes:?}");
    // A copy of a call that was refused is told the same again, and at once.
    assert_refused(&stage.take("c").await);
    let began = Instant::now();
    assert_eq!(stage.take("c").await, AcquireOutcome::Refused(LockRefusal::Late));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_first_attempt_waits_while_the_holder_gives_the_lock_back() {
    let stage = Stage::quick().await;
    for is_quick in [true, false] {
        let name = if is_quick { "a" } else { "z" };
        assert_eq!(stage.take_through(name, "1", Facet::Http).await, TAKEN);
        stage.take_through(name, "2", Facet::LockTable).await;
        let partly = stage.release_through(name, Facet::Http).await;
        assert!(matches!(partly, ReleaseOutcome::Released(Released::Partly { .. })), "{partly:?}");
        let began = Instant::now();
        let next = if is_quick { "b" } else { "y" };
        let waiting = stage.spawn(next, "first");
        settle().await;
        assert!(!waiting.is_finished());
        if is_quick {
            stage.release_through(name, Facet::LockTable).await;
        }
        assert_eq!(waiting.await.unwrap(), TAKEN);
        assert_eq!(began.elapsed().as_secs(), if is_quick { 0 } else { 5 });
        stage.release(next).await;
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_client_that_goes_away_at_any_moment_leaves_no_lock_and_no_place() {
    let mut granted = 0;
    let mut undone = 0;
    for before in [0, 1, 3, 6, 9] {
        for after in 0..45 {
            let stage = Stage::new(3, WaitingLimits::default()).await;
            stage.take("a").await;
            assert_refused(&stage.take("b").await);
            let c = {
                // `b` comes back, and is dropped after so many polls; `c` waits behind it.
                let mut b = pin!(stage.take_by("b", "b again"));
                let mut answer = None;
                for _ in 0..before {
                    if poll!(&mut b).is_ready() {
                        unreachable!("the lock is held");
                    }
                    yield_now().await;
                }
                let c = stage.wait_in_line("c").await;
                stage.release("a").await;
                for _ in 0..after {
                    if let std::task::Poll::Ready(outcome) = poll!(&mut b) {
                        answer = Some(outcome);
                        break;
                    }
                    yield_now().await;
                }
                if answer.is_some() {
                    assert_eq!(answer, Some(TAKEN));
                    granted += 1;
                    stage.release("b").await;
                } else {
                    undone += 1;
                }
                c
            };
            settle().await;
            assert!(c.is_finished(), "the lock is not free: {before}/{after}");
            assert_eq!(c.await.unwrap(), TAKEN);
            assert_eq!(stage.holder().await.as_deref(), Some("c"));
            stage.engine.waiters_ended().await;
            assert!(stage.counts("statelock_lock_waiters 0"));
        }
    }
    assert!(granted > 20 && undone > 20, "{granted} granted, {undone} dropped");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_by_a_release_whose_client_is_gone() {
    let stage = Stage::new(3, WaitingLimits::default()).await;
    stage.take("a").await;
    let b = stage.wait_in_line("b").await;
    {
        // Dropped between the transaction and its answer.
        let mut release = pin!(stage.release_through("a", Facet::Http));
        while stage.holder().await.as_deref() == Some("a") {
            assert!(poll!(&mut release).is_pending());
        }
    }
    settle().await;
    assert!(b.is_finished(), "the lock is free, and nobody told who is next");
    assert_eq!(b.await.unwrap(), TAKEN);
}

#[tokio::test(start_paused = true)]
async fn p3_an_undone_grant_may_be_asked_for_again_by_the_same_call() {
    for polls in 0..40 {
        let stage = Stage::new(3, WaitingLimits::default()).await;
        stage.take("a").await;
        assert_refused(&stage.take("b").await);
        {
            let mut b = pin!(stage.take_by("b", "b again"));
            for _ in 0..20 {
                assert!(poll!(&mut b).is_pending());
                yield_now().await;
            }
            stage.release("a").await;
            for _ in 0..polls {
                if poll!(&mut b).is_ready() {
                    break;
                }
                yield_now().await;
            }
        }
        // The SDK's next attempt, at once: whoever of the two was first, this client has the lock.
        let outcome = stage.take_by("b", "b again").await;
        assert!(matches!(outcome, AcquireOutcome::Granted(_)), "{polls}: {outcome:?}");
        settle().await;
        assert_eq!(stage.holder().await.as_deref(), Some("b"), "after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_finds_a_lock_when_it_asks_and_nobody_else_does() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    assert_refused(&stage.take("b").await);
    assert_refused(&stage.take("c").await);
    let (b, c) = (sender("b", &stage.engine), sender("c", &stage.engine));
    stage.release("a").await;
    let shown = stage.read_lockfile(&c).await.unwrap();
    assert_eq!(shown.id.as_str(), "b", "next in line");
    assert_eq!(shown.info, "place 2 of 2 in line; just released; next is ID b (b@host)");
    // Once.
    assert!(matches!(stage.read_lockfile(&c).await, Err(EngineError::NoSuchKey)));
    // Never to somebody else, and in no other way.
    let stranger = Sender { user_agent: "curl/8".to_owned(), ..sender("x", &stage.engine) };
    assert!(matches!(stage.read_lockfile(&stranger).await, Err(EngineError::NoSuchKey)));
    for view in [LockfileView::WithoutBody, LockfileView::Stored] {
        let found = stage.engine.find_lockfile(state(), None, view, &b).await;
        assert!(matches!(found, Err(EngineError::NoSuchKey)), "{view:?}");
    }
    let shown = stage.read_lockfile(&b).await.unwrap();
    assert_eq!(shown.id.as_str(), "b", "at worst its own");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(stage.take("d").await, TAKEN);
    assert_refused(&stage.take("e").await);
    tokio::time::advance(Duration::from_millis(10_001)).await;
    stage.release("d").await;
    let e = sender("e", &stage.engine);
    assert!(matches!(stage.read_lockfile(&e).await, Err(EngineError::NoSuchKey)), "too late");
}

/// Our own clients, and scripts: they ask whose lock ID stands there, and believe what they read.
#[tokio::test(start_paused = true)]
async fn p2_a_client_that_compares_lock_ids_is_never_shown_a_lock_that_is_not_held() {
    for facet in [Facet::Lockfile, Facet::LockTable] {
        for user_agent in ["aws-sdk-rust/1.3 app/statelock-1.0", "Boto3/1.40"] {
            let stage = Stage::quick().await;
            stage.take("a").await;
            let protocol = match facet {
                Facet::Lockfile => Protocol::S3,
                Facet::LockTable | Facet::Http => Protocol::DynamoDb,
            };
            let user_agent = user_agent.to_owned();
            let b = Sender { protocol, user_agent, ..sender("b", &stage.engine) };
            let wanted = TakeLock { state: state(), facet, info: info("b"), sender: b.clone() };
            assert_refused(&stage.engine.take_lock(wanted).await.unwrap());
            assert_refused(&stage.take("c").await);
            stage.release("a").await;
            let shown = stage.engine.waiting.shown_to(&state(), facet, &b, None);
            assert_eq!(shown, None, "{facet:?}, {}", b.user_agent);
            let read = stage.read_lockfile(&b).await;
            assert!(matches!(read, Err(EngineError::NoSuchKey)), "{facet:?}: {read:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_is_shown_its_place_and_nobody_else_is() {
    let stage = Stage::quick().await;
    assert_eq!(stage.take_through("a", "1", Facet::Http).await, TAKEN);
    assert_refused(&stage.take("b").await);
    let b = sender("b", &stage.engine);
    let stranger = Sender { user_agent: "curl/8".to_owned(), ..sender("x", &stage.engine) };
    let holder = Sender { user_agent: "other".to_owned(), ..sender("a", &stage.engine) };
    for other in [&stranger, &holder] {
        assert_eq!(stage.read_lockfile(other).await.unwrap().info, "");
    }
    let shown = stage.read_lockfile(&b).await.unwrap();
    assert_eq!((shown.id.as_str(), shown.who.as_str()), ("a", "a@host"));
    assert_eq!(shown.info, "place 1 of 1 in line; held by ID a (a@host)");
    assert_eq!(stage.read_lockfile(&b).await.unwrap().info, "", "once");
}

#[tokio::test(start_paused = true)]
async fn opentofu_reads_the_very_bytes_that_its_conditional_delete_names() {
    let stage = Stage::quick().await;
    stage.take("a").await;
    assert_refused(&stage.take("b").await);
    let (held, _) = stage.engine.lock_holder(state()).await.unwrap().unwrap();
    let shown = |sender: &Sender| {
        stage.engine.waiting.shown_to(&state(), Facet::LockTable, sender, Some(&held))
    };
    let terraform = sender("b", &stage.engine);
    let agent = "APN/1.0 OpenTofu-S3-Backend/1.0 OpenTofu/1.10.0".to_owned();
    let tofu = Sender { user_agent: agent, ..terraform.clone() };
    assert_eq!(shown(&tofu), None);
    let (info, id) = shown(&terraform).unwrap();
    assert_eq!(id.unwrap().as_str(), "a");
    assert!(LockInfo::parse(&info).unwrap().info.starts_with("place 1 of 1"));
    // Without a lock it is shown one all the same, and no word is added to it.
    stage.release("a").await;
    let ghost = stage.engine.waiting.shown_to(&state(), Facet::LockTable, &tofu, None);
    assert_eq!(ghost, None, "this refusal was followed by its answer");
    stage.take("h").await;
    assert_refused(&stage.take("c").await);
    stage.release("h").await;
    let tofu = Sender { user_agent: tofu.user_agent, ..sender("c", &stage.engine) };
    let ghost = stage.engine.waiting.shown_to(&state(), Facet::LockTable, &tofu, None);
    let (info, _) = ghost.unwrap();
    assert_eq!(LockInfo::parse(&info).unwrap().info, "");
}

#[tokio::test(start_paused = true)]
async fn an_uncontended_lock_costs_one_transaction_and_leaves_nothing_behind() {
    let stage = Stage::quick().await;
    let before = stage.storage.writes.load(Ordering::Relaxed);
    stage.take("a").await;
    stage.release("a").await;
    assert_eq!(stage.storage.writes.load(Ordering::Relaxed) - before, 2);
    assert!(stage.engine.waiting.is_empty());
    // A line is forgotten with the last who gave up.
    stage.take("c").await;
    assert_refused(&stage.take("b").await);
    assert!(!stage.engine.waiting.is_empty());
    tokio::time::advance(Duration::from_secs(21)).await;
    stage.release("c").await;
    assert_eq!(stage.take_by("b", "b again").await, TAKEN);
    assert!(stage.engine.waiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn states_wait_for_themselves_only() {
    let stage = Stage::new(0, WaitingLimits::default()).await;
    stage.take("a").await;
    let b = stage.wait_in_line("b").await;
    let sender = sender("o", &stage.engine);
    let other = LockedState { bucket: "b".to_owned(), key: "other".to_owned() };
    let wanted = TakeLock { state: other, facet: Facet::Http, info: info("o"), sender };
    assert_eq!(stage.engine.take_lock(wanted).await.unwrap(), TAKEN);
    stage.release("a").await;
    assert_eq!(b.await.unwrap(), TAKEN);
}
