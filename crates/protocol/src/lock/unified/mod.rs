//! The unified lock: one lock per state, taken and shown through three protocols.
//!
//! **Purpose.** A client with a lockfile, one with a lock table, one with both and one of an `http`
//! backend exclude each other, and each sees who holds the lock.
//!
//! **Shape.** [`UnifiedLock`] is at most one [`Hold`] and a [`Trail`] of what lately happened. A hold
//! has one lock ID and the set of [`Facet`]s through which its holder took it.
//!
//! **Rules.** Each is a function of (what is stored, request, now), without any effect of its own:
//!
//! 1. *Exclusion.* An acquire is refused while another lock ID holds, whatever the facets.
//! 2. *Same ID.* An acquire with the ID that holds adds its facet and succeeds: that is how a client
//!    with two facets takes both, and how a repeated request after a lost answer succeeds.
//! 3. *Once.* A call that had its effect, or was refused, has no other effect when it is delivered
//!    again, however late. A call is known by the AWS SDK's invocation ID.
//! 4. *Late.* An acquire that may have been sent before its lock ID was released or refused takes no
//!    lock, whichever call it is and if it names none (`http`).
//! 5. *Release.* A release through a facet that the holder took gives that facet back; with the last
//!    one the lock is free. A release through any other facet frees the whole lock.
//! 6. *Giving back.* Clients give facets back one after the other, and only when they are done. So
//!    after the first of several the lock is on its way to be free: the rest of it is gone after
//!    [`GIVE_BACK_GRACE_MICROS`] at the latest. (Whoever force-unlocks one facet of two means the lock.)
//! 7. *Meant.* A release that names no lock is refused if its sender was shown another one than holds
//!    now, or if that was taken after the release can have been sent: stock clients read, compare and
//!    then remove without a condition.
//!
//! What each failure leaves behind, and which test proves what: `docs/protocol/unified-lock.md`.
//!
//! Differences from S3 and DynamoDB, on purpose: an unconditional write of a lock refuses too while
//! another ID holds; and 2, 3, 4 and 7.

mod acquire;
mod facet;
mod hold;
mod release;
mod trail;
mod undo;

pub use acquire::{Acquire, AcquireMode, AcquireOutcome, Granted, LockRefusal};
pub use facet::{Facet, FacetSet};
pub use hold::Hold;
pub use release::{Aim, Release, ReleaseOutcome, ReleaseRefusal, Released, Seen};
pub use trail::{TRAIL_AGE_MICROS_MAX, Trail, TrailEntry, TrailEvent};
pub use undo::Unanswered;

/// How long what is left of a lock stands after the first of its facets was given back.
///
/// Longer than a client needs for its second release, a retry after a lost answer included.
pub const GIVE_BACK_GRACE_MICROS: u64 = 5_000_000;

/// How long after a force-unlock that names no lock another one is taken for the same.
///
/// An `http` client repeats a request after a second if its answer got lost. Longer would be safer, and in
/// the way of somebody who force-unlocks one lock after the other.
pub const FORCE_REPEAT_MICROS_MAX: u64 = 2_000_000;

/// The lock on one state, with what lately happened to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnifiedLock {
    /// Who holds it; nobody, if `None`.
    pub hold: Option<Hold>,
    /// The recent calls on it.
    pub trail: Trail,
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// The id of the call, the same for all attempts of it; `None` where the client sends none.
    pub call: Option<&'a str>,
    /// The request was not sent before this moment of the server's clock, in microseconds.
    ///
    /// A client sends a request on a connection after that was accepted, and after the answer to the
    /// request before it was sent.
    pub sent_after_micros: u64,
    /// Whether Terraform or OpenTofu itself sent it.
    ///
    /// Only then does `sent_after_micros` tell a late request from a new one: such a process makes a new
    /// lock ID for each lock, has its connections for itself, uses the one that it used last, and repeats
    /// a request whose answer got lost. Other clients use a lock ID again, and connections as they come.
    pub by_stock_client: bool,
    /// The server's clock.
    pub now_micros: u64,
}

/// What a rule decided: the lock afterwards, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<O> {
    /// The lock afterwards; `None` if nothing changes.
    pub next: Option<UnifiedLock>,
    /// What to answer.
    pub outcome: O,
}

impl<O> Transition<O> {
    fn nothing(outcome: O) -> Self {
        Self { next: None, outcome }
    }
}

impl UnifiedLock {
    /// The hold that counts at this moment: none once the time to give it back is over.
    pub fn standing(&self, now_micros: u64) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| !hold.is_over(now_micros))
    }

    /// The lock after everything that time alone does; `None` if that is nothing.
    pub fn settled(&self, now_micros: u64) -> Option<Self> {
        let over = self.hold.as_ref().is_some_and(|hold| hold.is_over(now_micros));
        over.then(|| Self { hold: None, trail: self.trail.clone() })
    }

    /// Whether nothing is held and nothing is remembered any more.
    pub fn is_forgotten(&self, now_micros: u64) -> bool {
        self.standing(now_micros).is_none() && self.trail.is_forgotten(now_micros)
    }
}

#[cfg(test)]
mod tests;
