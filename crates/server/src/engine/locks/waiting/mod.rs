//! Requests for locks that are held open, and who was refused a moment ago.
//!
//! The order is the pure [`Line`]'s. Here it meets requests: each that is held open has an entry with a
//! bell to ring, and is removed when its request ends, however it ends. Kept in memory only: after a
//! restart clients ask again, and stand in line anew.
//!
//! Bounded: requests held open in all and per lock, places in all, states, and refusals per state.

mod queue;
mod refusals;
mod ticket;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::line::{Arrival, Asker};
use statelock_protocol::lock::unified::{Facet, Granted, Hold};
use tokio::sync::Notify;

use queue::{HeldRequest, Queue};
pub(in crate::engine) use ticket::{Patience, Ticket, Turn};

use super::{LockedState, TakeLock};
use crate::engine::{Clock, Sender};
use crate::metrics::QueueMetrics;

/// States with a line or with somebody who was refused a moment ago.
const STATES_MAX: usize = 8192;
/// Places in all lines.
const PLACES_MAX: usize = 16_384;

/// Bounds on requests that are held open.
#[derive(Clone, Copy, Debug)]
pub struct WaitingLimits {
    /// How long one request is held open. Terraform's own longest pause, so that nobody is told later
    /// than without a queue.
    pub hold_max: Duration,
    /// How many requests are held open at a time. One lock may have half of them.
    pub waiters_max: usize,
}

impl Default for WaitingLimits {
    fn default() -> Self {
        Self { hold_max: Duration::from_secs(16), waiters_max: 512 }
    }
}

impl WaitingLimits {
    fn waiters_per_lock_max(self) -> usize {
        self.waiters_max.div_ceil(2)
    }
}

/// Who waits for which lock.
pub(in crate::engine) struct Waiting {
    clock: Arc<dyn Clock>,
    limits: WaitingLimits,
    metrics: QueueMetrics,
    lines: Mutex<Lines>,
    /// Rung when a request that was held open has ended.
    ended: Notify,
}

#[derive(Default)]
struct Lines {
    queues: BTreeMap<LockedState, Queue>,
    /// Requests that are held open.
    waiters: usize,
    /// Entries of such requests, those included that end right now.
    entries: usize,
    places: usize,
    last_number: u64,
    /// How many states there may be before those that are idle are looked for.
    sweep_at: usize,
    closed: bool,
}

impl Waiting {
    pub(in crate::engine) fn new(
        clock: Arc<dyn Clock>,
        limits: WaitingLimits,
        metrics: QueueMetrics,
    ) -> Self {
        Self { clock, limits, metrics, lines: Mutex::default(), ended: Notify::new() }
    }

    pub(super) fn hold_max(&self) -> Duration {
        self.limits.hold_max
    }

    /// Lets nobody wait any more: the server stops.
    pub(in crate::engine) fn close(&self) {
        let mut lines = self.lines();
        lines.closed = true;
        for request in lines.queues.values_mut().flat_map(|queue| &mut queue.requests) {
            request.ring();
        }
    }

    /// Completes when no request is held open and none is being granted.
    pub(in crate::engine) async fn empty(&self) {
        loop {
            let ended = self.ended.notified();
            if self.lines().entries == 0 {
                return;
            }
            ended.await;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lines().closed
    }

    /// Wakes whose turn it is.
    pub(super) fn changed(&self, state: &LockedState) {
        if let Some(queue) = self.lines().queues.get_mut(state) {
            queue.ring_first();
        }
    }

    fn arrival(&self, state: &LockedState, id: &LockId) -> Arrival {
        let now_micros = self.clock.now_micros();
        let mut lines = self.lines();
        let arrival = |queue: &mut Queue| queue.line.arrival(id, now_micros);
        lines.with(state, now_micros, arrival).unwrap_or(Arrival::First)
    }

    /// Holds a request open; `None` if there is no room.
    fn stay(&self, wanted: &TakeLock, id: &LockId) -> Option<(u64, Arc<Notify>)> {
        let now_micros = self.clock.now_micros();
        let per_lock_max = self.limits.waiters_per_lock_max();
        let mut lines = self.lines();
        if lines.closed || lines.waiters >= self.limits.waiters_max {
            return None;
        }
        lines.make_room(now_micros);
        let number = lines.last_number.saturating_add(1);
        let is_full = lines.places >= PLACES_MAX;
        let wake = Arc::new(Notify::new());
        let stayed = lines.with_new(&wanted.state, now_micros, |queue| {
            let has_place = queue.line.standing(id).is_some();
            if queue.waiters() >= per_lock_max || (is_full && !has_place) {
                return false;
            }
            let request = HeldRequest::new(number, id.clone(), Arc::clone(&wake));
            let stayed = queue.line.stay(&asker(wanted, id), now_micros).is_ok();
            if stayed {
                queue.requests.push(request);
            }
            stayed
        });
        if stayed != Some(true) {
            return None;
        }
        lines.last_number = number;
        lines.waiters = lines.waiters.saturating_add(1);
        lines.entries = lines.entries.saturating_add(1);
        self.metrics.waiting(lines.waiters);
        Some((number, wake))
    }

    /// A request is not held open any more. If its client is gone, nothing may be granted to it.
    fn leave(&self, state: &LockedState, id: &LockId, number: u64, answered: bool) {
        let now_micros = self.clock.now_micros();
        let mut lines = self.lines();
        lines.waiters = lines.waiters.saturating_sub(1);
        self.metrics.waiting(lines.waiters);
        if !answered {
            self.metrics.left();
        }
        lines.with(state, now_micros, |queue| queue.leave(id, number, answered, now_micros));
    }

    fn remove(&self, state: &LockedState, number: u64) {
        let now_micros = self.clock.now_micros();
        let mut lines = self.lines();
        lines.entries = lines.entries.saturating_sub(1);
        lines.with(state, now_micros, |queue| {
            queue.requests.retain(|request| request.number != number);
        });
        drop(lines);
        self.ended.notify_waiters();
    }

    /// A request was told that it is refused. `with_place`: its client may come back.
    fn refused(&self, wanted: &TakeLock, id: Option<&LockId>, with_place: bool) {
        self.metrics.refused();
        let now_micros = self.clock.now_micros();
        let mut lines = self.lines();
        lines.make_room(now_micros);
        let is_full = lines.places >= PLACES_MAX;
        lines.with_new(&wanted.state, now_micros, |queue| {
            if let Some(id) = id {
                let has_place = queue.line.standing(id).is_some();
                if has_place || (with_place && !is_full) {
                    queue.line.refused(&asker(wanted, id), now_micros);
                }
            }
            queue.refusals.note(wanted, id, now_micros);
        });
    }

    /// A request was told that it has the lock.
    fn granted(&self, state: &LockedState, id: &LockId, number: Option<u64>) {
        let now_micros = self.clock.now_micros();
        let granted = |queue: &mut Queue| queue.granted(id, number);
        let place = self.lines().with(state, now_micros, granted).flatten();
        if let Some(place) = place {
            let micros = now_micros.saturating_sub(place.since_micros);
            self.metrics.granted(Duration::from_micros(micros));
        }
    }

    /// The lock was released, by this sender if it was not time that did it: wakes who is next.
    pub(super) fn gave_back(&self, state: &LockedState, sender: Option<&Sender>) {
        if let Some(sender) = sender {
            let now_micros = self.clock.now_micros();
            let forget = |queue: &mut Queue| queue.refusals.forget_connection(sender.connection.id);
            self.lines().with(state, now_micros, forget);
        }
        self.changed(state);
    }

    /// Where a lock ID stands, as a sentence in the lock info of who holds.
    pub(super) fn annotated(
        &self,
        wanted: &TakeLock,
        id: Option<&LockId>,
        hold: &Hold,
    ) -> Option<Vec<u8>> {
        let TakeLock { state, facet, sender, .. } = wanted;
        if !refusals::may_annotate(*facet, sender) {
            return None;
        }
        let lines = self.lines();
        let line = lines.queues.get(state).map(|queue| &queue.line);
        refusals::annotated(line, id, hold, *facet)
    }

    /// The lock info that a reader is shown instead of what is stored, and the lock ID in it; `None` for
    /// nearly everybody.
    ///
    /// Only for who was refused this lock a moment ago, once per refusal: with `hold`, its lock info
    /// with the reader's place in line; without, the lock info of who is next. See [`refusals`].
    pub(in crate::engine) fn shown_to(
        &self,
        state: &LockedState,
        facet: Facet,
        sender: &Sender,
        hold: Option<&Hold>,
    ) -> Option<(Vec<u8>, Option<LockId>)> {
        let now_micros = self.clock.now_micros();
        let shown = |queue: &mut Queue| {
            queue.line.expire(now_micros);
            queue.refusals.shown_to(&queue.line, facet, sender, hold, now_micros)
        };
        self.lines().with(state, now_micros, shown).flatten()
    }

    /// Whether nothing is kept.
    #[cfg(test)]
    pub(in crate::engine) fn is_empty(&self) -> bool {
        let lines = self.lines();
        lines.queues.is_empty() && lines.entries == 0 && lines.waiters == 0 && lines.places == 0
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a transaction asks on the storage's writer thread: there grants happen one after the other.
impl Waiting {
    /// Who is to have a free lock before this lock ID.
    fn before(&self, state: &LockedState, id: Option<&LockId>, now_micros: u64) -> Option<Hold> {
        let lines = self.lines();
        let first = lines.queues.get(state)?.line.before(id)?;
        Some(first.stand_in(now_micros))
    }

    fn is_gone(&self, state: &LockedState, number: u64) -> bool {
        let lines = self.lines();
        let request = lines.queues.get(state).and_then(|queue| queue.request(number));
        request.is_some_and(HeldRequest::is_gone)
    }

    /// A transaction grants the lock to request `number`, or to one that never was held open.
    fn grants(
        &self,
        state: &LockedState,
        id: &LockId,
        number: Option<u64>,
        granted: Granted,
        now_micros: u64,
    ) {
        let mut lines = self.lines();
        let Some(queue) = lines.queues.get_mut(state) else { return };
        for request in queue.requests.iter_mut().filter(|request| request.id == *id) {
            if Some(request.number) != number {
                request.granted_elsewhere = true;
            } else if granted == Granted::Taken {
                request.taken_at_micros = Some(now_micros);
            }
        }
    }

    /// When request `number` took the lock, if no other request was told of that.
    fn unanswered(&self, state: &LockedState, number: u64) -> Option<u64> {
        let lines = self.lines();
        let request = lines.queues.get(state)?.request(number)?;
        request.taken_at_micros.filter(|_| !request.granted_elsewhere)
    }
}

impl Lines {
    /// Works on a state's queue, if it has one, and forgets it when it is idle.
    fn with<T>(
        &mut self,
        state: &LockedState,
        now_micros: u64,
        work: impl FnOnce(&mut Queue) -> T,
    ) -> Option<T> {
        let queue = self.queues.get_mut(state)?;
        let before = queue.line.len();
        let done = work(queue);
        let (after, is_idle) = (queue.line.len(), queue.is_idle(now_micros));
        self.places = self.places.saturating_sub(before).saturating_add(after);
        if is_idle {
            self.queues.remove(state);
        }
        Some(done)
    }

    /// As [`Self::with`], making the queue; `None` if there is no room for one.
    fn with_new<T>(
        &mut self,
        state: &LockedState,
        now_micros: u64,
        work: impl FnOnce(&mut Queue) -> T,
    ) -> Option<T> {
        if !self.queues.contains_key(state) {
            if self.queues.len() >= STATES_MAX {
                return None;
            }
            self.queues.insert(state.clone(), Queue::default());
        }
        self.with(state, now_micros, work)
    }

    /// Forgets what is over, when much has come together.
    fn make_room(&mut self, now_micros: u64) {
        let is_crowded = self.queues.len() >= self.sweep_at || self.places >= PLACES_MAX;
        if !is_crowded {
            return;
        }
        self.queues.retain(|_, queue| {
            queue.line.expire(now_micros);
            !queue.is_idle(now_micros)
        });
        self.places = self.queues.values().map(|queue| queue.line.len()).sum();
        self.sweep_at = self.queues.len().saturating_mul(2).clamp(1024, STATES_MAX);
    }
}

fn asker<'a>(wanted: &'a TakeLock, id: &'a LockId) -> Asker<'a> {
    Asker { id, facet: wanted.facet, info: &wanted.info }
}
