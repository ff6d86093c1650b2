//! What a client of ours does with a machine and with what the stores answer: nothing but to pass
//! requests and answers on.
//!
//! A test that wants to know whether a rule of the machines is needed does one thing otherwise.

use std::fmt;

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, LockMachine, LockReply, LockRequest, Release, Released, Step,
    Unanswered,
};

/// How a client drives machines.
pub trait Rules: fmt::Debug + Sync {
    /// Goes on with an acquire. `sent` is what was answered.
    fn acquire(
        &self,
        machine: &mut Acquire,
        sent: Option<&LockRequest>,
        reply: Option<LockReply>,
        me: usize,
    ) -> Step<AcquireOutcome> {
        let _ = (sent, me);
        machine.next(reply)
    }

    /// Goes on with a release, or with the removal of another's lock.
    fn release(
        &self,
        machine: &mut Release,
        sent: Option<&LockRequest>,
        reply: Option<LockReply>,
        me: usize,
    ) -> Step<Released> {
        let _ = (sent, me);
        machine.next(reply)
    }

    /// Tries again under the same lock ID, if that is allowed.
    fn again(&self, machine: Acquire, unanswered: Unanswered, me: usize) -> Option<Acquire> {
        let _ = me;
        machine.again(unanswered)
    }
}

/// The rules as they are.
#[derive(Clone, Copy, Debug)]
pub struct AsTheyAre;

impl Rules for AsTheyAre {}
