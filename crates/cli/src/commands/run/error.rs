//! Why a command was not run.

use std::io;

use crate::backend::{BackendError, LockFailure, StopSignal};
use crate::commands::CommandError as _;
use crate::exit_code::ExitCode;

/// Everything that ends `run` before its command has begun. No lock of ours is left, unless the text
/// says that one may be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// There is no such program.
    #[error("there is no command `{0}`")]
    NoProgram(String),
    /// There is such a file, and it is no program.
    #[error("`{path}` cannot be run: it is {why}")]
    NotExecutable {
        /// Which.
        path: String,
        /// What it is.
        why: &'static str,
    },
    /// The command is about many states.
    #[error("terragrunt with `{0}` works on many states, and one lock covers one state")]
    ManyStates(String),
    /// The command would work on another state than the one that was named, without a lock.
    #[error("the command works on {used}, and {locked} was to be locked")]
    OtherState {
        /// What was named.
        locked: String,
        /// What the command's directory says.
        used: String,
    },
    /// While the lock was waited for, somebody selected another workspace, or changed the configuration. The lock
    /// was released, as far as nothing else is said.
    #[error("the lock of {locked} was taken, and meanwhile the directory uses {used}")]
    Moved {
        /// What was locked.
        locked: String,
        /// What the directory says now.
        used: String,
    },
    /// The system did not start the command. The lock was released.
    #[error("the command could not be started")]
    Start(#[source] io::Error),
    /// No signals could be caught.
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    /// The backend cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// There is no lock.
    #[error("{failure}{about}")]
    NotLocked {
        /// Why.
        failure: Box<LockFailure>,
        /// What is known of the holder, on lines of its own.
        about: String,
        /// What to do, if the failure's own hint is not the best.
        hint: Option<String>,
    },
    /// The lock of a dead holder could not be removed.
    #[error("the lock of a dead holder could not be removed: {why}")]
    NotTakenOver {
        /// Why.
        why: String,
        /// Where to look.
        hint: String,
    },
    /// We were told to stop while waiting for the lock. None of ours is left.
    #[error("{0} while waiting for the lock; it was not taken")]
    Interrupted(StopSignal),
    /// As before, but a request of ours may still have an effect.
    #[error("{caught} while waiting for the lock; whether it is taken for us later is not known")]
    InterruptedUnknown {
        /// By what.
        caught: StopSignal,
        /// How to look.
        hint: String,
    },
}

impl RunError {
    /// The exit code.
    pub(super) fn number(&self) -> u8 {
        match self {
            // As a shell would end.
            Self::NoProgram(_) => 127,
            Self::NotExecutable { .. } | Self::Start(_) => 126,
            Self::Interrupted(caught) => caught.exit_code().number(),
            Self::ManyStates(_) | Self::OtherState { .. } | Self::Moved { .. } => {
                ExitCode::BadInput.number()
            }
            Self::Signals(_) => ExitCode::Internal.number(),
            Self::Backend(error) => error.exit_code().number(),
            Self::NotLocked { failure, .. } => failure.exit_code().number(),
            Self::NotTakenOver { .. } | Self::InterruptedUnknown { .. } => {
                ExitCode::OutcomeUnknown.number()
            }
        }
    }

    /// What to do next.
    pub(super) fn hint(&self) -> Option<&str> {
        match self {
            Self::NoProgram(_) => Some("check its name and the PATH; nothing was locked"),
            Self::NotExecutable { .. } => Some("name a program; nothing was locked"),
            Self::ManyStates(_) => {
                Some("run terragrunt without statelock, or one unit at a time; nothing was locked")
            }
            Self::OtherState { .. } => Some(
                "run in the directory of the state, or leave the address out; select its workspace with \
                 --workspace; nothing was locked",
            ),
            Self::Moved { .. } => Some(
                "the command was not run. Somebody has selected another workspace there, or changed its \
                 configuration: run again, and say the workspace with --workspace",
            ),
            Self::Start(_) | Self::Signals(_) => Some("try again"),
            Self::Backend(error) => error.hint(),
            Self::NotLocked { failure, hint, .. } => hint.as_deref().or_else(|| failure.hint()),
            Self::NotTakenOver { hint, .. } | Self::InterruptedUnknown { hint, .. } => Some(hint),
            Self::Interrupted(_) => None,
        }
    }
}
