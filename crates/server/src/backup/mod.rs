//! Backups: a copy of a data directory that is made while its server runs, and checked before it is
//! called one.
//!
//! A backup is a directory with what a server needs to start: the database, without a log, and the
//! credentials; and a manifest that says what it holds. It is made under another name beside its own, and
//! gets its name when everything in it is checked and on the disk.
//!
//! - `taking`: makes one; `unfinished` is it until it has its name, known by its `mark`;
//! - `checking`: what is looked at, in a new one and in one of earlier;
//! - `contents`: every body that a record names is there and as it was when it came;
//! - `manifest`: what a backup says about itself.

mod checking;
mod contents;
mod error;
mod manifest;
mod mark;
mod taking;
mod unfinished;

pub use checking::{ExposedKey, Verified, verify};
pub use error::{BackupError, NoBackup};
pub use manifest::{AccessKeyMark, AuditMark, DatabaseFile, Manifest};
pub use taking::take;

/// What is being done; the numbers are so far, and of how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The database is being copied.
    Copying {
        /// Bytes copied.
        done_bytes: u64,
        /// Bytes of the database.
        total_bytes: u64,
    },
    /// The database file is being compared with its manifest.
    Comparing,
    /// Pages and records of the copy are being checked.
    CheckingPages,
    /// The chain of audit records is being checked.
    CheckingAudit,
    /// Bodies are being checked.
    CheckingBodies {
        /// Bodies checked.
        bodies: u64,
    },
}
