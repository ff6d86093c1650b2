//! One request for a lock, from its arrival to its answer.

use std::sync::Arc;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::line::Arrival;
use statelock_protocol::lock::unified::{Granted, Hold};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::{LockedState, TakeLock};
use super::Waiting;

/// A request for a lock. However it ends, it holds no place open afterwards.
pub(in crate::engine) struct Ticket {
    waiting: Arc<Waiting>,
    wanted: TakeLock,
    id: Option<LockId>,
    stay: Option<Stay>,
    answered: bool,
}

/// That a request is held open.
struct Stay {
    entry: Arc<Entry>,
    wake: Arc<Notify>,
}

/// The entry of a held request: stays until both the request and its latest attempt have ended.
struct Entry {
    waiting: Arc<Waiting>,
    state: LockedState,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.waiting.remove(&self.state, self.number);
    }
}

/// How a request takes it that it cannot have the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Patience {
    /// A first attempt: it is told, but waits while the holder gives the lock back.
    First,
    /// It is held open.
    Waits,
    /// It is told, whatever stands in the way.
    Last,
    /// It means to replace the lock that stands, and has named it.
    Replaces,
}

impl Ticket {
    pub(in crate::engine) fn new(
        waiting: &Arc<Waiting>,
        wanted: &TakeLock,
        id: Option<LockId>,
    ) -> Self {
        let (waiting, wanted) = (Arc::clone(waiting), wanted.clone());
        Self { waiting, wanted, id, stay: None, answered: false }
    }

    /// How the request begins. Who comes back is held open at once, so that nobody overtakes.
    pub(in crate::engine) fn arrive(&mut self) -> Patience {
        let Some(id) = &self.id else { return Patience::First };
        match self.waiting.arrival(&self.wanted.state, id) {
            Arrival::First => Patience::First,
            Arrival::Returning if self.stay() => Patience::Waits,
            Arrival::Returning => Patience::Last,
        }
    }

    /// Holds the request open; whether there is room.
    pub(in crate::engine) fn stay(&mut self) -> bool {
        let Some(id) = &self.id else { return false };
        if self.stay.is_none() {
            self.stay = self.waiting.stay(&self.wanted, id).map(|(number, wake)| {
                let (waiting, state) = (Arc::clone(&self.waiting), self.wanted.state.clone());
                Stay { entry: Arc::new(Entry { waiting, state, number }), wake }
            });
        }
        self.stay.is_some()
    }

    pub(in crate::engine) fn is_held_open(&self) -> bool {
        self.stay.is_some()
    }

    pub(in crate::engine) fn turn(&self, patience: Patience) -> Turn {
        if let Some(stay) = &self.stay {
            // The attempt that begins sees every change up to now.
            let mut lines = self.waiting.lines();
            let queue = lines.queues.get_mut(&self.wanted.state);
            if let Some(request) = queue.and_then(|queue| queue.request_mut(stay.entry.number)) {
                request.heard();
            }
        }
        let link = Link {
            waiting: Arc::clone(&self.waiting),
            state: self.wanted.state.clone(),
            id: self.id.clone(),
            entry: self.stay.as_ref().map(|stay| Arc::clone(&stay.entry)),
        };
        Turn { link: Some(link), patience }
    }

    /// Waits for the bell, and no longer than `until`.
    pub(in crate::engine) async fn wait(&self, until: Instant) {
        if let Some(stay) = &self.stay {
            // Ringing and the end of the time are followed by the same: another attempt.
            tokio::time::timeout_at(until, stay.wake.notified()).await.ok();
        }
    }

    /// The request is told that it has the lock.
    pub(in crate::engine) fn granted(mut self) {
        if let Some(id) = &self.id {
            let number = self.stay.as_ref().map(|stay| stay.entry.number);
            self.waiting.granted(&self.wanted.state, id, number);
        }
        self.answered = true;
    }

    /// The request is told that it does not have the lock. `with_place`: its client may come back.
    pub(in crate::engine) fn refused(mut self, with_place: bool) {
        self.waiting.refused(&self.wanted, self.id.as_ref(), with_place);
        self.answered = true;
    }

    /// The request ends with an error.
    pub(in crate::engine) fn failed(mut self) {
        self.answered = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let (Some(stay), Some(id)) = (&self.stay, &self.id) {
            let number = stay.entry.number;
            self.waiting.leave(&self.wanted.state, id, number, self.answered);
        }
    }
}

/// One attempt of a request, as its transaction sees it.
#[derive(Clone)]
pub(in crate::engine) struct Turn {
    /// `None` for a request that does not stand in line.
    link: Option<Link>,
    pub(in crate::engine) patience: Patience,
}

#[derive(Clone)]
struct Link {
    waiting: Arc<Waiting>,
    state: LockedState,
    id: Option<LockId>,
    entry: Option<Arc<Entry>>,
}

impl Turn {
    /// An attempt outside of the line, that is told at once. No stock client takes a lock so.
    pub(in crate::engine) fn at_once() -> Self {
        Self { link: None, patience: Patience::Last }
    }

    /// The same attempt, meant to replace the lock that stands.
    #[must_use]
    pub(in crate::engine) fn replacing(&self) -> Self {
        Self { patience: Patience::Replaces, ..self.clone() }
    }

    /// Whether the client went away: then nothing is granted.
    pub(in crate::engine) fn is_abandoned(&self) -> bool {
        self.link.as_ref().is_some_and(Link::is_abandoned)
    }

    /// Who is to have a free lock before this request.
    pub(in crate::engine) fn before(&self, now_micros: u64) -> Option<Hold> {
        let Link { waiting, state, id, .. } = self.link.as_ref()?;
        waiting.before(state, id.as_ref(), now_micros)
    }

    /// Remembers that a transaction grants the lock to this request.
    pub(in crate::engine) fn grants(&self, granted: Granted, now_micros: u64) {
        let Some(Link { waiting, state, id: Some(id), entry }) = &self.link else { return };
        let number = entry.as_ref().map(|entry| entry.number);
        waiting.grants(state, id, number, granted, now_micros);
    }

    /// The lock ID that took the free lock in this attempt, and when, if no request was told of it.
    pub(in crate::engine) fn unanswered(&self) -> Option<(&LockId, u64)> {
        let Link { waiting, state, id, entry } = self.link.as_ref()?;
        Some((id.as_ref()?, waiting.unanswered(state, entry.as_ref()?.number)?))
    }
}

impl Link {
    fn is_abandoned(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| self.waiting.is_gone(&self.state, entry.number))
    }
}
