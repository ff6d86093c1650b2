//! Why there is no policy, or why one is not enough.

use std::path::PathBuf;

use crate::backend::BackendError;
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::policy::SyntaxError;

/// Every way in which `iam` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IamError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("no role is named")]
    NoRole,
    /// A lock mode that needs a table, and none is known.
    #[error("the lock mode `{0}` needs a lock table, and none is known")]
    NoTable(&'static str),
    #[error("--no-lock is for the role `plan`: the role `{0}` always locks, or never")]
    NoLock(&'static str),
    /// An option that is not what it should be.
    #[error("`{value}` is {problem}")]
    Value { value: String, problem: &'static str, hint: &'static str },
    #[error("could not read `{}`", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("could not read standard input")]
    Stdin(#[source] std::io::Error),
    #[error("`{name}` is longer than any policy may be")]
    TooLong { name: String },
    #[error("`{name}` is no policy")]
    NoPolicy { name: String, source: SyntaxError },
    /// The policies that were checked are not enough.
    #[error("{lacking} of {all} permissions are lacking")]
    Lacking { lacking: usize, all: usize },
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl CommandError for IamError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::NoRole
            | Self::NoTable(_)
            | Self::NoLock(_)
            | Self::Value { .. }
            | Self::File { .. }
            | Self::Stdin(_)
            | Self::TooLong { .. }
            | Self::NoPolicy { .. } => ExitCode::BadInput,
            Self::Lacking { .. } => ExitCode::NotPermitted,
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::NoRole => {
                Some("say for whom it is: --role plan, apply, unlock, migrate, bootstrap or gc")
            }
            Self::NoTable(_) => Some("name it: --dynamodb-table TABLE"),
            Self::NoLock(_) => Some("leave --no-lock out"),
            Self::Value { hint, .. } => Some(hint),
            Self::File { .. } => Some("check the name of the file"),
            Self::Stdin(_) => Some("give the policy as a file instead"),
            Self::TooLong { .. } => Some("name a file with one policy document in JSON"),
            Self::NoPolicy { .. } => Some(
                "correct it there; what is wanted is a policy document in JSON, or what `aws iam \
                 get-policy-version` or `aws iam get-role-policy` prints",
            ),
            Self::Lacking { .. } => {
                Some("`statelock iam` with the same options prints what is needed")
            }
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
