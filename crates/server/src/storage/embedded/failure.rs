//! What SQLite's errors mean to the port, and why an engine may refuse to open.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use crate::storage::StorageError;

/// Why [`EmbeddedStorage::open`](super::EmbeddedStorage::open) refused. Nothing was changed but,
/// where they were missing, the directory and its lock file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another engine of this process, has the directory open.
    #[error(
        "data directory `{}` is in use by {}; stop it or choose another directory",
        directory.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// The data directory.
        directory: PathBuf,
        /// The process that holds it, if its lock file could be read.
        holder: Option<u32>,
    },
    /// The directory or a file in it cannot be made, read, written or synced.
    #[error(
        "could not {action} `{}`; check that the path is a directory, that this user may write \
         to it and that its disk has space",
        path.display()
    )]
    Unusable {
        /// What was being done, as a verb: `create`, `lock`, `sync`.
        action: &'static str,
        /// To which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The files are not what this engine left behind.
    #[error(
        "database `{}` is corrupt: {reason}; keep a copy of the directory and restore a backup",
        path.display()
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer statelock wrote these files.
    #[error(
        "database `{}` has format {found}, this statelock reads formats up to {supported}; use \
         the statelock that wrote it, or a newer one",
        path.display()
    )]
    NewerFormat {
        /// The database file.
        path: PathBuf,
        /// Its format number.
        found: i64,
        /// The highest format number known here.
        supported: i64,
    },
}

impl OpenError {
    pub(super) fn unusable(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Unusable { action, path, source }
    }

    /// An error of SQLite while `action` was done to `path` at open.
    pub(super) fn sqlite(
        action: &'static str,
        path: &Path,
    ) -> impl Fn(rusqlite::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| {
            let path = path.clone();
            match storage_error(&error) {
                StorageError::Corrupt(reason) => Self::Corrupt { path, reason },
                _ => Self::Unusable { action, path, source: io::Error::other(error) },
            }
        }
    }

    pub(super) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), reason: reason.into() }
    }
}

/// The port's name for an error of SQLite inside a transaction that is rolled back.
pub(super) fn storage_error(error: &rusqlite::Error) -> StorageError {
    // A value of the wrong type was never written by us: the tables are STRICT.
    if matches!(
        error,
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..)
    ) {
        return StorageError::Corrupt(error.to_string());
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StorageError::Corrupt(error.to_string())
        }
        Some(ErrorCode::DiskFull) => StorageError::Full(error.to_string()),
        _ if is_shared_index_full(error) => StorageError::Full(error.to_string()),
        _ => StorageError::Failed(error.to_string()),
    }
}

/// Whether reading, writing or syncing a file failed. After that the kernel may have dropped what
/// it could not write, and no later success says anything about earlier bytes.
pub(super) fn is_io(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) && !is_shared_index_full(error)
}

/// Growing the `-shm` file reports a full disk as an IO error of its own.
fn is_shared_index_full(error: &rusqlite::Error) -> bool {
    error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE)
}
