//! Where a client stands.

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, Acquired, Inspect, Release, Released, Unanswered,
};

use crate::explorer::client::{self, Client};

/// What a client does.
#[derive(Clone, Debug, Hash)]
pub enum Doing {
    /// It acquires.
    Acquiring(Box<Acquire>),
    /// It waits before it tries again.
    Pausing {
        /// The machine that ended.
        machine: Box<Acquire>,
        /// What may come of it.
        unanswered: Unanswered,
        /// Whether it was told that nothing of its own is left.
        is_certain: bool,
    },
    /// It believes that it holds the lock.
    Working(Box<Acquired>),
    /// It gives the lock back.
    Releasing {
        /// The machine.
        machine: Release,
        /// Whether nothing that it sent before can come.
        is_certain: bool,
    },
    /// It looks, to force what it sees or for nothing.
    Looking(Inspect),
    /// It removes a lock that is not its own.
    Forcing(Release),
    /// It is a stock client.
    Stock(Client),
    /// It does nothing any more.
    Ended(Ending),
}

/// How a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It was told that another holds the lock, or that it cannot have it: nothing of its own is left.
    NotAcquired,
    /// It gave the lock back: nothing of its own is left.
    Released,
    /// Something of its own may be left, and it was told so.
    Unknown,
    /// It holds the lock for ever.
    Keeps,
    /// It looked.
    Looked,
    /// It removed another's lock, or was told that it did not.
    Forced {
        /// Whether it was told that the lock that it meant is gone.
        is_gone: bool,
    },
    /// It was killed.
    Killed,
    /// As a stock client ends.
    Stock(client::Ending),
}

/// What a machine was told at its end, for the judge.
#[derive(Clone, Debug)]
pub enum Told {
    /// An acquire ended.
    Acquire(AcquireOutcome),
    /// A release ended.
    Release(Released),
}
