//! Why a command about a state did not do what was asked.

use crate::admin_client::AdminClientError;
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
}

impl CommandError for StateError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::NoAddress => ExitCode::BadInput,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.hint(),
            Self::NoAddress => Some("name it as s3://BUCKET/KEY, with --workspace NAME if need be"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
        }
    }
}
