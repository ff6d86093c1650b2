//! Whose turn it is: keeps requests for a lock that is not free.
//!
//! 1. A first attempt is tried once. Refused, it is told at once: its client may have no patience.
//! 2. A lock ID that comes back shows that its client waits. Its request is held open, tried when its
//!    turn comes, and after [`WaitingLimits::hold_max`](super::WaitingLimits) told like any other.
//! 3. While a holder gives a lock back, any request waits for the end of that.
//!
//! A request that is held open has its attempts in tasks of their own, because its client may go away
//! at any moment and a transaction that is queued cannot be called back: if nobody is there to take
//! the answer, the grant is undone.

#[cfg(test)]
mod tests;

use std::time::Duration;

use statelock_protocol::lock::unified::{AcquireOutcome, Granted, LockRefusal};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;

use super::taking::id_of;
use super::waiting::{Patience, Ticket, Turn};
use super::{LockedState, TakeLock};
use crate::engine::{Engine, EngineError};
use crate::storage::StorageError;

/// What an attempt leads to.
enum Step {
    Answer,
    /// Another attempt after a change, or at this moment.
    Wait(Instant),
}

impl Engine {
    /// Takes a lock when it is the request's turn, or says why not.
    ///
    /// `attempt` is one transaction, which hands its [`Turn`] on to
    /// [`Taking`](super::taking::Taking). What it returns beside the outcome belongs to that outcome.
    ///
    /// # Errors
    /// What an attempt returned.
    ///
    /// # Cancel safety
    /// While the request is held open, a dropped future leaves no lock. Before, it may or may not have
    /// taken the lock.
    pub(in crate::engine) async fn take_in_turn<T, F>(
        &self,
        wanted: &TakeLock,
        attempt: impl Fn(Turn) -> F,
    ) -> Result<(AcquireOutcome, T), EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<(AcquireOutcome, T), EngineError>> + Send + 'static,
    {
        let id = id_of(&wanted.info);
        let mut ticket = Ticket::new(&self.waiting, wanted, id);
        let mut patience = ticket.arrive();
        let deadline = Instant::now() + self.waiting.hold_max();
        loop {
            let turn = ticket.turn(patience);
            let tried = if ticket.is_held_open() {
                self.attempt_held(wanted, turn.clone(), attempt(turn)).await
            } else {
                attempt(turn).await
            };
            let (outcome, value) = match tried {
                Ok(tried) => tried,
                Err(error) => {
                    ticket.failed();
                    return Err(error);
                }
            };
            let until = match self.step(&outcome, patience, deadline) {
                Step::Wait(until) => until,
                Step::Answer => {
                    conclude(ticket, &outcome);
                    return Ok((outcome, value));
                }
            };
            if ticket.stay() {
                ticket.wait(until).await;
            }
            let is_last =
                !ticket.is_held_open() || Instant::now() >= deadline || self.waiting.is_closed();
            if is_last {
                patience = Patience::Last;
            }
        }
    }

    fn step(&self, outcome: &AcquireOutcome, patience: Patience, deadline: Instant) -> Step {
        match (outcome, patience) {
            (AcquireOutcome::Granted(_) | AcquireOutcome::Refused(LockRefusal::Late), _)
            | (AcquireOutcome::Refused(_), Patience::Last | Patience::Replaces)
            | (AcquireOutcome::Refused(LockRefusal::Held(_)), Patience::First) => Step::Answer,
            (AcquireOutcome::Refused(LockRefusal::Held(_)), Patience::Waits) => {
                Step::Wait(deadline)
            }
            (
                AcquireOutcome::Refused(LockRefusal::GivingBack(_, end)),
                Patience::First | Patience::Waits,
            ) => {
                let rest = Duration::from_micros(end.saturating_sub(self.clock.now_micros()));
                Step::Wait(deadline.min(Instant::now() + rest))
            }
        }
    }

    /// One attempt of a request that is held open. It runs to its end even if the request does not;
    /// a grant that nobody takes is undone.
    async fn attempt_held<T, F>(
        &self,
        wanted: &TakeLock,
        turn: Turn,
        attempt: F,
    ) -> Result<(AcquireOutcome, T), EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<(AcquireOutcome, T), EngineError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (engine, wanted) = (self.clone(), wanted.clone());
        let run = async move {
            let tried = attempt.await;
            let took = matches!(&tried, Ok((AcquireOutcome::Granted(Granted::Taken), _)));
            // The request says that it has the answer; sent is not received.
            let (received, is_received) = oneshot::channel();
            let is_sent = answer.send((tried, received)).is_ok();
            if took && !(is_sent && is_received.await.is_ok()) {
                engine.undo(wanted, turn).await;
            }
        };
        drop(tokio::spawn(run.in_current_span()));
        let interrupted = || StorageError::OutcomeUnknown("the attempt did not end".to_owned());
        let (tried, received) = answered.await.map_err(|_| interrupted())?;
        // It fails only if the task is gone, and with it the question.
        received.send(()).ok();
        tried
    }

    /// Wakes who waits for this lock.
    pub(in crate::engine) fn lock_changed(&self, state: &LockedState) {
        self.waiting.changed(state);
    }
}

fn conclude(ticket: Ticket, outcome: &AcquireOutcome) {
    match outcome {
        AcquireOutcome::Granted(_) => ticket.granted(),
        AcquireOutcome::Refused(LockRefusal::Held(_) | LockRefusal::GivingBack(..)) => {
            ticket.refused(true);
        }
        // Its client was answered before: it gets no place of its own for this copy.
        AcquireOutcome::Refused(LockRefusal::Late) => ticket.refused(false),
    }
}
