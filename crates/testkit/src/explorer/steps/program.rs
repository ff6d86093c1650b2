//! What a client runs.

use statelock_protocol::lock::steps::ConditionalDelete;
use statelock_protocol::lock::unified::Facet;

use super::scene::Mode;
use crate::explorer::client::Role;

/// What a client runs.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// Takes the lock with our machines, works, and releases it.
    Ours(Ours),
    /// Looks who holds the lock, and removes exactly what it saw: our force-unlock.
    ForceSeen(Mode, ConditionalDelete),
    /// Removes the lock with the ID of the first client: our force-unlock by ID.
    ForceId(Mode, ConditionalDelete),
    /// Looks who holds the lock.
    Looks(Mode),
    /// A stock client.
    Stock(Role),
}

/// A client of ours that wants the lock.
#[derive(Clone, Copy, Debug)]
pub struct Ours {
    /// Through what it locks.
    pub mode: Mode,
    /// What it knows of the store.
    pub conditional: ConditionalDelete,
    /// How often it tries again, under the same ID, when another holds the lock.
    pub waits: u8,
    /// What it does when it does not know what came of its acquire.
    pub in_doubt: InDoubt,
    /// Whether it never gives the lock back.
    pub keeps: bool,
}

/// What a client does when it does not know what came of its acquire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// It ends.
    Ends,
    /// It releases by its ID, and ends.
    Releases,
    /// It tries again under the same ID, as often as it would wait.
    TriesAgain,
}

impl Program {
    /// Which places it uses.
    pub fn facets(self) -> &'static [Facet] {
        match self {
            Self::Ours(ours) => ours.mode.facets(),
            Self::ForceSeen(mode, _) | Self::ForceId(mode, _) | Self::Looks(mode) => mode.facets(),
            Self::Stock(role) => role.program.facets(),
        }
    }

    /// Whether it wants the lock for itself.
    pub fn acquires(self) -> bool {
        match self {
            Self::Ours(_) => true,
            Self::ForceSeen(..) | Self::ForceId(..) | Self::Looks(_) => false,
            Self::Stock(role) => !role.program.is_force(),
        }
    }
}
