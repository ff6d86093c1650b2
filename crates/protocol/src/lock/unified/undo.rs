//! Takes back an acquisition that nobody was told of.

use super::{Facet, FacetSet, TrailEvent, UnifiedLock};
use crate::lock::LockId;

/// An acquisition of a free lock whose sender went away before it could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered<'a> {
    /// The facet through which the lock was taken.
    pub facet: Facet,
    /// The lock ID that took it.
    pub id: &'a LockId,
    /// When, in microseconds.
    pub at_micros: u64,
}

impl UnifiedLock {
    /// The lock as if the acquisition had never happened: no hold, and no trail of it, so that the same
    /// call may be sent again. `None` if that hold stands no more, or more was built on it.
    ///
    /// Only for an acquisition of which *no* request was told. A copy of the call that was answered with
    /// [`Granted::Repeated`](super::Granted::Repeated) leaves no trace here; whoever calls this knows that
    /// there was none.
    pub fn undo(&self, unanswered: &Unanswered<'_>) -> Option<Self> {
        let Unanswered { facet, id, at_micros } = *unanswered;
        let hold = self.hold.as_ref()?;
        let is_it = hold.is_held_by(Some(id))
            && hold.since_micros == at_micros
            && hold.facets == FacetSet::of(facet)
            && hold.giving_back_since_micros.is_none();
        if !is_it {
            return None;
        }
        let trail = self.trail.without(|entry| {
            let took = match entry.event {
                TrailEvent::Acquired(_) => true,
                TrailEvent::Refused(_)
                | TrailEvent::Released
                | TrailEvent::Forced
                | TrailEvent::Spared => false,
            };
            took && entry.at_micros == at_micros
                && entry.facet == facet
                && entry.id.as_ref() == Some(id)
        });
        Some(Self { hold: None, trail })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Acquire, AcquireMode, AcquireOutcome, Aim, Delivery, Granted, LockRefusal, Release, Seen,
    };
    use super::*;

    fn id(name: &str) -> LockId {
        LockId::parse(name).unwrap()
    }

    fn acquire(lock: &UnifiedLock, name: &str, at: u64) -> (UnifiedLock, AcquireOutcome) {
        acquire_through(lock, name, Facet::Lockfile, at)
    }

    fn acquire_through(
        lock: &UnifiedLock,
        name: &str,
        facet: Facet,
        at: u64,
    ) -> (UnifiedLock, AcquireOutcome) {
        let (id, call) = (id(name), format!("call of {name}"));
        let transition = lock.acquire(&Acquire {
            facet,
            id: Some(&id),
            info: name.as_bytes(),
            delivery: Delivery {
                call: Some(&call),
                sent_after_micros: 0,
                by_stock_client: true,
                now_micros: at,
            },
            mode: AcquireMode::Answer,
        });
        (transition.next.unwrap_or_else(|| lock.clone()), transition.outcome)
    }

    fn undo(lock: &UnifiedLock, name: &str, at_micros: u64) -> Option<UnifiedLock> {
        let unanswered = Unanswered { facet: Facet::Lockfile, id: &id(name), at_micros };
        lock.undo(&unanswered)
    }

    #[test]
    fn p3_an_undone_acquisition_never_happened() {
        let (before, _) = acquire(&UnifiedLock::default(), "x", 1);
        let before = release(&before, "x", 2);
        let (taken, outcome) = acquire(&before, "a", 5);
        assert_eq!(outcome, AcquireOutcome::Granted(Granted::Taken));
        assert_eq!(undo(&taken, "a", 5), Some(before.clone()));
        // The same call may be sent again.
        let (_, outcome) = acquire(&before, "a", 6);
        assert_eq!(outcome, AcquireOutcome::Granted(Granted::Taken));
    }

    fn release(lock: &UnifiedLock, name: &str, at: u64) -> UnifiedLock {
        let id = id(name);
        let transition = lock.release(&Release {
            facet: Facet::Lockfile,
            aim: Aim::Id(&id),
            seen: Seen::Unknown,
            delivery: Delivery {
                call: None,
                sent_after_micros: at,
                by_stock_client: true,
                now_micros: at,
            },
        });
        transition.next.unwrap()
    }

    #[test]
    fn refusals_since_then_stay_remembered() {
        let (taken, _) = acquire(&UnifiedLock::default(), "a", 5);
        let (taken, _) = acquire(&taken, "b", 6);
        let undone = undo(&taken, "a", 5).unwrap();
        assert_eq!(undone.hold, None);
        let (_, outcome) = acquire(&undone, "b", 7);
        assert_eq!(outcome, AcquireOutcome::Refused(LockRefusal::Late));
    }

    #[test]
    fn p4_only_that_very_acquisition_is_undone() {
        let (taken, _) = acquire(&UnifiedLock::default(), "a", 5);
        assert_eq!(undo(&taken, "b", 5), None, "another lock ID");
        assert_eq!(undo(&taken, "a", 4), None, "another moment");
        let (both, _) = acquire_through(&taken, "a", Facet::LockTable, 6);
        assert_eq!(undo(&both, "a", 5), None, "its client took the other facet");
        let released = release(&taken, "a", 6);
        assert_eq!(undo(&released, "a", 5), None, "released");
        let (other, _) = acquire(&released, "b", 7);
        assert_eq!(undo(&other, "a", 5), None, "somebody else holds");
        let partly = release(&both, "a", 8);
        assert_eq!(undo(&partly, "a", 5), None, "being given back");
    }
}
