//! Why a verb could not begin: no state, no settings, no credentials.

use statelock_client::ConnectError;

use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Everything that ends a verb before it sends anything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// The address names no state.
    #[error("`{0}` is {1}")]
    Address(String, String),
    /// No connection could be prepared.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The operating system gave no thread or timer.
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
}

impl CommandError for BackendError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Address(..) => ExitCode::BadInput,
            Self::Connect(error) => match error {
                ConnectError::Credentials(_) => ExitCode::NotPermitted,
                ConnectError::NoRegion
                | ConnectError::File { .. }
                | ConnectError::Setting { .. } => ExitCode::BadInput,
            },
            Self::Runtime(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Address(..) => {
                Some("name the state as s3://BUCKET/KEY, or run in a Terraform directory")
            }
            Self::Connect(error) => match error {
                ConnectError::NoRegion => {
                    Some("set --region, AWS_REGION, or a region in your AWS profile")
                }
                ConnectError::Credentials(_) => Some(
                    "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
                     sign in again if they have expired",
                ),
                ConnectError::File { .. } | ConnectError::Setting { .. } => None,
            },
            Self::Runtime(_) => Some("try again; the machine is short of threads or memory"),
        }
    }
}
