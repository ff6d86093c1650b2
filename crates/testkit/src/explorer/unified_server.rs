//! The unified lock as the state server uses it, and the same with one rule undone.

use std::sync::Arc;

use statelock_protocol::lock::unified::{
    Acquire, AcquireMode, AcquireOutcome, Aim, Delivery, Facet, Hold, LockRefusal, Release,
    ReleaseOutcome, Released, Seen, TrailEntry, TrailEvent, Transition, UnifiedLock,
};

use super::identity::{identities, whose};
use super::message::{Answer, Naming, Request};
use super::plain_store::small;
use super::server::{Arrival, Holding, Holdings, LockServer, Relevance};
use super::undo::Undo;

/// A server with the unified lock.
#[derive(Clone, Debug, Default)]
pub struct UnifiedServer {
    lock: Arc<UnifiedLock>,
    undo: Option<Undo>,
}

impl UnifiedServer {
    /// A server that breaks this rule.
    pub fn without(undo: Undo) -> Self {
        Self { undo: Some(undo), ..Self::default() }
    }

    fn take(&mut self, arrival: &Arrival<'_>, facet: Facet) -> Answer {
        let Some(sender) = identities().get(arrival.message.from) else { return Answer::Refused };
        let request = Acquire {
            facet,
            id: Some(&sender.id),
            info: sender.info(facet),
            delivery: delivery(arrival),
            mode: AcquireMode::Answer,
        };
        let Transition { next, outcome } = match self.undo {
            None => self.lock.acquire(&request),
            Some(undo) => undo.acquire(&self.lock, &request),
        };
        self.become_next(next);
        match outcome {
            AcquireOutcome::Granted(_) => Answer::Done,
            AcquireOutcome::Refused(LockRefusal::GivingBack(..)) => Answer::Kept,
            AcquireOutcome::Refused(LockRefusal::Held(_) | LockRefusal::Late) => Answer::Refused,
        }
    }

    fn release(&mut self, arrival: &Arrival<'_>, facet: Facet, naming: Naming) -> Answer {
        let Some(meant) = identities().get(arrival.message.about) else { return Answer::Refused };
        let aim = match naming {
            Naming::Nothing | Naming::Info => Aim::Whatever,
            Naming::Id => Aim::Id(&meant.id),
            Naming::Force => Aim::Force,
        };
        let seen = match naming {
            Naming::Nothing => arrival.seen.clone(),
            // These say themselves what they mean.
            Naming::Info | Naming::Id | Naming::Force => Seen::Unknown,
        };
        let request = Release { facet, aim, seen, delivery: delivery(arrival) };
        let Transition { next, outcome } = match self.undo {
            None => self.lock.release(&request),
            Some(undo) => undo.release(&self.lock, &request),
        };
        // A repeated call is answered like the first, whatever there is now to compare with.
        let compares = naming == Naming::Info && outcome != ReleaseOutcome::Repeated;
        if compares && !self.shows(facet, meant.info(facet)) {
            return Answer::Refused;
        }
        self.become_next(next);
        match outcome {
            // What names a lock that is not held, failed.
            ReleaseOutcome::NothingHeld if naming == Naming::Id => Answer::Refused,
            ReleaseOutcome::Released(Released::Free { .. } | Released::Partly { .. })
            | ReleaseOutcome::Repeated
            | ReleaseOutcome::NothingHeld => Answer::Done,
            ReleaseOutcome::Refused(_) => Answer::Refused,
        }
    }

    fn become_next(&mut self, next: Option<UnifiedLock>) {
        if let Some(next) = next {
            self.lock = Arc::new(next);
        }
    }

    fn shows(&self, facet: Facet, info: &[u8]) -> bool {
        self.lock.hold.as_ref().is_some_and(|hold| hold.shown_through(facet) == info)
    }

    /// What of the trail can still matter.
    fn entries(&self, is_live: &dyn Fn(usize) -> bool) -> impl Iterator<Item = &TrailEntry> {
        let caller = |call: &str| identities().iter().position(|one| call.starts_with(one.name));
        self.lock.trail.entries().filter(move |entry| {
            let by = entry.call.as_deref().and_then(caller);
            let of = entry.id.as_ref().and_then(whose);
            entry.event == TrailEvent::Forced || by.is_some_and(is_live) || of.is_some_and(is_live)
        })
    }
}

impl LockServer for UnifiedServer {
    fn handle(&mut self, arrival: &Arrival<'_>) -> Answer {
        match arrival.message.request {
            Request::Take(facet) => self.take(arrival, facet),
            Request::Look(facet) => {
                let id = self.lock.standing(arrival.now).and_then(|hold| hold.shown_id(facet));
                Answer::Shows(id.as_ref().and_then(whose))
            }
            Request::Drop(facet, naming) => self.release(arrival, facet, naming),
        }
    }

    fn holdings(&self) -> Holdings {
        let mut holdings = Holdings::default();
        let Some(Hold { id, facets, giving_back_since_micros, .. }) = &self.lock.hold else {
            return holdings;
        };
        let holder = id.as_ref().and_then(whose).and_then(|who| holdings.get_mut(who));
        if let Some(holding) = holder {
            let is_leaving = giving_back_since_micros.is_some();
            *holding = Some(Holding { facets: *facets, is_leaving });
        }
        holdings
    }

    fn shows_well(&self, facet: Facet) -> bool {
        let Some(hold) = &self.lock.hold else { return true };
        let holder = hold.id.as_ref().and_then(whose).and_then(|who| identities().get(who));
        holder.is_some_and(|holder| {
            hold.shown_through(facet) == holder.info(hold.taken_through)
                && hold.shown_id(facet).as_ref() == Some(&holder.id)
        })
    }

    fn grace_end(&self) -> Option<u64> {
        self.lock.hold.as_ref().and_then(Hold::given_back_at_micros)
    }

    fn settle(&mut self, now: u64) {
        if let Some(next) = self.lock.settled(now) {
            self.lock = Arc::new(next);
        }
    }

    fn moments(&self, is_live: &dyn Fn(usize) -> bool) -> Vec<u64> {
        let hold = self.lock.hold.iter();
        hold.flat_map(|hold| [Some(hold.since_micros), hold.giving_back_since_micros])
            .flatten()
            .chain(self.entries(is_live).map(|entry| entry.at_micros))
            .collect()
    }

    fn write_key(&self, relevance: &Relevance<'_>, key: &mut Vec<u8>) {
        let rank = relevance.rank;
        if let Some(hold) = &self.lock.hold {
            key.push(small(hold.id.as_ref().and_then(whose)));
            key.extend(Facet::ALL.map(|facet| u8::from(hold.facets.contains(facet))));
            key.extend(hold.taken_through.name().bytes());
            key.push(rank(hold.since_micros));
            key.push(hold.giving_back_since_micros.map_or(0xff, rank));
        }
        let mut entries: Vec<Vec<u8>> =
            self.entries(relevance.is_live).map(|entry| entry_key(entry, rank)).collect();
        // Which of two entries came first is in their moments, as far as it matters.
        entries.sort_unstable();
        entries.dedup();
        key.extend(entries.concat());
        key.push(0xfd);
    }
}

fn delivery<'a>(arrival: &Arrival<'a>) -> Delivery<'a> {
    Delivery {
        call: arrival.call,
        sent_after_micros: arrival.message.sent_after,
        by_stock_client: true,
        now_micros: arrival.now,
    }
}

fn entry_key(entry: &TrailEntry, rank: &dyn Fn(u64) -> u8) -> Vec<u8> {
    let facet = Facet::ALL.into_iter().position(|facet| facet == entry.facet);
    // The digest of a lock info says no more than lock ID and facet.
    let event = match entry.event {
        TrailEvent::Acquired(_) => 1,
        TrailEvent::Refused(_) => 2,
        TrailEvent::Released => 3,
        TrailEvent::Forced => 4,
        TrailEvent::Spared => 5,
    };
    let mut key = entry.call.as_deref().unwrap_or_default().as_bytes().to_vec();
    key.extend([
        0xfc,
        small(facet),
        small(entry.id.as_ref().and_then(whose)),
        event,
        rank(entry.at_micros),
    ]);
    key
}
