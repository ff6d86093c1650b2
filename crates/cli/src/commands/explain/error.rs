//! Why `explain` explained nothing.

use std::path::PathBuf;

use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `explain` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplainError {
    #[error("there is no text to explain")]
    NoText,
    #[error("could not read `{}`", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("could not read standard input")]
    Stdin(#[source] std::io::Error),
    #[error("nothing in this text is known")]
    NothingKnown,
    #[error("`{name}` is a file, and was taken for the text")]
    FileAsText { name: String, hint: String },
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl CommandError for ExplainError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoText | Self::File { .. } | Self::FileAsText { .. } | Self::Stdin(_) => {
                ExitCode::BadInput
            }
            Self::NothingKnown => ExitCode::NotFound,
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::NoText => Some(
                "pipe the output of the failed command into it (`terraform plan 2>&1 | statelock \
                 explain`), name a log (`--file job.log`), or give the text as an argument in quotes",
            ),
            Self::FileAsText { hint, .. } => Some(hint),
            Self::File { .. } => Some("check the name of the file"),
            Self::Stdin(_) => Some("give the text as a file instead (`--file job.log`)"),
            Self::NothingKnown => Some(
                "give the whole error, from `Error:` to its end. `statelock explain --list` names what \
                 is known. To see what holds the lock and what is stored: `statelock status`. With \
                 `TF_LOG=debug` terraform says which request failed",
            ),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
