//! Why `serve` did not run, and what to do about it.

use statelock_server::StartError;
use statelock_server::auth::credentials::CredentialsError;
use statelock_server::engine::EngineError;
use statelock_server::storage::StorageError;
use statelock_server::storage::embedded::OpenError;

use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `serve` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("could not use the root access key that was set")]
    RootKey(#[source] CredentialsError),
    #[error("`{filter}` is not a log filter")]
    LogFilter { filter: String, source: tracing_subscriber::filter::ParseError },
    #[error("`{filter}` is not a log filter: `{word}` is not a level")]
    LogLevel { filter: String, word: String },
    #[error(
        "--waiters-max {waiters} leaves no connection to those who hold locks: --connections-max is \
         {connections}"
    )]
    Waiters { waiters: u32, connections: u32 },
    #[error("could not start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("could not print where the server listens")]
    Stdout(#[source] std::io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("could not close the storage in order")]
    Close(#[from] StorageError),
}

impl CommandError for ServeError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::RootKey(_)
            | Self::LogFilter { .. }
            | Self::LogLevel { .. }
            | Self::Waiters { .. } => ExitCode::BadInput,
            Self::Runtime(_) | Self::Stdout(_) | Self::Close(_) => ExitCode::Unavailable,
            Self::Start(error) => start_exit_code(error),
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Start(error) => start_hint(error),
            Self::LogFilter { .. } | Self::LogLevel { .. } => Some(
                "name a level (error, warn, info, debug, trace), or directives such as \
                 `--log info,statelock_server=debug`",
            ),
            Self::Waiters { .. } => Some("make --waiters-max smaller, or --connections-max larger"),
            Self::Runtime(_) => Some("check the limits on processes and open files of this user"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Close(_) => Some(
                "nothing that was acknowledged is lost; check the disk of the data directory, and \
                 start again",
            ),
            Self::RootKey(_) => None,
        }
    }
}

fn start_hint(error: &StartError) -> Option<&'static str> {
    match error {
        StartError::Listen { source, .. } => Some(match source.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another port with --listen"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need privileges: choose another port with --listen"
            }
            _ => "choose an address of this machine with --listen",
        }),
        StartError::BucketName(_) => Some("choose another name with --bucket"),
        StartError::LockTableName(_) => Some("choose another name with --lock-table"),
        StartError::Credentials(CredentialsError::Io { .. })
        | StartError::Prepare(EngineError::Storage(StorageError::Full(_))) => Some(
            "check that the data directory is a directory, that this user may write to it and that \
             its disk has space, or choose another with --data",
        ),
        StartError::Storage(OpenError::InUse { .. } | OpenError::Unusable { .. }) => {
            Some("the data directory is chosen with --data")
        }
        StartError::Prepare(EngineError::Storage(StorageError::Corrupt(_))) => {
            Some("keep a copy of the data directory and restore a backup")
        }
        StartError::Storage(_) | StartError::Credentials(_) | StartError::Prepare(_) => None,
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
        StartError::BucketName(_) | StartError::LockTableName(_) | StartError::Credentials(_) => {
            ExitCode::BadInput
        }
        StartError::Prepare(_) => ExitCode::Internal,
    }
}
