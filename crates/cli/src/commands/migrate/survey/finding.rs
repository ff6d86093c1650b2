//! What is worth saying of a unit, as data.

use statelock_config::Place;

/// Something about a unit that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which one: a name that scripts may rely on.
    pub(crate) id: FindingId,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// What is the case: a sentence without a full stop.
    pub(crate) text: String,
    /// What to do: likewise.
    pub(crate) action: String,
    /// Where, if it stands anywhere.
    pub(crate) place: Option<Place>,
}

/// How much a finding matters; the first is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
    /// The unit cannot be moved before this is settled.
    Blocker,
    /// It can be moved, and somebody has to look at this first.
    Caution,
    /// Good to know.
    Note,
}

impl Severity {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Caution => "caution",
            Self::Note => "note",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FindingId {
    /// Modules write the same state, and do not keep each other out.
    NotExclusive,
    /// The version constraint admits only clients that do not know `use_lockfile`.
    OldClient,
    /// An argument has a wrong value or type.
    BadArgument,
    /// Whether a lockfile is used, only an evaluation would tell.
    PhaseUnknown,
    /// Bucket or key are in no file that was found.
    Incomplete,
    /// Nobody locks the states.
    Unlocked,
    /// Clients may run that do not know `use_lockfile`.
    ClientMayBeOld,
    /// Modules write the same state.
    SharedState,
    /// The last init set up something else than the files say.
    InitialisedOtherwise,
    /// An argument stands where only people can change it.
    ByHand,
    /// The name of the lock table, only an evaluation would tell.
    TableUnknown,
    /// An argument that Terraform has removed in the version that is needed.
    RemovedArgument,
    /// An argument that the admitted versions do not all know.
    NewArgument,
    /// An argument that no version knows.
    UnknownArgument,
    /// The store is not at AWS: whether it really locks is not known.
    OtherStore,
    /// A file that other units use too: what is changed there is changed for all.
    SharedFile,
    /// A lock is held right now.
    LockHeld,
    /// The bucket keeps every version of a lockfile for a while.
    ObjectLock,
    /// The store could not be asked.
    NotReached,
}

impl FindingId {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NotExclusive => "not_exclusive",
            Self::OldClient => "old_client",
            Self::BadArgument => "bad_argument",
            Self::PhaseUnknown => "phase_unknown",
            Self::Incomplete => "incomplete",
            Self::Unlocked => "unlocked",
            Self::ClientMayBeOld => "client_may_be_old",
            Self::SharedState => "shared_state",
            Self::InitialisedOtherwise => "initialised_otherwise",
            Self::ByHand => "by_hand",
            Self::TableUnknown => "table_unknown",
            Self::RemovedArgument => "removed_argument",
            Self::NewArgument => "new_argument",
            Self::UnknownArgument => "unknown_argument",
            Self::OtherStore => "other_store",
            Self::SharedFile => "shared_file",
            Self::LockHeld => "lock_held",
            Self::ObjectLock => "object_lock",
            Self::NotReached => "not_reached",
        }
    }
}
