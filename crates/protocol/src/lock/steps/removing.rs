//! Removes a lock from one place: one's own, or another's on condition that it is still that one.
//!
//! A removal without an answer is sent again if the store enforces its condition: what the store
//! compares when it removes is true, and what a read shows need not be. Elsewhere the lock is read and
//! compared before every removal.

use super::mark::{LockMark, StoredLock};
use super::place::{LockReply, Looked, Place, Removed};
use super::{Step, TRIES_MAX};
use crate::lock::LockId;
use crate::store::Refusal;

/// Which lock is to go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RemoveTarget {
    /// The one with this ID.
    Id(LockId),
    /// Exactly what was seen, whether it can be read or not.
    Seen(LockMark),
}

/// What is known of an object store: does a DELETE with `If-Match` remove only what matches?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionalDelete {
    /// Yes. The condition alone is relied on, and no removal goes without it, whatever is answered.
    Enforced,
    /// Nothing is known. The lock is read and compared first, then removed with the condition: where the
    /// store ignores it, another's lock is in danger between these two requests, as with Terraform. A store that
    /// says it does not do this is [`Missing`](Self::Missing) from then on.
    Unproven,
    /// It refuses such requests. The lock is read and compared first, then removed without a condition.
    Missing,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RemoveOutcome {
    /// The lock is gone. `conditional` says how far the store's condition protected others.
    Removed {
        /// What the removal relied on.
        conditional: ConditionalDelete,
    },
    /// There was no lock.
    Absent,
    /// Another lock is there. It was not touched.
    Other(StoredLock),
    /// The store refused; the lock is still there, or could not be looked at.
    Refused(Refusal),
    /// The lock may be there or not.
    Unknown,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Removing {
    place: Place,
    target: RemoveTarget,
    conditional: ConditionalDelete,
    asked: Asked,
    /// The value that the next removal is conditioned on.
    mark: Option<LockMark>,
    removes: u8,
    looks: u8,
    unanswered: u8,
    /// Why the last removal had no effect.
    refused: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Nothing,
    Look,
    Remove,
}

impl Removing {
    /// `mark` is what the lock looked like when it was taken or seen, if that is known.
    pub(super) fn new(
        place: Place,
        (target, mark): (RemoveTarget, Option<LockMark>),
        conditional: ConditionalDelete,
    ) -> Self {
        // Every table has conditions.
        let conditional = match place {
            Place::Lockfile(_) => conditional,
            Place::LockTable(_) => ConditionalDelete::Enforced,
        };
        let (asked, refused) = (Asked::Nothing, None);
        Self {
            place,
            target,
            conditional,
            asked,
            mark,
            removes: 0,
            looks: 0,
            unanswered: 0,
            refused,
        }
    }

    pub(super) fn next(&mut self, reply: Option<LockReply>) -> Step<RemoveOutcome> {
        match (self.asked, reply) {
            (Asked::Nothing, _) => match self.mark.clone() {
                Some(mark) if self.conditional == ConditionalDelete::Enforced => {
                    self.remove(0, &mark)
                }
                Some(_) | None => self.look(0),
            },
            // Who drives this knows of no answer.
            (Asked::Look, None) => self.saw(Looked::Unknown),
            (Asked::Remove, None) => self.was_answered(&Removed::Unknown),
            (Asked::Look, Some(reply)) => {
                let looked = self.place.looked(reply);
                self.saw(looked)
            }
            (Asked::Remove, Some(reply)) => {
                let removed = self.place.removed(&reply);
                self.was_answered(&removed)
            }
        }
    }

    fn look(&mut self, pause: u8) -> Step<RemoveOutcome> {
        self.asked = Asked::Look;
        self.looks = self.looks.saturating_add(1);
        Step::after(pause, self.place.look())
    }

    fn remove(&mut self, pause: u8, mark: &LockMark) -> Step<RemoveOutcome> {
        self.asked = Asked::Remove;
        self.removes = self.removes.saturating_add(1);
        self.looks = 0;
        self.mark = Some(mark.clone());
        let request = match self.conditional {
            ConditionalDelete::Enforced | ConditionalDelete::Unproven => self.place.remove(mark),
            ConditionalDelete::Missing => self.place.remove_unconditionally(mark),
        };
        Step::after(pause, request)
    }

    fn saw(&mut self, looked: Looked) -> Step<RemoveOutcome> {
        match looked {
            Looked::Absent if self.unanswered > 0 => self.removed(),
            Looked::Absent => Step::Done(RemoveOutcome::Absent),
            Looked::Found(lock) if self.is_target(&lock) => {
                if self.removes < TRIES_MAX {
                    return self.remove(0, &lock.mark);
                }
                Step::Done(match self.refused {
                    Some(refusal) if self.unanswered == 0 => RemoveOutcome::Refused(refusal),
                    Some(_) | None => RemoveOutcome::Unknown,
                })
            }
            // The removal without an answer was carried out, or somebody was faster; but one
            // without a condition that is still on its way would hit this lock.
            Looked::Found(_) if self.unanswered > 0 && self.may_hit_others() => {
                Step::Done(RemoveOutcome::Unknown)
            }
            Looked::Found(_) if self.unanswered > 0 => self.removed(),
            Looked::Found(other) => Step::Done(RemoveOutcome::Other(other)),
            Looked::Unknown | Looked::Refused(Refusal::Unavailable | Refusal::Conflict)
                if self.looks < TRIES_MAX =>
            {
                self.look(self.looks)
            }
            Looked::Refused(refusal) if self.unanswered == 0 => {
                Step::Done(RemoveOutcome::Refused(refusal))
            }
            Looked::Unknown | Looked::Refused(_) => Step::Done(RemoveOutcome::Unknown),
        }
    }

    fn was_answered(&mut self, removed: &Removed) -> Step<RemoveOutcome> {
        match removed {
            Removed::Applied => self.removed(),
            Removed::Absent if self.unanswered > 0 => self.removed(),
            Removed::Absent => Step::Done(RemoveOutcome::Absent),
            Removed::Unknown => {
                self.unanswered = self.unanswered.saturating_add(1);
                self.refused = None;
                self.try_again()
            }
            Removed::Refused(refusal) => self.was_refused(*refusal),
        }
    }

    fn try_again(&mut self) -> Step<RemoveOutcome> {
        match (self.conditional, self.mark.clone()) {
            (ConditionalDelete::Enforced, Some(mark)) if self.removes < TRIES_MAX => {
                self.remove(self.removes, &mark)
            }
            (
                ConditionalDelete::Enforced
                | ConditionalDelete::Unproven
                | ConditionalDelete::Missing,
                Some(_) | None,
            ) => self.look(self.removes),
        }
    }

    fn was_refused(&mut self, refusal: Refusal) -> Step<RemoveOutcome> {
        self.refused = Some(refusal);
        match refusal {
            Refusal::PreconditionFailed => self.look(0),
            Refusal::Conflict | Refusal::Unavailable => self.try_again(),
            // Of a store that is known to enforce its condition, such an answer is not the store's own: a middlebox
            // gave it, and the lock that was compared may be another's by the time of a removal without condition.
            Refusal::Unsupported
                if self.conditional == ConditionalDelete::Unproven
                    && matches!(self.place, Place::Lockfile(_)) =>
            {
                self.conditional = ConditionalDelete::Missing;
                self.look(0)
            }
            Refusal::NoSuchKey
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unsupported => Step::Done(if self.unanswered == 0 {
                RemoveOutcome::Refused(refusal)
            } else {
                RemoveOutcome::Unknown
            }),
        }
    }

    /// Whether a removal may still be carried out, whatever came of the others.
    pub(super) fn is_unanswered(&self) -> bool {
        self.unanswered > 0
    }

    fn is_target(&self, lock: &StoredLock) -> bool {
        match &self.target {
            RemoveTarget::Id(id) => lock.id().as_ref() == Some(id),
            RemoveTarget::Seen(mark) => lock.mark == *mark,
        }
    }

    fn may_hit_others(&self) -> bool {
        match self.conditional {
            ConditionalDelete::Enforced => false,
            ConditionalDelete::Unproven | ConditionalDelete::Missing => true,
        }
    }

    fn removed(&self) -> Step<RemoveOutcome> {
        Step::Done(RemoveOutcome::Removed { conditional: self.conditional })
    }
}
