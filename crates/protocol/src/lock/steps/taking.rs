//! Takes the lock in one place.
//!
//! One request if nothing is in the way. After anything but a plain success the place is read, and
//! lock IDs are compared: a refusal may be of a request that was delivered twice, a lost answer may be
//! that of a success. "Held" is said only of a lock with another ID that was read, and only if nothing
//! of ours can have an effect any more.
//!
//! One's own ID counts when two reads in a row show it. A state server may answer the first read after
//! a refusal with who is next in line, once: that may be the reader, who then holds nothing.

use super::mark::{LockMark, StoredLock};
use super::place::{LockReply, Looked, Place, Taken};
use super::{Step, TRIES_MAX};
use crate::lock::LockId;
use crate::store::Refusal;

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Taking {
    place: Place,
    id: LockId,
    info: String,
    asked: Asked,
    /// What the last attempt to take came to.
    refused: Option<Refusal>,
    /// Whether the look before this one showed our own ID.
    has_seen_own: bool,
    takes: u8,
    looks: u8,
    unanswered: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Nothing,
    Take,
    Look,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum TakeOutcome {
    /// It is ours. `unanswered` attempts may still arrive, after a release too.
    Acquired { mark: LockMark, unanswered: u8 },
    /// Another's. Nothing of ours is or will be there.
    Held { holder: StoredLock },
    /// The store refused. Nothing of ours is or will be there.
    Refused(Refusal),
    /// The store refused again and again because of a lock that it does not show.
    Unstable,
    /// Ours may be there, or may come.
    Unknown { seen: Option<StoredLock>, unanswered: u8 },
}

impl Taking {
    /// `unanswered` attempts with this lock ID were made before and had no answer.
    pub(super) fn new(place: Place, (id, info): (LockId, String), unanswered: u8) -> Self {
        let (asked, refused) = (Asked::Nothing, None);
        let (has_seen_own, takes, looks) = (false, 0, 0);
        Self { place, id, info, asked, refused, has_seen_own, takes, looks, unanswered }
    }

    pub(super) fn next(&mut self, reply: Option<LockReply>) -> Step<TakeOutcome> {
        match (self.asked, reply) {
            (Asked::Nothing, _) => self.take(0),
            // Who drives this knows of no answer.
            (Asked::Take, None) => self.was_told(Taken::Unknown),
            (Asked::Look, None) => self.saw(Looked::Unknown),
            (Asked::Take, Some(reply)) => {
                let taken = self.place.taken(reply, &self.info);
                self.was_told(taken)
            }
            (Asked::Look, Some(reply)) => {
                let looked = self.place.looked(reply);
                self.saw(looked)
            }
        }
    }

    fn was_told(&mut self, taken: Taken) -> Step<TakeOutcome> {
        match taken {
            Taken::Applied(mark) => self.acquired(mark),
            Taken::Refused(refusal) => self.was_refused(refusal),
            Taken::Unknown => {
                self.unanswered = self.unanswered.saturating_add(1);
                self.refused = None;
                self.look(0)
            }
        }
    }

    fn take(&mut self, pause: u8) -> Step<TakeOutcome> {
        self.asked = Asked::Take;
        self.takes = self.takes.saturating_add(1);
        self.looks = 0;
        self.has_seen_own = false;
        Step::after(pause, self.place.take(&self.info))
    }

    fn look(&mut self, pause: u8) -> Step<TakeOutcome> {
        self.asked = Asked::Look;
        self.looks = self.looks.saturating_add(1);
        Step::after(pause, self.place.look())
    }

    fn acquired(&self, mark: LockMark) -> Step<TakeOutcome> {
        Step::Done(TakeOutcome::Acquired { mark, unanswered: self.unanswered })
    }

    fn was_refused(&mut self, refusal: Refusal) -> Step<TakeOutcome> {
        self.refused = Some(refusal);
        match refusal {
            Refusal::PreconditionFailed | Refusal::Conflict | Refusal::Unavailable => self.look(0),
            Refusal::NoSuchKey
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unsupported => {
                if self.unanswered == 0 {
                    Step::Done(TakeOutcome::Refused(refusal))
                } else {
                    self.look(0)
                }
            }
        }
    }

    fn saw(&mut self, looked: Looked) -> Step<TakeOutcome> {
        match looked {
            Looked::Found(lock) if lock.id().as_ref() == Some(&self.id) => {
                if !self.has_seen_own {
                    self.has_seen_own = true;
                    return self.look(0);
                }
                // The attempt without an answer is the one that is there. When the last one was
                // refused, it cannot be told which of the earlier ones is: none is crossed out.
                if self.refused.is_none() {
                    self.unanswered = self.unanswered.saturating_sub(1);
                }
                self.acquired(lock.mark)
            }
            Looked::Found(holder) if self.unanswered == 0 => {
                Step::Done(TakeOutcome::Held { holder })
            }
            Looked::Found(holder) => self.unknown(Some(holder)),
            Looked::Absent => self.saw_nothing(),
            Looked::Unknown | Looked::Refused(Refusal::Unavailable | Refusal::Conflict)
                if self.looks < TRIES_MAX =>
            {
                self.look(self.looks)
            }
            Looked::Unknown | Looked::Refused(_) => self.cannot_look(),
        }
    }

    /// Refused or unanswered, and no lock is there: whoever was in the way is gone.
    fn saw_nothing(&mut self) -> Step<TakeOutcome> {
        if self.takes < TRIES_MAX {
            return self.take(self.takes);
        }
        match self.refused {
            _ if self.unanswered > 0 => self.unknown(None),
            None | Some(Refusal::PreconditionFailed) => Step::Done(TakeOutcome::Unstable),
            Some(refusal) => Step::Done(TakeOutcome::Refused(refusal)),
        }
    }

    fn cannot_look(&mut self) -> Step<TakeOutcome> {
        match self.refused {
            // What was in the way may be a lock of ours, stored by a copy of the same request.
            None | Some(Refusal::PreconditionFailed | Refusal::Conflict) => {
                self.unanswered = self.unanswered.max(1);
                self.unknown(None)
            }
            Some(refusal) if self.unanswered == 0 => Step::Done(TakeOutcome::Refused(refusal)),
            Some(_) => self.unknown(None),
        }
    }

    fn unknown(&self, seen: Option<StoredLock>) -> Step<TakeOutcome> {
        Step::Done(TakeOutcome::Unknown { seen, unanswered: self.unanswered })
    }
}
