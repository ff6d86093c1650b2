//! Why a record cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::OpenEnd;
use crate::exit_code::ExitCode;

/// Every way in which a record fails.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum RecordError {
    /// Another process changes the same files.
    #[error("another migration is at work in `{}`", .0.display())]
    InUse(PathBuf),
    /// It is no record, or was damaged.
    #[error("the record `{}` cannot be read: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("the record `{}` was written by a newer statelock (schema {schema})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        schema: u32,
    },
    /// It came with the repository: who wrote it need not be who works here.
    #[error("git tracks `{file}` in `{}`: a record is for one work tree alone", top.display())]
    Tracked {
        /// The work tree.
        top: PathBuf,
        /// What is tracked.
        file: String,
    },
    /// Something else was begun, and not ended.
    #[error("in `{}` `{unfinished}` was interrupted and is not finished", top.display())]
    Unfinished {
        /// Where.
        top: PathBuf,
        /// The command.
        unfinished: String,
        /// What it was.
        open_end: OpenEnd,
    },
    /// A file that a record cannot name.
    #[error("`{}` cannot be recorded below `{}`", path.display(), top.display())]
    Unnamed {
        /// The file.
        path: PathBuf,
        /// The record's home.
        top: PathBuf,
    },
    /// The system refused.
    #[error("could not {doing} `{}`", path.display())]
    Os {
        /// What was to be done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RecordError {
    pub(super) fn os(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Os { doing, path, source }
    }

    /// Which exit code it is.
    pub(in super::super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::InUse(_) | Self::Os { .. } => ExitCode::Unavailable,
            Self::Damaged { .. } | Self::Newer { .. } | Self::Tracked { .. } => ExitCode::Corrupt,
            Self::Unfinished { .. } => ExitCode::StateConflict,
            Self::Unnamed { .. } => ExitCode::BadInput,
        }
    }

    /// What to do next.
    pub(in super::super) fn hint(&self) -> &'static str {
        match self {
            Self::InUse(_) => "wait until it is done, and run the same command again",
            Self::Damaged { .. } => {
                "restore it from a backup, or move its directory aside; without it, a rollback makes the reverse edit instead of \
                 restoring the original bytes"
            }
            Self::Newer { .. } => "use that version",
            Self::Tracked { .. } => {
                "if it is yours: git rm -r --cached .statelock, and commit that; else delete it"
            }
            Self::Unfinished { open_end, .. } => open_end.choose(
                "run that command again to finish it",
                "run that command again to finish it, or undo it: statelock migrate rollback --to dual --yes",
                "run that command again to finish it, or undo it: statelock migrate rollback --to lock_table --yes",
            ),
            Self::Unnamed { .. } => {
                "rename it, or name a directory that it lies in; its path must be UTF-8"
            }
            Self::Os { .. } => "check the path and its permissions",
        }
    }
}
