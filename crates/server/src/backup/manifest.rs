//! `backup.json`: what a backup says about itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BackupError, NoBackup};
use crate::auth::credentials::AccessKey;
use crate::engine::hex;
use crate::storage::embedded::Directory;

/// The file's name in a backup.
pub(super) const FILE_NAME: &str = "backup.json";
/// The format of the file; members are added without a new one.
const SCHEMA: u32 = 1;
/// Far above what is ever written.
const BYTES_MAX: u64 = 1 << 20;
/// Bytes hashed at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What a backup says about itself. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this document.
    pub schema: u32,
    /// When the copy began, in microseconds since the Unix epoch, by the clock of the machine that made it.
    pub made_at_micros: u64,
    /// The version of statelock that made it.
    pub made_by: String,
    /// The database file.
    pub database: DatabaseFile,
    /// Whether the root access key is in it.
    pub credentials: bool,
    /// Which access key that is; absent if there is none, and in backups of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<AccessKeyMark>,
    /// Objects that are states, each counted once, whatever its versions.
    pub states: u64,
    /// Other objects that are not deleted; lockfiles are not counted.
    pub objects: u64,
    /// Locks that were held.
    pub locks: u64,
    /// The newest audit record in it. Every effect up to it is in the backup, and none after it.
    pub audit: AuditMark,
}

/// The database file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFile {
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// What tells an access key from others, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyMark {
    /// The access key id.
    pub id: String,
    /// The SHA-256 of the secret, in hex. Only of one that a server made: what a person chose could be
    /// guessed by it, as by whatever else tells it from others. No row depends on the secret, and whoever
    /// chose it has it and can give it to a restored server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_sha256: Option<String>,
}

impl AccessKeyMark {
    pub(super) fn of(key: &AccessKey) -> Self {
        let secret_sha256 = key.has_generated_form().then(|| hex(&Sha256::digest(key.secret())));
        Self { id: key.id().to_owned(), secret_sha256 }
    }

    pub(super) fn is_of(&self, key: &AccessKey) -> bool {
        *self == Self::of(key)
    }
}

/// An audit record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditMark {
    /// Its number; 0 if there is none.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// When it was written, in microseconds since the Unix epoch; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_micros: Option<u64>,
}

impl Manifest {
    pub(super) const SCHEMA: u32 = SCHEMA;

    /// Writes it into a directory, where there is none, and syncs it.
    pub(super) fn write(&self, directory: &Path) -> Result<(), BackupError> {
        let path = directory.join(FILE_NAME);
        let write = || {
            let mut text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
            text.push(b'\n');
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(BackupError::io("write", &path))
    }

    /// Reads that of a backup.
    pub(super) fn read(directory: &Path) -> Result<Self, BackupError> {
        /// What every format has.
        #[derive(Deserialize)]
        struct Format {
            schema: u32,
        }
        let is_nothing =
            |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let path = directory.join(FILE_NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_nothing(error.kind()) => return Err(not_a_backup(directory)),
            Err(error) => return Err(BackupError::io("read", &path)(error)),
        };
        let mut text = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut text).map_err(BackupError::io("read", &path))?;
        let unreadable = |error: serde_json::Error| BackupError::Changed {
            path: path.clone(),
            what: format!("is no manifest: {error}"),
        };
        let Format { schema } = serde_json::from_slice(&text).map_err(unreadable)?;
        if schema > SCHEMA {
            return Err(BackupError::NewerManifest { path: directory.to_owned(), schema });
        }
        serde_json::from_slice(&text).map_err(unreadable)
    }
}

/// What a path without a manifest is.
fn not_a_backup(path: &Path) -> BackupError {
    let why = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => NoBackup::Missing,
        Err(error) => return BackupError::io("look at", path)(error),
        Ok(found) if !found.is_dir() => NoBackup::File,
        Ok(_) if Directory::unfinished_mark_in(path).exists() => NoBackup::Unfinished,
        Ok(_) if Directory::database_in(path).exists() => NoBackup::Data,
        Ok(_) => NoBackup::NoManifest,
    };
    BackupError::NotABackup { path: path.to_owned(), why }
}

impl DatabaseFile {
    /// Reads a whole file. `None` if `is_stopped` said so meanwhile.
    pub(super) fn of(
        path: &Path,
        is_stopped: impl Fn() -> bool,
    ) -> Result<Option<Self>, BackupError> {
        let failed = |error| BackupError::io("read", path)(error);
        let mut file = File::open(path).map_err(failed)?;
        let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
        loop {
            if is_stopped() {
                return Ok(None);
            }
            let read = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            hash.update(piece.get(..read).unwrap_or_default());
            bytes += u64::try_from(read).unwrap_or(0);
        }
        Ok(Some(Self { bytes, sha256: hex(&hash.finalize()) }))
    }
}
