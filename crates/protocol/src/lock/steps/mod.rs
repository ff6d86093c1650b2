//! The lock protocols of clients, as machines: each says what to send next, given the answer before.
//!
//! A lock has one *place* per protocol: the lockfile ([`Lockfile`]), the item of a lock table
//! ([`LockTable`]), or both. Built from the small machines for one place are those that a client drives:
//! - [`Acquire`]: takes the lock in every place, or in none;
//! - [`Release`]: gives back one's own lock, or removes another's on condition that it is still that one;
//! - [`Inspect`]: reads who holds it.
//!
//! Every machine is a plain value. It sends nothing itself, knows no time and draws no numbers: the
//! lock info with its ID and time comes in, and where a repetition should wait, [`Send::pause`] says so.
//!
//! # What the outcomes mean
//! An effect whose answer is lost, or is an error that says nothing, is *unanswered*: it may have been
//! carried out, or may be later. A machine then reads back and compares lock IDs; it never reports a guess.
//! What it cannot find out ends as `Unknown`.
//!
//! The rules, what each fault leaves behind, and what proves it: `docs/protocol/lock-steps.md`.

mod acquire;
mod inspect;
#[cfg(test)]
mod liveness_tests;
mod lock_table;
mod lockfile;
mod mark;
mod place;
mod places;
mod release;
mod removing;
mod taking;
#[cfg(test)]
mod tests;

pub use acquire::{Acquire, AcquireOutcome, Acquired, Unanswered};
pub use inspect::{Inspect, Inspection};
pub use lock_table::LockTable;
pub use lockfile::Lockfile;
pub use mark::{LockMark, StoredLock};
pub use place::{LockReply, LockRequest, Looked, Place};
pub use places::{LockMode, Places};
pub use release::{Release, Released};
pub use removing::{ConditionalDelete, RemoveOutcome, RemoveTarget};

/// What a machine wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<O> {
    /// That this is sent, and that it is told the answer.
    Send(Send),
    /// Nothing more: this is what came of it.
    Done(O),
}

/// A request of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Send {
    /// What to send.
    pub request: LockRequest,
    /// How many times in a row this was in vain. 0: send at once. Else wait first, longer each time.
    pub pause: u8,
}

/// A protocol, driven by whoever can send requests.
///
/// Dropping a machine before it is done is the same as being killed there: what was sent may have
/// its effect.
pub trait LockMachine {
    /// What comes of it.
    type Outcome;

    /// What to do next: at the beginning with `None`, then with the answer to what was sent.
    fn next(&mut self, reply: Option<LockReply>) -> Step<Self::Outcome>;
}

impl<O> Step<O> {
    pub(super) fn at_once(request: LockRequest) -> Self {
        Self::Send(Send { request, pause: 0 })
    }

    pub(super) fn after(pause: u8, request: LockRequest) -> Self {
        Self::Send(Send { request, pause })
    }
}

/// How often one thing is tried before its machine gives up on it.
const TRIES_MAX: u8 = 6;
