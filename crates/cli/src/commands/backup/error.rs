//! Why there is no backup, and what to do about it.

use statelock_server::backup::{BackupError, NoBackup};
use statelock_server::storage::embedded::{CopyError, OpenError};

use crate::backend::StopSignal;
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

const PERMISSION: &str = "run it as the server's user; check the path, who may read and write there, the disk, and `ulimit -f`";
const ROOM: &str = "nothing is left of the backup; make room, or choose another disk";
const DATA: &str = "name the server's data directory with --data, not a file in it; `--storage memory` keeps nothing";
const KEY: &str = "the database is as it was made: put this file back as it was, from another copy or from the data \
                   directory, and verify again";
const STRAY: &str = "move it away, and verify again: that shows whether a server that was started on the backup changed \
                     it; start servers on copies";

/// Every way in which `backup` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupCommandError {
    #[error("no DEST was given")]
    NoDestination,
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("stopped by {0}; nothing is left of what was begun")]
    Stopped(StopSignal),
    #[error("could not start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("the work ended without a result")]
    Worker(#[source] tokio::task::JoinError),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl CommandError for BackupCommandError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoDestination => ExitCode::BadInput,
            Self::Backup(error) => exit_code(error),
            Self::Stopped(signal) => signal.exit_code(),
            Self::Runtime(_) | Self::Stdout(_) => ExitCode::Unavailable,
            Self::Worker(_) | Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::NoDestination => Some("name the directory to make: statelock backup DEST"),
            Self::Backup(error) => hint(error),
            Self::Stopped(_) | Self::Worker(_) | Self::Json(_) => None,
            Self::Runtime(_) => Some("check the limits on processes and open files of this user"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
        }
    }
}

fn exit_code(error: &BackupError) -> ExitCode {
    match error {
        BackupError::Exists(_)
        | BackupError::Name { .. }
        | BackupError::NotOurs { .. }
        | BackupError::NotABackup { .. }
        | BackupError::Credentials(_)
        | BackupError::Copy(CopyError::NoDatabase(_)) => ExitCode::BadInput,
        BackupError::InUse { .. } | BackupError::Io { .. } | BackupError::Full(_) => {
            ExitCode::Unavailable
        }
        BackupError::Copy(
            CopyError::Source(OpenError::InUse { .. } | OpenError::Unusable { .. })
            | CopyError::Destination { .. }
            | CopyError::Started(_)
            | CopyError::Full(_)
            | CopyError::Stopped,
        ) => ExitCode::Unavailable,
        BackupError::NewerManifest { .. }
        | BackupError::Changed { .. }
        | BackupError::KeyChanged { .. }
        | BackupError::Stray(_)
        | BackupError::Damaged { .. }
        | BackupError::Copy(CopyError::Source(
            OpenError::Corrupt { .. } | OpenError::NewerFormat { .. },
        )) => ExitCode::Corrupt,
        // Nobody asked but a signal, and that is told otherwise.
        BackupError::Stopped => ExitCode::Internal,
    }
}

fn hint(error: &BackupError) -> Option<&'static str> {
    match error {
        BackupError::Exists(_) => Some("choose a name that is free, such as one with the date"),
        BackupError::Name { .. } => {
            Some("name a directory to make, in one that exists, outside the data directory")
        }
        BackupError::NotOurs { .. } => Some("move that directory away, or choose another name"),
        BackupError::InUse { .. } => Some("wait for it, or choose another name"),
        BackupError::Copy(CopyError::Started(_)) => {
            Some("nothing is left of the backup; run it again, it works while a server runs too")
        }
        BackupError::NotABackup { why, .. } => Some(no_backup(*why)),
        BackupError::KeyChanged { .. } => Some(KEY),
        BackupError::Stray(_) => Some(STRAY),
        BackupError::Copy(CopyError::NoDatabase(_)) => Some(DATA),
        BackupError::Io { .. } | BackupError::Copy(CopyError::Destination { .. }) => {
            Some(PERMISSION)
        }
        BackupError::Full(_) | BackupError::Copy(CopyError::Full(_)) => Some(ROOM),
        BackupError::NewerManifest { .. } => Some("use the statelock that made it, or a newer one"),
        BackupError::Changed { .. } => Some(
            "it is no backup any more: take another one. A backup that a server was started on is \
             changed by that: start servers on copies",
        ),
        BackupError::Damaged { .. } => Some(
            "nothing is left of this backup. The database itself is damaged: keep a copy of the \
             data directory and the backups that there are, and restore the newest that \
             `statelock backup verify` finds whole",
        ),
        BackupError::Credentials(_)
        | BackupError::Copy(CopyError::Source(_) | CopyError::Stopped)
        | BackupError::Stopped => None,
    }
}

fn no_backup(why: NoBackup) -> &'static str {
    match why {
        NoBackup::Missing | NoBackup::File | NoBackup::NoManifest => {
            "name a directory that `statelock backup` made"
        }
        NoBackup::Data => "`statelock backup --data` copies it to a new directory: name such a one",
        NoBackup::Unfinished => {
            "it is being made, or its maker was killed: the next backup to the same name removes it then"
        }
    }
}
