//! Why a command about a state did not do what was asked.

use super::failure::StateFailure;
use crate::admin_client::AdminClientError;
use crate::backend::{BackendError, LockFailure, StopSignal};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `state` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error(transparent)]
    Client(#[from] AdminClientError),
    #[error("no state is named")]
    NoAddress,
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Lock(#[from] Box<LockFailure>),
    #[error(transparent)]
    State(#[from] Box<StateFailure>),
    /// Nothing was done, or it was done and said.
    #[error("stopped by {caught}; {what}")]
    Stopped { caught: StopSignal, what: &'static str },
    #[error("could not listen to signals")]
    Signals(#[source] std::io::Error),
}

impl From<StateFailure> for StateError {
    fn from(failure: StateFailure) -> Self {
        Self::State(Box::new(failure))
    }
}

impl CommandError for StateError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::NoAddress => ExitCode::BadInput,
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Backend(error) => error.exit_code(),
            Self::Lock(error) => error.exit_code(),
            Self::State(error) => error.exit_code(),
            Self::Stopped { caught, .. } => caught.exit_code(),
            Self::Signals(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.hint(),
            Self::NoAddress => Some("name it as s3://BUCKET/KEY, with --workspace NAME if need be"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Backend(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::State(error) => error.hint(),
            Self::Stopped { .. } | Self::Signals(_) => None,
        }
    }
}
