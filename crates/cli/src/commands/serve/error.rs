//! Why `serve` did not run, and what to do about it.

use statelock_server::StartError;
use statelock_server::auth::credentials::CredentialsError;
use statelock_server::engine::EngineError;
use statelock_server::storage::StorageError;
use statelock_server::storage::embedded::OpenError;

use crate::exit_code::ExitCode;

/// Every way in which `serve` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("could not use the root access key from the environment")]
    RootKey(#[source] CredentialsError),
    #[error("`{filter}` is not a log filter")]
    LogFilter { filter: String, source: tracing_subscriber::filter::ParseError },
    #[error("could not start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("could not print where the server listens")]
    Stdout(#[source] std::io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("could not close the storage in order")]
    Close(#[from] StorageError),
}

impl ServeError {
    /// The number of `docs/errors.md`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::RootKey(_) | Self::LogFilter { .. } => ExitCode::BadInput,
            Self::Runtime(_) | Self::Stdout(_) | Self::Close(_) => ExitCode::Unavailable,
            Self::Start(error) => start_exit_code(error),
        }
    }

    /// What to do next, where the message does not say it already.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Start(StartError::Listen { source, .. }) => Some(match source.kind() {
                std::io::ErrorKind::AddrInUse => {
                    "another program listens there: stop it, or choose another port with --listen"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "ports below 1024 need privileges: choose another port with --listen"
                }
                _ => "choose an address of this machine with --listen",
            }),
            Self::LogFilter { .. } => Some("try `--log info`"),
            Self::Start(_)
            | Self::RootKey(_)
            | Self::Runtime(_)
            | Self::Stdout(_)
            | Self::Close(_) => None,
        }
    }
}

fn start_exit_code(error: &StartError) -> ExitCode {
    match error {
        StartError::Storage(OpenError::Corrupt { .. } | OpenError::NewerFormat { .. })
        | StartError::Prepare(EngineError::Storage(StorageError::Corrupt(_))) => ExitCode::Corrupt,
        StartError::Listen { .. }
        | StartError::Storage(_)
        | StartError::Credentials(CredentialsError::Io { .. } | CredentialsError::Randomness(_))
        | StartError::Prepare(EngineError::Storage(_) | EngineError::Randomness(_)) => {
            ExitCode::Unavailable
        }
        StartError::BucketName(_) | StartError::Credentials(_) => ExitCode::BadInput,
        StartError::Prepare(_) => ExitCode::Internal,
    }
}
