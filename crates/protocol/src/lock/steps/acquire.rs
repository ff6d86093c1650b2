//! Takes a lock in all of its places, or in none.
//!
//! With two places, the second is taken after the first, and what was taken is given back when the
//! second is not to be had. An acquire ends with `Held` or `Refused` only when nothing of ours is left
//! anywhere and nothing can come; else it ends with `Unknown`, which says what is not known.

use super::mark::{LockMark, StoredLock};
use super::place::{LockReply, Looked, Place};
use super::places::Places;
use super::removing::{ConditionalDelete, RemoveOutcome, RemoveTarget, Removing};
use super::taking::{TakeOutcome, Taking};
use super::{LockMachine, Step};
use crate::lock::unified::Facet;
use crate::lock::{LockId, LockInfo};
use crate::store::Refusal;

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acquire {
    places: Places,
    id: LockId,
    info: String,
    conditional: ConditionalDelete,
    unanswered: Unanswered,
    /// Whether it was the second place that another held.
    held_by_second: bool,
    /// Whether a removal of a lock with this ID had no answer.
    is_spent: bool,
    stage: Stage,
}

/// Attempts to take a lock that had no answer and may still have their effect, in each place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unanswered {
    /// In the first place.
    pub first: u8,
    /// In the second.
    pub second: u8,
}

/// What came of an acquire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AcquireOutcome {
    /// The lock is ours in every place.
    Acquired(Acquired),
    /// Another holds it. Nothing of ours is left.
    Held {
        /// Through what it is held.
        facet: Facet,
        /// The lock that was read.
        holder: StoredLock,
    },
    /// The store does not let us. Nothing of ours is left.
    Refused {
        /// Which store.
        facet: Facet,
        /// Why.
        refusal: Refusal,
    },
    /// The store refused to make a lock, again and again, though it shows none: locks come and go
    /// very quickly, or the store is broken. Nothing of ours is left.
    Unstable {
        /// Which store.
        facet: Facet,
    },
    /// A lock of ours may be there, or may come.
    Unknown {
        /// Where it ended.
        facet: Facet,
        /// Another's lock, if one was seen.
        seen: Option<StoredLock>,
        /// What may still come. Pass it on when the same lock ID is tried again.
        unanswered: Unanswered,
    },
}

/// A lock that was acquired.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acquired {
    /// Under which lock ID.
    pub id: LockId,
    /// Where, and what it looks like there.
    pub places: Vec<(Place, LockMark)>,
    /// Earlier attempts that may still arrive, and if they do so after the release, make a lock with
    /// this ID again. Look again after the release if there are any.
    pub unanswered: Unanswered,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Start { peek: bool },
    Peeking,
    First(Taking),
    Second(LockMark, Taking),
    Undoing(Box<Undoing>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Undoing {
    now: Removing,
    next: Option<Removing>,
    outcome: AcquireOutcome,
}

impl Unanswered {
    /// Whether nothing can come.
    pub fn is_none(self) -> bool {
        self.first == 0 && self.second == 0
    }
}

impl Acquire {
    /// Takes the lock with this lock info, whose ID must never have been used before.
    pub fn new(places: Places, info: &LockInfo, conditional: ConditionalDelete) -> Self {
        let text = String::from_utf8_lossy(&info.marshal()).into_owned();
        let (unanswered, stage) = (Unanswered::default(), Stage::Start { peek: false });
        let id = info.id.clone();
        let (held_by_second, is_spent) = (false, false);
        Self { places, id, info: text, conditional, unanswered, held_by_second, is_spent, stage }
    }

    /// Tries again with the same lock info, after an outcome that was not `Acquired`.
    ///
    /// If it was the second place that another held, that is looked at first: a waiting client then leaves
    /// the first one alone, instead of making and removing a lockfile at every try.
    ///
    /// `None` if the lock ID is spent: a removal of a lock with this ID had no answer and may still
    /// come. It would not tell a lock that was taken anew with the same bytes from the one that it
    /// means, and take it from its holder. Where the outcome was `Unknown`, end with that; else begin anew
    /// with a new lock ID.
    #[must_use]
    pub fn again(self, unanswered: Unanswered) -> Option<Self> {
        if self.is_spent {
            return None;
        }
        let peek = self.held_by_second;
        Some(Self { unanswered, stage: Stage::Start { peek }, ..self })
    }

    fn taking(&self, place: &Place, unanswered: u8) -> Taking {
        Taking::new(place.clone(), (self.id.clone(), self.info.clone()), unanswered)
    }

    fn take_first(&mut self) -> Step<AcquireOutcome> {
        let taking = self.taking(self.places.first(), self.unanswered.first);
        self.stage = Stage::First(taking);
        self.next(None)
    }

    fn peeked(&mut self, reply: LockReply) -> Step<AcquireOutcome> {
        let Some(second) = self.places.second() else { return self.take_first() };
        match second.looked(reply) {
            Looked::Found(holder) if holder.id().as_ref() != Some(&self.id) => {
                let facet = second.facet();
                Step::Done(if self.unanswered.is_none() {
                    AcquireOutcome::Held { facet, holder }
                } else {
                    self.unknown(facet, Some(holder))
                })
            }
            Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => {
                self.take_first()
            }
        }
    }

    fn first_ended(&mut self, outcome: TakeOutcome) -> Step<AcquireOutcome> {
        self.held_by_second = false;
        let facet = self.places.first().facet();
        match outcome {
            TakeOutcome::Acquired { mark, unanswered } => {
                self.unanswered.first = unanswered;
                let Some(second) = self.places.second() else {
                    return Step::Done(self.acquired(vec![(self.places.first().clone(), mark)]));
                };
                let taking = self.taking(second, self.unanswered.second);
                self.stage = Stage::Second(mark, taking);
                self.next(None)
            }
            TakeOutcome::Unknown { seen, unanswered } => {
                self.unanswered.first = unanswered;
                Step::Done(self.unknown(facet, seen))
            }
            outcome @ (TakeOutcome::Held { .. }
            | TakeOutcome::Refused(_)
            | TakeOutcome::Unstable) => Step::Done(self.not_taken(facet, outcome)),
        }
    }

    fn second_ended(&mut self, mark: LockMark, outcome: TakeOutcome) -> Step<AcquireOutcome> {
        let (first, Some(second)) = (self.places.first().clone(), self.places.second().cloned())
        else {
            return Step::Done(self.unknown(self.places.first().facet(), None));
        };
        let facet = second.facet();
        self.held_by_second = matches!(outcome, TakeOutcome::Held { .. });
        let undo_first = self.removing(first.clone(), Some(mark.clone()));
        let (now, next, outcome) = match outcome {
            TakeOutcome::Acquired { mark: second_mark, unanswered } => {
                self.unanswered.second = unanswered;
                return Step::Done(self.acquired(vec![(first, mark), (second, second_mark)]));
            }
            TakeOutcome::Unknown { seen, unanswered } => {
                self.unanswered.second = unanswered;
                let undo_second = self.removing(second, None);
                (undo_second, Some(undo_first), self.unknown(facet, seen))
            }
            outcome @ (TakeOutcome::Held { .. }
            | TakeOutcome::Refused(_)
            | TakeOutcome::Unstable) => (undo_first, None, self.not_taken(facet, outcome)),
        };
        self.stage = Stage::Undoing(Box::new(Undoing { now, next, outcome }));
        self.next(None)
    }

    fn removing(&self, place: Place, mark: Option<LockMark>) -> Removing {
        Removing::new(place, (RemoveTarget::Id(self.id.clone()), mark), self.conditional)
    }

    fn undone(&mut self, mut undoing: Undoing, removed: &RemoveOutcome) -> Step<AcquireOutcome> {
        self.is_spent |= undoing.now.is_unanswered();
        let is_gone = match removed {
            RemoveOutcome::Removed { .. } | RemoveOutcome::Absent | RemoveOutcome::Other(_) => true,
            RemoveOutcome::Refused(_) | RemoveOutcome::Unknown => false,
        };
        if let Some(next) = undoing.next.take() {
            // The outcome is unknown already, whatever the second place said now.
            undoing.now = next;
            self.stage = Stage::Undoing(Box::new(undoing));
            return self.next(None);
        }
        if is_gone {
            return Step::Done(undoing.outcome);
        }
        self.unanswered.first = self.unanswered.first.max(1);
        let seen = match undoing.outcome {
            AcquireOutcome::Held { holder, .. } => Some(holder),
            AcquireOutcome::Unknown { seen, .. } => seen,
            AcquireOutcome::Acquired(_)
            | AcquireOutcome::Refused { .. }
            | AcquireOutcome::Unstable { .. } => None,
        };
        Step::Done(self.unknown(self.places.first().facet(), seen))
    }

    fn acquired(&self, places: Vec<(Place, LockMark)>) -> AcquireOutcome {
        let (id, unanswered) = (self.id.clone(), self.unanswered);
        AcquireOutcome::Acquired(Acquired { id, places, unanswered })
    }

    /// The outcome of a place that is certainly not ours: certain as a whole only if nothing is
    /// unanswered in the other one.
    fn not_taken(&self, facet: Facet, outcome: TakeOutcome) -> AcquireOutcome {
        let is_certain = self.unanswered.is_none();
        match outcome {
            TakeOutcome::Held { holder } if is_certain => AcquireOutcome::Held { facet, holder },
            TakeOutcome::Refused(refusal) if is_certain => {
                AcquireOutcome::Refused { facet, refusal }
            }
            TakeOutcome::Unstable if is_certain => AcquireOutcome::Unstable { facet },
            TakeOutcome::Held { holder } => self.unknown(facet, Some(holder)),
            TakeOutcome::Unknown { seen, .. } => self.unknown(facet, seen),
            TakeOutcome::Acquired { .. } | TakeOutcome::Refused(_) | TakeOutcome::Unstable => {
                self.unknown(facet, None)
            }
        }
    }

    fn unknown(&self, facet: Facet, seen: Option<StoredLock>) -> AcquireOutcome {
        AcquireOutcome::Unknown { facet, seen, unanswered: self.unanswered }
    }
}

impl LockMachine for Acquire {
    type Outcome = AcquireOutcome;

    fn next(&mut self, reply: Option<LockReply>) -> Step<AcquireOutcome> {
        match (&mut self.stage, reply) {
            (Stage::Start { peek: true }, _) => {
                self.stage = Stage::Peeking;
                let place = self.places.second().unwrap_or(self.places.first());
                Step::at_once(place.look())
            }
            (Stage::Peeking, Some(reply)) => self.peeked(reply),
            (Stage::Start { peek: false } | Stage::Peeking, _) => self.take_first(),
            (Stage::First(taking), reply) => match taking.next(reply) {
                Step::Send(send) => Step::Send(send),
                Step::Done(outcome) => self.first_ended(outcome),
            },
            (Stage::Second(mark, taking), reply) => match taking.next(reply) {
                Step::Send(send) => Step::Send(send),
                Step::Done(outcome) => {
                    let mark = mark.clone();
                    self.second_ended(mark, outcome)
                }
            },
            (Stage::Undoing(undoing), reply) => match undoing.now.next(reply) {
                Step::Send(send) => Step::Send(send),
                Step::Done(removed) => {
                    let undoing = (**undoing).clone();
                    self.undone(undoing, &removed)
                }
            },
        }
    }
}
