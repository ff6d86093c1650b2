//! Why there is no backup, or why something is none.

use std::io;
use std::path::{Path, PathBuf};

use crate::auth::credentials::CredentialsError;
use crate::storage::StorageError;
use crate::storage::embedded::{CopyError, OpenError};

/// Why there is no backup, or why something is none.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something has the name that the backup should get.
    #[error("`{}` exists; nothing is overwritten", .0.display())]
    Exists(PathBuf),
    /// The name cannot be that of a new directory.
    #[error("`{}` cannot be the name of a backup: {why}", path.display())]
    Name {
        /// The name.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another process is making the same backup.
    #[error(
        "{} is making a backup at `{}`",
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}")),
        path.display()
    )]
    InUse {
        /// Where.
        path: PathBuf,
        /// The process, if it could be read.
        holder: Option<u32>,
    },
    /// The directory in which a backup is made is there, and is no unfinished one.
    #[error(
        "`{}` is where the backup would be made, and is not what an earlier one left: it holds `{name}`",
        path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// A name in it.
        name: String,
    },
    /// The database was not copied.
    #[error(transparent)]
    Copy(CopyError),
    /// The credentials were not copied, or are none.
    #[error(transparent)]
    Credentials(CredentialsError),
    /// A file or directory cannot be made, read, written or synced.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room.
    #[error("there is no room on the disk for `{}`", .0.display())]
    Full(PathBuf),
    /// Nothing is there, or no backup.
    #[error("`{}` is not a backup: {why}", path.display())]
    NotABackup {
        /// What should be one.
        path: PathBuf,
        /// What it is instead.
        why: NoBackup,
    },
    /// A newer statelock made it.
    #[error("`{}` has the manifest format {schema}, this statelock reads 1", path.display())]
    NewerManifest {
        /// The backup.
        path: PathBuf,
        /// Its format.
        schema: u32,
    },
    /// A file of a backup is not as it was written.
    #[error("`{}` {what}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The access key of a backup, whose database is as it was made, is not.
    #[error("`{}` {what}", path.display())]
    KeyChanged {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file lies in a backup that would be taken for a part of it.
    #[error("`{}` is no part of the backup", .0.display())]
    Stray(PathBuf),
    /// The copy was made, and the check of it failed.
    #[error("the copy of `{}` is damaged: {what}", database.display())]
    Damaged {
        /// The database that was copied.
        database: PathBuf,
        /// What is wrong with the copy.
        what: String,
    },
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
}

/// What something is that is not a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBackup {
    /// Nothing has that name.
    #[error("there is no such directory")]
    Missing,
    /// Something that is no directory.
    #[error("it is no directory")]
    File,
    /// A directory with a database, as servers have it.
    #[error("it has no `backup.json`, and is a data directory")]
    Data,
    /// A backup that was killed, or is still being made.
    #[error("it has no `backup.json`, and is an unfinished one")]
    Unfinished,
    /// A directory without a manifest or a database.
    #[error("it has no `backup.json`")]
    NoManifest,
}

impl BackupError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            _ => Self::Io { action, path, source },
        }
    }

    /// A database that cannot be opened, without the words of a server, which writes there.
    pub(super) fn unusable(action: &'static str, path: &Path, error: OpenError) -> Self {
        match error {
            OpenError::Unusable { source, .. } => Self::io(action, path)(source),
            other @ (OpenError::InUse { .. }
            | OpenError::Corrupt { .. }
            | OpenError::NewerFormat { .. }) => Self::io(action, path)(io::Error::other(other)),
        }
    }
}

impl From<CredentialsError> for BackupError {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::Io { action, path, source } => Self::io(action, &path)(source),
            other @ (CredentialsError::OnlyOne { .. }
            | CredentialsError::Unusable { .. }
            | CredentialsError::Exposed { .. }
            | CredentialsError::Malformed { .. }
            | CredentialsError::Randomness(_)) => Self::Credentials(other),
        }
    }
}

impl From<CopyError> for BackupError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => Self::Stopped,
            CopyError::Full(path) => Self::Full(path),
            // Its own words are those of a server, which writes there.
            CopyError::Source(OpenError::Unusable { action, path, source }) => {
                Self::io(action, &path)(source)
            }
            other @ (CopyError::NoDatabase(_)
            | CopyError::Source(_)
            | CopyError::Started(_)
            | CopyError::Destination { .. }) => Self::Copy(other),
        }
    }
}

/// What the check of a backup found.
#[derive(Debug)]
pub(super) enum CheckFailure {
    /// It was asked to stop.
    Stopped,
    /// It is damaged, in words.
    Damaged(String),
    /// It could not be read, or is of a newer format.
    Open(OpenError),
}

impl From<OpenError> for CheckFailure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Corrupt { reason, .. } => Self::Damaged(reason),
            other @ (OpenError::InUse { .. }
            | OpenError::Unusable { .. }
            | OpenError::NewerFormat { .. }) => Self::Open(other),
        }
    }
}

impl From<StorageError> for CheckFailure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupt(reason) => Self::Damaged(reason),
            other @ (StorageError::Failed(_)
            | StorageError::Full(_)
            | StorageError::OutcomeUnknown(_)
            | StorageError::ReadOnly
            | StorageError::Closed) => Self::Damaged(other.to_string()),
        }
    }
}
