//! What a proof tried, and what came of it.

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::steps::{LockMode, Place, StoredLock};
use statelock_protocol::store::Refusal;

use crate::backend::LockError;
use crate::error::Trouble;
use crate::handle::ReleaseReport;

/// What a proof came to, step by step.
#[derive(Debug, Default)]
pub struct ProofReport {
    /// The lock that it took, if it took one.
    pub lock_id: Option<LockId>,
    /// What was tried, in order. What comes after a lock that could not be taken was not.
    pub steps: Vec<ProofStep>,
}

/// One thing that was tried.
#[derive(Debug)]
pub struct ProofStep {
    /// What.
    pub tried: Tried,
    /// What was wrong; `None` if it is proven.
    pub fault: Option<Fault>,
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Nobody holds the lock.
    Free,
    /// It can be taken.
    Taken,
    /// It is there, with its lock ID.
    Shown(Place),
    /// It is refused to a client of this mode, who is shown this lock.
    ShutOut(LockMode),
    /// It can be released, and stood until then.
    Released,
    /// It is nowhere any more.
    Gone,
}

/// What was wrong.
#[derive(Debug)]
pub enum Fault {
    /// Another holds the lock, so that nothing can be proven now.
    Held(Box<StoredLock>),
    /// The store did not let us look, or did not answer.
    NotLooked {
        /// The kind; `None` for no answer.
        refusal: Option<Refusal>,
        /// What it said last.
        trouble: Option<Trouble>,
    },
    /// The lock could not be taken.
    NotTaken(Box<LockError>),
    /// There is no lock where the one that was taken should be.
    NotShown,
    /// There is another one.
    ShowsAnother(Box<StoredLock>),
    /// A second client was given the lock that the first one held.
    LetIn {
        /// Its lock ID.
        id: LockId,
        /// Whether it is given back.
        is_released: bool,
    },
    /// A second client did not get the lock, but not because of the first one.
    NotShutOut(Box<LockError>),
    /// The lock was gone, in one place at least, before it was released.
    WasGone(Box<ReleaseReport>),
    /// It could not be released everywhere.
    NotReleased(Box<ReleaseReport>),
    /// It is still there after its release.
    Left(Box<StoredLock>),
}

impl ProofReport {
    /// Whether something was wrong.
    pub fn has_fault(&self) -> bool {
        self.steps.iter().any(|step| step.fault.is_some())
    }

    pub(super) fn tried(&mut self, tried: Tried, fault: Option<Fault>) {
        self.steps.push(ProofStep { tried, fault });
    }
}
