//! Files that are more, or less, than files of the tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::options::Scan;

/// Why a file that was read is not simply a file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// A link to another file of the tree: a change belongs there, and everybody who links to it gets it.
    Link {
        /// The file that it stands for.
        target: PathBuf,
    },
    /// It lies outside what was scanned, or links there: it is read, and must not be changed.
    Outside {
        /// The file that was read.
        target: PathBuf,
    },
    /// git ignores it: it was made here, and what is changed in it reaches nobody else.
    Ignored,
}

/// What `path` is besides a file of the tree. `searched` are the files that the walk came upon.
pub(super) fn of(scan: &Scan, path: &Path, searched: &BTreeSet<&Path>) -> Option<FileOrigin> {
    of_link(scan, path).or_else(|| (!searched.contains(path)).then_some(FileOrigin::Ignored))
}

/// What `path` stands for, if it is a link.
pub(super) fn of_link(scan: &Scan, path: &Path) -> Option<FileOrigin> {
    if !std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return None;
    }
    let target = path.canonicalize().ok()?;
    Some(if scan.contains(&target) {
        FileOrigin::Link { target }
    } else {
        FileOrigin::Outside { target }
    })
}
