//! Removes a lock from all of its places: gives back one's own, or removes another's.
//!
//! Every place is attempted whatever came of the one before, so that no half of a lock stays behind
//! because of the other.

use super::acquire::Acquired;
use super::mark::LockMark;
use super::place::{LockReply, Place};
use super::places::Places;
use super::removing::{ConditionalDelete, RemoveOutcome, RemoveTarget, Removing};
use super::{LockMachine, Step};
use crate::lock::LockId;

/// The machine. A removal is always conditional on the lock being the one that is meant (P4); see
/// [`ConditionalDelete`] for stores that cannot promise it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// In reverse order.
    left: Vec<(Place, Removing)>,
    is_started: bool,
    released: Released,
}

/// What came of a release in each place, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Released {
    /// Place and outcome.
    pub places: Vec<(Place, RemoveOutcome)>,
}

impl Release {
    /// Gives back a lock that was acquired.
    pub fn own(acquired: &Acquired, conditional: ConditionalDelete) -> Self {
        let target = RemoveTarget::Id(acquired.id.clone());
        let meant = |(place, mark): &(Place, LockMark)| {
            (place.clone(), (target.clone(), Some(mark.clone())))
        };
        Self::of(acquired.places.iter().map(meant), conditional)
    }

    /// Removes the lock with this ID, wherever it is.
    pub fn by_id(places: &Places, id: &LockId, conditional: ConditionalDelete) -> Self {
        let target = RemoveTarget::Id(id.clone());
        let meant = |place: &Place| (place.clone(), (target.clone(), None));
        Self::of(places.iter().map(meant), conditional)
    }

    /// Removes exactly the locks that were seen, readable or not. Places that are not named are
    /// left alone.
    pub fn seen(
        locks: impl IntoIterator<Item = (Place, LockMark)>,
        conditional: ConditionalDelete,
    ) -> Self {
        let meant = |(place, mark): (Place, LockMark)| {
            (place, (RemoveTarget::Seen(mark.clone()), Some(mark)))
        };
        Self::of(locks.into_iter().map(meant), conditional)
    }

    fn of(
        meant: impl Iterator<Item = (Place, (RemoveTarget, Option<LockMark>))>,
        conditional: ConditionalDelete,
    ) -> Self {
        let machine = |(place, target): (Place, _)| {
            (place.clone(), Removing::new(place, target, conditional))
        };
        let mut left: Vec<_> = meant.map(machine).collect();
        left.reverse();
        Self { left, is_started: false, released: Released::default() }
    }
}

impl LockMachine for Release {
    type Outcome = Released;

    fn next(&mut self, reply: Option<LockReply>) -> Step<Released> {
        let mut reply = reply.filter(|_| self.is_started);
        self.is_started = true;
        while let Some((_, removing)) = self.left.last_mut() {
            match removing.next(reply.take()) {
                Step::Send(send) => return Step::Send(send),
                Step::Done(outcome) => {
                    let ended = self.left.pop().map(|(place, _)| (place, outcome));
                    self.released.places.extend(ended);
                }
            }
        }
        Step::Done(std::mem::take(&mut self.released))
    }
}

impl Released {
    /// Whether no place has the lock any more that was meant.
    pub fn is_gone(&self) -> bool {
        self.places.iter().all(|(_, outcome)| match outcome {
            RemoveOutcome::Removed { .. } | RemoveOutcome::Absent | RemoveOutcome::Other(_) => true,
            RemoveOutcome::Refused(_) | RemoveOutcome::Unknown => false,
        })
    }

    /// Whether it was there, and was removed, in any place.
    pub fn removed_any(&self) -> bool {
        let removed = |outcome: &RemoveOutcome| matches!(outcome, RemoveOutcome::Removed { .. });
        self.places.iter().any(|(_, outcome)| removed(outcome))
    }
}
