//! Why `audit` did not show or check what was asked.

use crate::admin_client::AdminClientError;
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `audit` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error(transparent)]
    Client(#[from] AdminClientError),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
    #[error("the audit log was tampered with or damaged at record {number}: {message}")]
    Broken { number: u64, message: String },
}

impl CommandError for AuditError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Json(_) => ExitCode::Internal,
            Self::Broken { .. } => ExitCode::Corrupt,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
            Self::Broken { .. } => Some(
                "records before it are as they were written; keep a copy of the data directory and \
                 compare it with a backup",
            ),
        }
    }
}
