//! Why a file was not replaced. It is as it was then.

use std::io;
use std::path::PathBuf;

/// Every way in which a file stays as it is.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum FileError {
    /// It is not the file that the change was made for.
    #[error("`{}` was changed meanwhile", .0.display())]
    Changed(PathBuf),
    /// A directory, a pipe, a link.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It may not be written.
    #[error("`{}` is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// Who runs this could not give the new file to the one whose it is.
    #[error("`{}` belongs to another user or group", .0.display())]
    ForeignOwner(PathBuf),
    /// The directory it is in may not be written.
    #[error("the directory of `{}` is read-only", .0.display())]
    ReadOnlyDirectory(PathBuf),
    /// A file with several names: the other names would go on meaning the old one.
    #[error("`{}` has {names} names (hard links), which would not be the same file any more", path.display())]
    HardLinked {
        /// One of its names.
        path: PathBuf,
        /// How many there are.
        names: u64,
    },
    /// The system refused a step.
    #[error("could not {doing} `{}`", path.display())]
    Os {
        /// The step.
        doing: &'static str,
        /// What it was about.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// What to do next.
    pub(in super::super) fn hint(&self) -> &'static str {
        match self {
            Self::Changed(_) => "look at it (`git diff`), then run the same command again",
            Self::NotAFile(_) => "put a regular file there",
            Self::ReadOnly(_) | Self::ReadOnlyDirectory(_) => {
                "make it writable if it is yours to change, and run the same command again"
            }
            Self::ForeignOwner(_) => {
                "run as its owner, or make it yours (chown), and run the same command again"
            }
            Self::HardLinked { .. } => {
                "replace the links by copies, or make the change by hand in place"
            }
            Self::Os { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    "run as the owner of the files, or change their permissions"
                }
                io::ErrorKind::StorageFull => "free some space, and run the same command again",
                _ => {
                    "correct that, and run the same command again: what is done already stays done"
                }
            },
        }
    }
}

/// Says which step the system refused.
pub(super) fn os(
    doing: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Os { doing, path, source }
}
