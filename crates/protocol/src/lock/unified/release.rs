//! Does this request release the lock, and how much of it?

use super::{
    Delivery, FORCE_REPEAT_MICROS_MAX, Facet, Hold, TrailEntry, TrailEvent, Transition, UnifiedLock,
};
use crate::lock::LockId;

/// A request to release the lock.
#[derive(Clone, Debug)]
pub struct Release<'a> {
    /// Through which facet.
    pub facet: Facet,
    /// What it says about the lock that it means.
    pub aim: Aim<'a>,
    /// What the server knows that its sender has seen.
    pub seen: Seen,
    /// How it came.
    pub delivery: Delivery<'a>,
}

/// Which lock a release means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim<'a> {
    /// Whatever is there: a DELETE or DeleteItem without a condition, or with one that holds.
    Whatever,
    /// The lock with this ID.
    Id(&'a LockId),
    /// Whatever is there, by a sender that means to force: an `http` UNLOCK without a body.
    Force,
}

/// What the sender of a release was shown of this lock before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Nothing that the server knows of.
    #[default]
    Unknown,
    /// Locks with these IDs; an unreadable one is `None`.
    Locks(Vec<Option<LockId>>),
}

/// The answer to a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// The request had this effect.
    Released(Released),
    /// The same call had its effect before, and has no other now.
    Repeated,
    /// There is no lock.
    NothingHeld,
    /// Nothing was released.
    Refused(ReleaseRefusal),
}

/// What a release left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// The lock is free.
    Free {
        /// Who held it.
        hold: Hold,
        /// Whether it was removed through a facet that its holder did not have, or without being
        /// named: its holder does not know.
        forced: bool,
    },
    /// One facet is given back; the rest follows, or is over at this moment, in microseconds.
    Partly {
        /// Who holds the rest.
        hold: Hold,
        /// When the rest is over.
        free_at_micros: u64,
    },
}

/// Why nothing was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseRefusal {
    /// The lock has another ID than the one named.
    OtherId(Hold),
    /// The sender was shown another lock than the one that holds now.
    OtherSeen(Hold),
    /// The lock may have been taken after the request, or its first attempt, was sent, and it does not
    /// say which lock it means.
    MaybeEarlier(Hold),
}

impl UnifiedLock {
    /// Decides a release.
    pub fn release(&self, request: &Release<'_>) -> Transition<ReleaseOutcome> {
        let Delivery { now_micros, .. } = request.delivery;
        if self.is_done(request) {
            return Transition::nothing(ReleaseOutcome::Repeated);
        }
        let Some(hold) = self.standing(now_micros) else { return self.found_nothing(request) };
        if let Some(refusal) = self.refusal(request, hold) {
            return self.spared(request, hold, refusal);
        }
        let forced = !hold.facets.contains(request.facet) || request.aim == Aim::Force;
        let rest = hold.facets.without(request.facet);
        if forced || rest.is_empty() {
            let freed = Released::Free { hold: hold.clone(), forced };
            return self.after_release(request, hold, None, freed);
        }
        let since = hold.giving_back_since_micros.unwrap_or(now_micros);
        let rest = Hold { facets: rest, giving_back_since_micros: Some(since), ..hold.clone() };
        let free_at_micros = rest.given_back_at_micros().unwrap_or(now_micros);
        let partly = Released::Partly { hold: rest.clone(), free_at_micros };
        self.after_release(request, hold, Some(rest), partly)
    }

    /// Whether this very request had its effect before.
    fn is_done(&self, request: &Release<'_>) -> bool {
        let Delivery { call, now_micros, .. } = request.delivery;
        let released = |entry: &TrailEntry| match entry.event {
            TrailEvent::Released => true,
            TrailEvent::Forced
            | TrailEvent::Acquired(_)
            | TrailEvent::Refused(_)
            | TrailEvent::Spared => false,
        };
        if self.trail.of_call(call, request.facet, now_micros).any(released) {
            return true;
        }
        // Without an id of the call, the lock ID says the same: it is released once, by who names it.
        let Aim::Id(id) = request.aim else { return false };
        let holds = self.standing(now_micros).is_some_and(|hold| hold.is_held_by(Some(id)));
        let by_id = |entry: &TrailEntry| entry.facet == request.facet && released(entry);
        !holds && call.is_none() && self.trail.of_id(id, now_micros).any(by_id)
    }

    /// Nothing is held. Where something lately was, a copy of this call must not meet the next lock.
    fn found_nothing(&self, request: &Release<'_>) -> Transition<ReleaseOutcome> {
        let Delivery { call, now_micros, .. } = request.delivery;
        let next = if call.is_some() && !self.trail.is_forgotten(now_micros) {
            let entry = entry(request, None, TrailEvent::Released);
            Some(Self { hold: None, trail: self.trail.with(entry) })
        } else {
            self.settled(now_micros)
        };
        Transition { next, outcome: ReleaseOutcome::NothingHeld }
    }

    /// Another lock holds than the one that is meant, and a copy of this call does not mean it either.
    fn spared(
        &self,
        request: &Release<'_>,
        hold: &Hold,
        refusal: ReleaseRefusal,
    ) -> Transition<ReleaseOutcome> {
        let outcome = ReleaseOutcome::Refused(refusal);
        if request.delivery.call.is_none() || self.was_spared(request) {
            return Transition::nothing(outcome);
        }
        let entry = entry(request, hold.id.as_ref(), TrailEvent::Spared);
        let next = Self { hold: Some(hold.clone()), trail: self.trail.with(entry) };
        Transition { next: Some(next), outcome }
    }

    fn was_spared(&self, request: &Release<'_>) -> bool {
        let Delivery { call, now_micros, .. } = request.delivery;
        let mut known = self.trail.of_call(call, request.facet, now_micros);
        known.any(|entry| entry.event == TrailEvent::Spared)
    }

    fn after_release(
        &self,
        request: &Release<'_>,
        held: &Hold,
        rest: Option<Hold>,
        released: Released,
    ) -> Transition<ReleaseOutcome> {
        let event = match request.aim {
            Aim::Force => TrailEvent::Forced,
            Aim::Whatever | Aim::Id(_) => TrailEvent::Released,
        };
        let entry = entry(request, held.id.as_ref(), event);
        Transition {
            next: Some(Self { hold: rest, trail: self.trail.with(entry) }),
            outcome: ReleaseOutcome::Released(released),
        }
    }

    fn refusal(&self, request: &Release<'_>, hold: &Hold) -> Option<ReleaseRefusal> {
        let shown = hold.shown_id(request.facet);
        let is_earlier = is_sent_before(request, hold);
        match (request.aim, &request.seen) {
            (Aim::Id(id), _) => {
                (shown.as_ref() != Some(id)).then(|| ReleaseRefusal::OtherId(hold.clone()))
            }
            (Aim::Whatever, _) if self.was_spared(request) => {
                Some(ReleaseRefusal::OtherSeen(hold.clone()))
            }
            (Aim::Whatever, Seen::Locks(ids)) if !ids.contains(&shown) => {
                Some(ReleaseRefusal::OtherSeen(hold.clone()))
            }
            (Aim::Whatever, Seen::Locks(_) | Seen::Unknown) => {
                is_earlier.then(|| ReleaseRefusal::MaybeEarlier(hold.clone()))
            }
            (Aim::Force, _) => (is_earlier || self.was_forced_lately(request))
                .then(|| ReleaseRefusal::MaybeEarlier(hold.clone())),
        }
    }

    /// Whether a lock was removed so short a time ago, without being named, that this may be the same
    /// request: an `http` client whose answer got lost sends it again.
    fn was_forced_lately(&self, request: &Release<'_>) -> bool {
        let Delivery { by_stock_client, now_micros, .. } = request.delivery;
        by_stock_client
            && self.trail.entries().any(|entry| {
                entry.event == TrailEvent::Forced
                    && now_micros.saturating_sub(entry.at_micros) <= FORCE_REPEAT_MICROS_MAX
            })
    }
}

/// Whether the lock was taken after this request can have been sent. (If it was taken later than now,
/// the clock went back, and says nothing.)
fn is_sent_before(request: &Release<'_>, hold: &Hold) -> bool {
    let Delivery { sent_after_micros, by_stock_client, now_micros, .. } = request.delivery;
    by_stock_client && sent_after_micros < hold.since_micros && hold.since_micros <= now_micros
}

fn entry(request: &Release<'_>, id: Option<&LockId>, event: TrailEvent) -> TrailEntry {
    TrailEntry {
        call: request.delivery.call.map(str::to_owned),
        facet: request.facet,
        id: id.cloned(),
        event,
        at_micros: request.delivery.now_micros,
    }
}
