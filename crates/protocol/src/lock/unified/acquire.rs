//! May this request take the lock?

use super::{Delivery, Facet, FacetSet, Hold, TrailEntry, TrailEvent, Transition, UnifiedLock};
use crate::lock::LockId;
use crate::state::Digest;

/// A request for the lock.
#[derive(Clone, Copy, Debug)]
pub struct Acquire<'a> {
    /// Through which facet.
    pub facet: Facet,
    /// The lock ID in the lock info; `None` if it cannot be read.
    pub id: Option<&'a LockId>,
    /// The lock info, exactly as sent.
    pub info: &'a [u8],
    /// How it came.
    pub delivery: Delivery<'a>,
    /// What becomes of a refusal.
    pub mode: AcquireMode,
}

/// What becomes of a request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireMode {
    /// The sender is told, so the refusal is remembered: a late copy of the request must not take a
    /// lock for somebody who gave up.
    Answer,
    /// The sender is kept waiting, and the request will be tried again.
    Wait,
    /// The sender means to replace the lock that stands, and has named it (`If-Match`).
    Replace,
}

/// The answer to a request for the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcquireOutcome {
    /// The sender holds the lock.
    Granted(Granted),
    /// The sender does not hold it, and this request did not change who does.
    Refused(LockRefusal),
}

/// How a lock was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// It was free.
    Taken,
    /// The same lock ID had it, and now has it through one facet more.
    FacetAdded,
    /// The same lock ID had it through this facet.
    Repeated,
    /// It replaces the lock that the sender named.
    Replaced,
}

/// Why a lock was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockRefusal {
    /// Another lock ID holds it.
    Held(Hold),
    /// The holder gives it back: it is free at this moment at the latest, in microseconds.
    GivingBack(Hold, u64),
    /// This request is a copy of one whose time is over: its sender released the lock, lost it or part
    /// of it, or was refused and told so.
    Late,
}

impl UnifiedLock {
    /// Decides a request for the lock.
    pub fn acquire(&self, request: &Acquire<'_>) -> Transition<AcquireOutcome> {
        let Delivery { now_micros, .. } = request.delivery;
        let standing = self.standing(now_micros);
        if let Some(hold) = standing.filter(|hold| hold.is_held_by(request.id)) {
            return self.acquire_again(request, hold);
        }
        if self.is_late(request) {
            return self.refuse_late(request);
        }
        match (standing, request.mode) {
            (None, _) => self.grant(request, Granted::Taken),
            (Some(_), AcquireMode::Replace) => self.grant(request, Granted::Replaced),
            (Some(hold), AcquireMode::Answer | AcquireMode::Wait) => self.refuse(request, hold),
        }
    }

    /// The same lock ID asks again. A call that already had its effect changes nothing.
    fn acquire_again(&self, request: &Acquire<'_>, hold: &Hold) -> Transition<AcquireOutcome> {
        let Acquire { facet, delivery, .. } = *request;
        let known = self.trail.of_call(delivery.call, facet, delivery.now_micros);
        let is_copy = known.into_iter().any(|entry| entry.event.is_about(request));
        // Its sender would believe that it holds what is being taken from it, or has given back itself.
        if hold.giving_back_since_micros.is_some()
            && (is_copy || self.is_sent_before_its_end(request))
        {
            return self.refuse_late(request);
        }
        let has_facet = hold.facets.contains(facet);
        let granted = |granted| AcquireOutcome::Granted(granted);
        if is_copy || (has_facet && delivery.call.is_none() && request.info == hold.info) {
            return Transition::nothing(granted(Granted::Repeated));
        }
        let replaces = request.mode == AcquireMode::Replace;
        let (info, taken_through) = if replaces {
            (request.info.to_vec(), facet)
        } else {
            (hold.info.clone(), hold.taken_through)
        };
        let facets = hold.facets.with(facet);
        let hold =
            Hold { info, taken_through, facets, giving_back_since_micros: None, ..hold.clone() };
        let outcome = match (replaces, has_facet) {
            (true, _) => granted(Granted::Replaced),
            (false, true) => granted(Granted::Repeated),
            (false, false) => granted(Granted::FacetAdded),
        };
        self.after(request, Some(hold), TrailEvent::Acquired(Digest::of(request.info)), outcome)
    }

    /// Whether this request's time is over.
    fn is_late(&self, request: &Acquire<'_>) -> bool {
        let Delivery { call, now_micros, .. } = request.delivery;
        let mut known = self.trail.of_call(call, request.facet, now_micros);
        known.any(|entry| entry.event.is_about(request)) || self.is_sent_before_its_end(request)
    }

    /// Whether this request may have been sent before its lock ID was released or refused.
    ///
    /// That may be another call of the same client, of which no attempt arrived in time. What was
    /// certainly sent after that is a new request.
    fn is_sent_before_its_end(&self, request: &Acquire<'_>) -> bool {
        let Delivery { sent_after_micros, by_stock_client, now_micros, .. } = request.delivery;
        let Some(id) = request.id.filter(|_| by_stock_client) else { return false };
        self.trail.of_id(id, now_micros).any(|entry| match entry.event {
            TrailEvent::Released | TrailEvent::Forced | TrailEvent::Refused(_) => {
                sent_after_micros < entry.at_micros
            }
            TrailEvent::Acquired(_) | TrailEvent::Spared => false,
        })
    }

    /// Refuses a request whose time is over, and every other attempt of its call, which may have been
    /// sent later. That says nothing about other calls with the same lock ID.
    fn refuse_late(&self, request: &Acquire<'_>) -> Transition<AcquireOutcome> {
        let Delivery { call, now_micros, .. } = request.delivery;
        let outcome = AcquireOutcome::Refused(LockRefusal::Late);
        let event = TrailEvent::Refused(Digest::of(request.info));
        let mut known = self.trail.of_call(call, request.facet, now_micros);
        if call.is_none() || known.any(|entry| entry.event == event) {
            return Transition::nothing(outcome);
        }
        let hold = self.standing(now_micros).cloned();
        let about_no_id = Acquire { id: None, ..*request };
        self.after(&about_no_id, hold, event, outcome)
    }

    fn grant(&self, request: &Acquire<'_>, granted: Granted) -> Transition<AcquireOutcome> {
        let hold = Hold {
            id: request.id.cloned(),
            info: request.info.to_vec(),
            taken_through: request.facet,
            facets: FacetSet::of(request.facet),
            since_micros: request.delivery.now_micros,
            giving_back_since_micros: None,
        };
        let event = TrailEvent::Acquired(Digest::of(request.info));
        self.after(request, Some(hold), event, AcquireOutcome::Granted(granted))
    }

    fn refuse(&self, request: &Acquire<'_>, hold: &Hold) -> Transition<AcquireOutcome> {
        if let Some(end) = hold.given_back_at_micros() {
            // Nobody is told: the request is kept until then, and tried again.
            let refusal = LockRefusal::GivingBack(hold.clone(), end);
            return Transition::nothing(AcquireOutcome::Refused(refusal));
        }
        let outcome = AcquireOutcome::Refused(LockRefusal::Held(hold.clone()));
        match request.mode {
            AcquireMode::Answer => {
                let event = TrailEvent::Refused(Digest::of(request.info));
                self.after(request, Some(hold.clone()), event, outcome)
            }
            AcquireMode::Wait | AcquireMode::Replace => Transition::nothing(outcome),
        }
    }

    fn after(
        &self,
        request: &Acquire<'_>,
        hold: Option<Hold>,
        event: TrailEvent,
        outcome: AcquireOutcome,
    ) -> Transition<AcquireOutcome> {
        let entry = TrailEntry {
            call: request.delivery.call.map(str::to_owned),
            facet: request.facet,
            id: request.id.cloned(),
            event,
            at_micros: request.delivery.now_micros,
        };
        Transition { next: Some(Self { hold, trail: self.trail.with(entry) }), outcome }
    }
}

impl TrailEvent {
    /// Whether this came of the same request. Other bytes are another request, whatever its id says.
    fn is_about(&self, request: &Acquire<'_>) -> bool {
        match self {
            Self::Acquired(digest) | Self::Refused(digest) => *digest == Digest::of(request.info),
            Self::Released | Self::Forced | Self::Spared => false,
        }
    }
}
