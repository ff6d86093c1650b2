//! What is kept about one lock: its line, the requests that are held open, who was refused.

use std::sync::Arc;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::line::{Line, Place};
use tokio::sync::Notify;

use super::refusals::Refusals;

/// One lock's.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) line: Line,
    pub(super) requests: Vec<HeldRequest>,
    pub(super) refusals: Refusals,
}

/// A request that is held open, or whose last attempt still runs.
pub(super) struct HeldRequest {
    pub(super) number: u64,
    pub(super) id: LockId,
    wake: Arc<Notify>,
    /// Whether the bell rang since its latest attempt began.
    is_woken: bool,
    client: Client,
    /// When it took the free lock, if it did.
    pub(super) taken_at_micros: Option<u64>,
    /// Whether another request with this lock ID was told that it has the lock.
    pub(super) granted_elsewhere: bool,
}

/// The client of such a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Waits,
    Answered,
    /// It went away without an answer.
    Gone,
}

impl HeldRequest {
    pub(super) fn new(number: u64, id: LockId, wake: Arc<Notify>) -> Self {
        Self {
            number,
            id,
            wake,
            is_woken: false,
            client: Client::Waits,
            taken_at_micros: None,
            granted_elsewhere: false,
        }
    }

    fn waits(&self) -> bool {
        self.client == Client::Waits
    }

    pub(super) fn is_gone(&self) -> bool {
        self.client == Client::Gone
    }

    /// A bell that is not heard yet rings until it is.
    pub(super) fn ring(&mut self) {
        self.is_woken = true;
        self.wake.notify_one();
    }

    pub(super) fn heard(&mut self) {
        self.is_woken = false;
    }
}

impl Queue {
    pub(super) fn is_idle(&self, now_micros: u64) -> bool {
        self.line.is_empty() && self.requests.is_empty() && self.refusals.are_over(now_micros)
    }

    pub(super) fn waiters(&self) -> usize {
        self.requests.iter().filter(|request| request.waits()).count()
    }

    pub(super) fn request(&self, number: u64) -> Option<&HeldRequest> {
        self.requests.iter().find(|request| request.number == number)
    }

    pub(super) fn request_mut(&mut self, number: u64) -> Option<&mut HeldRequest> {
        self.requests.iter_mut().find(|request| request.number == number)
    }

    /// Rings for whose turn it is.
    pub(super) fn ring_first(&mut self) {
        let Some(first) = self.line.first_present().map(|place| place.id.clone()) else { return };
        self.ring(|request| request.id == first);
    }

    pub(super) fn leave(&mut self, id: &LockId, number: u64, answered: bool, now_micros: u64) {
        let was_first = self.line.first_present().is_some_and(|first| first.id == *id);
        self.line.leave(id, now_micros);
        if let Some(request) = self.request_mut(number) {
            request.client = if answered { Client::Answered } else { Client::Gone };
        }
        // It may have been woken for a lock that it does not take any more.
        if was_first {
            self.ring_first();
        }
    }

    pub(super) fn granted(&mut self, id: &LockId, number: Option<u64>) -> Option<Place> {
        let place = self.line.granted(id);
        self.refusals.forget(id);
        // Other requests of this lock ID are told the same.
        self.ring(|request| request.id == *id && Some(request.number) != number);
        // A bell that rang for this one after its attempt began was about a later change.
        let mine = number.and_then(|number| self.request(number));
        if mine.is_some_and(|request| request.is_woken) {
            self.ring_first();
        }
        place
    }

    fn ring(&mut self, is_meant: impl Fn(&HeldRequest) -> bool) {
        for request in
            self.requests.iter_mut().filter(|request| request.waits() && is_meant(request))
        {
            request.ring();
        }
    }
}
