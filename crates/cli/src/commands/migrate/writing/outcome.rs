//! What came of carrying changes out.

use std::fmt;
use std::path::PathBuf;

use super::super::files::{FileError, shown};
use super::super::git::{Commit, GitError};
use super::super::record::{OpenEnd, RecordError};
use crate::backend::StopSignal;
use crate::exit_code::ExitCode;
use crate::output::printable;

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
        /// What it was.
        open_end: OpenEnd,
    },
    /// Somebody asked to stop. Each file is as it was, or as it was to be.
    #[error("stopped by {signal}{}", left_text(left))]
    Signal {
        /// By what.
        signal: StopSignal,
        /// The files that are as they were.
        left: Vec<PathBuf>,
        /// What it was.
        open_end: OpenEnd,
    },
    /// Another error, after files were written.
    #[error(transparent)]
    Stopped(Box<Stopped>),
}

/// The names of files that are told.
const TOLD_MAX: usize = 5;

fn left_text(left: &[PathBuf]) -> String {
    let name = |file: &PathBuf| format!("`{}`", printable(&shown(file).display().to_string()));
    let names: Vec<_> = left.iter().take(TOLD_MAX).map(name).collect();
    let more = match left.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match left.len() {
        0 => " after every file was changed, and before all was ended".to_owned(),
        _ => format!("; not changed: {}{more}", names.join(", ")),
    }
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
    /// The same, if it was stopped before all of these were changed.
    pub(super) fn before(self, more: &[PathBuf]) -> Self {
        match self {
            Self::Signal { signal, mut left, open_end } => {
                left.extend(more.iter().cloned());
                Self::Signal { signal, left, open_end }
            }
            Self::Stopped(stopped) => {
                let Stopped { written, error } = *stopped;
                Self::Stopped(Box::new(Stopped { written, error: error.before(more) }))
            }
            error @ (Self::Record(_) | Self::File(_) | Self::Git(_) | Self::Overtaken { .. }) => {
                error
            }
        }
    }

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
            error @ (Self::Record(_)
            | Self::File(_)
            | Self::Git(_)
            | Self::Overtaken { .. }
            | Self::Signal { .. }) => error,
        };
        Self::Stopped(Box::new(Stopped { written, error }))
    }

    /// Every file that is as it was to be all the same.
    pub(in super::super) fn written(&self) -> &[PathBuf] {
        match self {
            Self::Stopped(stopped) => &stopped.written,
            Self::Record(_)
            | Self::File(_)
            | Self::Git(_)
            | Self::Overtaken { .. }
            | Self::Signal { .. } => &[],
        }
    }

    /// Which exit code it is.
    pub(in super::super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Record(error) => error.exit_code(),
            Self::File(FileError::Changed(_)) | Self::Overtaken { .. } => ExitCode::StateConflict,
            Self::File(_) => ExitCode::Unavailable,
            Self::Git(error) => error.exit_code(),
            Self::Signal { signal, .. } => signal.exit_code(),
            Self::Stopped(stopped) => stopped.error.exit_code(),
        }
    }

    /// What to do next.
    pub(in super::super) fn hint(&self) -> &'static str {
        match self {
            Self::Record(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Overtaken { open_end, .. } => open_end.choose(
                "settle that, and run the same command again",
                "settle that, and run the same command again; or undo what it did: statelock migrate rollback --to dual --yes",
                "settle that, and run the same command again; or undo what it did: statelock migrate rollback --to lock_table --yes",
            ),
            Self::Signal { open_end, .. } => open_end.choose(
                "run the same command again to finish it",
                "run the same command again to finish it, or undo it: statelock migrate rollback --to dual --yes",
                "run the same command again to finish it, or undo it: statelock migrate rollback --to lock_table --yes",
            ),
            Self::Stopped(stopped) => stopped.error.hint(),
        }
    }
}
