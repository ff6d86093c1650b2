//! What came of carrying changes out.

use std::path::PathBuf;

use super::super::files::FileError;
use super::super::git::{Commit, GitError};
use super::super::record::RecordError;
use crate::exit_code::ExitCode;

/// What was done in one home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Outcome {
    /// Every file that is as it was to be, also those that an interrupted run had written.
    pub(in super::super) written: Vec<PathBuf>,
    /// Files that somebody else has changed meanwhile; they are left as they are.
    pub(in super::super) strangers: Vec<PathBuf>,
    /// The commit, if one was wanted.
    pub(in super::super) commit: Option<Commit>,
}

/// Why changes were not, or not all, carried out.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum WritingError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Git(#[from] GitError),
}

impl WritingError {
    /// Which exit code it is.
    pub(in super::super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Record(error) => error.exit_code(),
            Self::File(FileError::Changed(_)) => ExitCode::StateConflict,
            Self::File(_) => ExitCode::Unavailable,
            Self::Git(error) => error.exit_code(),
        }
    }

    /// What to do next.
    pub(in super::super) fn hint(&self) -> &'static str {
        match self {
            Self::Record(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Git(error) => error.hint(),
        }
    }
}
