//! Takes the lock for a write, and gives it back whatever came of the write.

use std::time::Duration;

use statelock_client::{LockHandle, StateBackend};
use statelock_protocol::lock::stamp::Reason;

use super::StateError;
use super::failure::StateFailure;
use super::signals::Signals;
use crate::backend::{LockFailure, StopSignal};
use crate::evidence::{self, Lifeline};
use crate::exit_code::ExitCode;
use crate::{output, span};

/// How long a lock that another holds is waited for, and why ours is taken.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LockArgs {
    /// How long to wait for the lock, if another holds it: a span such as 90s, 10m or 1h.
    #[arg(long, value_name = "SPAN", value_parser = span::duration)]
    wait: Option<Duration>,

    /// Why, for whoever meets the lock.
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
}

/// A held lock, and how the user names its state.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) lock: LockHandle,
    named: &'a str,
}

/// Takes the lock.
///
/// # Errors
/// It is not acquired; nothing of ours is left unless the error says so.
pub(super) async fn acquire<'a>(
    backend: &StateBackend,
    named: &'a str,
    operation: &str,
    args: &LockArgs,
    signals: &mut Signals,
) -> Result<Held<'a>, StateError> {
    let claim = evidence::claim(operation, args.reason.clone(), Lifeline::Process);
    let wait = args.wait.unwrap_or_default();
    let mut told = false;
    let mut waiting = |_: Option<&_>| {
        if !told {
            output::note("waiting for the lock");
        }
        told = true;
    };
    let stop = async {
        signals.first().await;
    };
    let acquired = backend.lock_unless(&claim, wait, &mut waiting, stop).await;
    let caught = signals.so_far().await;
    match (acquired, caught) {
        (Ok(lock), None) => Ok(Held { lock, named }),
        (Ok(lock), Some(caught)) => {
            let stopped = stopped_before(caught);
            Held { lock, named }.release(Err(stopped)).await
        }
        (Err(error @ statelock_client::LockError::Unknown { .. }), _) | (Err(error), None) => {
            Err(Box::new(LockFailure::new(error, named)).into())
        }
        (Err(_), Some(caught)) => Err(stopped_before(caught)),
    }
}

/// The error for a signal that came before anything was written.
pub(super) fn stopped_before(caught: StopSignal) -> StateError {
    StateError::Stopped { caught, what: "nothing was written" }
}

impl Held<'_> {
    /// Gives the lock back. What was done under it decides how the command ends; a lock that may be left is
    /// told in any case.
    ///
    /// # Errors
    /// Those of `done`, else that the lock may be left.
    pub(super) async fn release<T>(self, done: Result<T, StateError>) -> Result<T, StateError> {
        let report = self.lock.release().await;
        let id = self.lock.id();
        if report.is_gone() {
            if !report.was_held() {
                output::warning(&format!(
                    "lock {id} was removed by somebody else before it was released"
                ));
            }
            return done;
        }
        let why = report.trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
        let message = format!("whether lock {id} was released is not known{why}");
        let hint = format!("when the store answers again: statelock unlock {} {id}", self.named);
        match done {
            Ok(_) => Err(StateFailure::new(message, ExitCode::OutcomeUnknown, hint).into()),
            Err(error) => {
                output::warning(&format!("{message}; {hint}"));
                Err(error)
            }
        }
    }
}
