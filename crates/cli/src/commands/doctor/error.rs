//! Why `doctor` did not examine everything.

use statelock_client::StoreError;

use crate::backend::{BackendError, StopSignal, refused_exit_code, refused_hint};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which it ends without a report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoctorError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The bucket is not there, or the store stopped to answer.
    #[error("could not examine it: {0}")]
    Store(Box<StoreError>),
    #[error("stopped by {0}; nothing of the trial is left")]
    Stopped(StopSignal),
    /// The trial was not brought to its end.
    #[error("stopped by {signal}; whether the lock of the trial is left is not known")]
    MaybeLeft { signal: StopSignal, hint: String },
    #[error("could not make a name for the trial")]
    NoName(#[source] std::io::Error),
    #[error("could not catch signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl From<StoreError> for DoctorError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl CommandError for DoctorError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Store(error) => match error.as_ref() {
                StoreError::Refused { refusal, .. } => refused_exit_code(*refusal),
                StoreError::Unknown(_) => ExitCode::Unavailable,
            },
            Self::Stopped(signal) => signal.exit_code(),
            Self::MaybeLeft { .. } => ExitCode::OutcomeUnknown,
            Self::NoName(_) | Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Store(error) => Some(match error.as_ref() {
                StoreError::Refused { refusal, .. } => refused_hint(*refusal),
                StoreError::Unknown(_) => "check the endpoint, and try again",
            }),
            Self::MaybeLeft { hint, .. } => Some(hint),
            Self::Stopped(_) | Self::Json(_) => None,
            Self::NoName(_) | Self::Signals(_) => Some("try again"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
        }
    }
}
