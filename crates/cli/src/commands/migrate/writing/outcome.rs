//! What came of carrying changes out.

use std::fmt;
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
    /// What was interrupted is not gone on with as things are now.
    #[error("what was interrupted in `{}` is not finished because {why}", top.display())]
    Overtaken {
        /// Where.
        top: PathBuf,
        /// Why.
        why: String,
    },
    /// Another error, after files were written.
    #[error(transparent)]
    Stopped(Box<Stopped>),
}

/// An error in the middle.
#[derive(Debug)]
pub(in super::super) struct Stopped {
    written: Vec<PathBuf>,
    error: WritingError,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl WritingError {
    /// The same, after these were done.
    pub(super) fn after(self, done: &[Outcome]) -> Self {
        let mut written: Vec<_> =
            done.iter().flat_map(|outcome| outcome.written.iter().cloned()).collect();
        if written.is_empty() {
            return self;
        }
        let error = match self {
            Self::Stopped(stopped) => {
                let Stopped { written: more, error } = *stopped;
                written.extend(more);
                error
            }
            error @ (Self::Record(_) | Self::File(_) | Self::Git(_) | Self::Overtaken { .. }) => {
                error
            }
        };
        Self::Stopped(Box::new(Stopped { written, error }))
    }

    /// Every file that is as it was to be all the same.
    pub(in super::super) fn written(&self) -> &[PathBuf] {
        match self {
            Self::Stopped(stopped) => &stopped.written,
            Self::Record(_) | Self::File(_) | Self::Git(_) | Self::Overtaken { .. } => &[],
        }
    }

    /// Which exit code it is.
    pub(in super::super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Record(error) => error.exit_code(),
            Self::File(FileError::Changed(_)) | Self::Overtaken { .. } => ExitCode::StateConflict,
            Self::File(_) => ExitCode::Unavailable,
            Self::Git(error) => error.exit_code(),
            Self::Stopped(stopped) => stopped.error.exit_code(),
        }
    }

    /// What to do next.
    pub(in super::super) fn hint(&self) -> &'static str {
        match self {
            Self::Record(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Overtaken { .. } => {
                "settle that, and run the same command again; or undo what it did: statelock migrate rollback"
            }
            Self::Stopped(stopped) => stopped.error.hint(),
        }
    }
}
