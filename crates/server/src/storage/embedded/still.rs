//! A database that nobody has open, by how it lies on the disk.
//!
//! Who opens it for writing makes a log beside it at once, and writes the database itself only from that log,
//! or when the log goes. So as long as there is no log, and the file is as it was, nobody has written to it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::directory::Directory;

/// How a database without a log lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Still {
    inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
}

impl Still {
    /// How this database lies; `None` if it has a log, or that cannot be seen.
    pub(super) fn of(database: &Path) -> Option<Self> {
        let found = fs::metadata(database).ok()?;
        let log = Directory::log_in(database.parent()?);
        let still = Self {
            inode: (found.dev(), found.ino()),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        };
        log.try_exists().is_ok_and(|has_log| !has_log).then_some(still)
    }

    /// Whether nobody has opened it for writing since.
    pub(super) fn lies_as_it_was(self, database: &Path) -> bool {
        Self::of(database) == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_or_a_change_shows_that_somebody_writes() {
        let directory = tempfile::tempdir().unwrap();
        let database = Directory::database_in(directory.path());
        assert_eq!(Still::of(&database), None);
        fs::write(&database, "pages").unwrap();
        let still = Still::of(&database).unwrap();
        assert!(still.lies_as_it_was(&database));

        let log = Directory::log_in(directory.path());
        fs::write(&log, "").unwrap();
        assert!(!still.lies_as_it_was(&database));
        assert_eq!(Still::of(&database), None);
        fs::remove_file(&log).unwrap();
        assert!(still.lies_as_it_was(&database));

        let file = fs::File::options().write(true).open(&database).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert!(!still.lies_as_it_was(&database));
        let still = Still::of(&database).unwrap();
        fs::write(&database, "more pages").unwrap();
        assert!(!still.lies_as_it_was(&database));
    }
}
