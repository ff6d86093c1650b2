//! What a history can break.

use std::fmt;

/// A promise of `docs/semantics.md`, or what clients may expect beside those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// P1: at most one client believes that it holds, and the lock of whoever does stands. A client
    /// whose lock was force-unlocked does not count: nobody told it.
    Exclusion,
    /// P2: who is told that it has the lock has it at that moment.
    HonestSuccess,
    /// P3: a client that ended refused, or released, leaves no lock.
    NoLeak,
    /// P4: a release removes no lock but the one that its sender means.
    OwnReleaseOnly,
    /// P5: a dual client that believes that it holds has both facets; released, it has none.
    DualMeansBoth,
    /// P6: who writes the state holds the lock. The lock alone cannot promise it.
    FencedWrite,
    /// P8: the digest of a state stays right once its writer was told so.
    Digest,
    /// P9: the same call delivered twice has one effect, and the answers agree.
    RepeatSafe,
    /// P11: what is shown is the holder's lock info, as Go writes it.
    Interop,
    /// When everybody has ended and nobody was killed or left in doubt, the lock is free; and a
    /// force-unlock frees it.
    EndsFree,
    /// A client that was told to wait is not turned away by a lock that was just released.
    Waits,
    /// Of clients that want a lock at once, and to whom nothing happens, one gets it.
    Progress,
}

/// One promise, broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub promise: Promise,
    /// How.
    pub what: String,
}

impl Promise {
    /// What the unified lock alone promises.
    pub const OF_THE_LOCK: [Self; 8] = [
        Self::Exclusion,
        Self::HonestSuccess,
        Self::NoLeak,
        Self::OwnReleaseOnly,
        Self::DualMeansBoth,
        Self::RepeatSafe,
        Self::Interop,
        Self::EndsFree,
    ];
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exclusion => "P1 (exclusion)",
            Self::HonestSuccess => "P2 (honest success)",
            Self::NoLeak => "P3 (no leak)",
            Self::OwnReleaseOnly => "P4 (own release only)",
            Self::DualMeansBoth => "P5 (dual means both)",
            Self::FencedWrite => "P6 (fenced write)",
            Self::Digest => "P8 (digest)",
            Self::RepeatSafe => "P9 (repeat-safe)",
            Self::Interop => "P11 (interop)",
            Self::EndsFree => "`ends free`",
            Self::Waits => "`waits`",
            Self::Progress => "`progress`",
        })
    }
}
