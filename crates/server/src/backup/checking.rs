//! Checks a backup: its files, its database as a server checks it at its start, its audit log and every
//! body in it.

use std::path::{Path, PathBuf};

use super::contents;
use super::error::CheckFailure;
use super::manifest::{AuditMark, DatabaseFile, Manifest};
use super::{BackupError, Progress};
use crate::auth::credentials::{self, CredentialsError};
use crate::engine::{AuditVerification, verify_audit_at_rest};
use crate::records::{self, AuditRecord};
use crate::storage::Transaction;
use crate::storage::embedded::{DatabaseAtRest, Directory, Stop};

/// What was found in a backup that is whole.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) states: u64,
    pub(super) objects: u64,
    pub(super) locks: u64,
    pub(super) audit: AuditMark,
}

/// A backup that is as it was made.
#[derive(Debug)]
pub struct Verified {
    /// What it says about itself, which is true.
    pub manifest: Manifest,
    /// Set if others can read its access key, as after a copy that did not keep modes. Nothing is lost by
    /// that, but a server does not start with it.
    pub exposed_key: Option<ExposedKey>,
}

/// A file with an access key that others can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedKey {
    /// The file.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
}

/// Checks a backup that was made earlier, and changes nothing. Blocks.
///
/// # Errors
/// [`BackupError`]: it is no backup, not as it was made, or cannot be read.
pub fn verify(
    backup: &Path,
    stop: &Stop,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified, BackupError> {
    let manifest = Manifest::read(backup)?;
    let database = Directory::database_in(backup);
    progress(Progress::Comparing);
    let changed = |what: String| BackupError::Changed { path: database.clone(), what };
    require_nothing_beside(backup)?;
    if !database.try_exists().map_err(BackupError::io("look at", &database))? {
        return Err(changed("is missing".to_owned()));
    }
    let found = DatabaseFile::of(&database, || stop.is_asked())?.ok_or(BackupError::Stopped)?;
    if found.bytes != manifest.database.bytes {
        let expected = manifest.database.bytes;
        return Err(changed(format!("has {} bytes, and had {expected}", found.bytes)));
    }
    if found.sha256 != manifest.database.sha256 {
        return Err(changed("does not have the SHA-256 of its backup".to_owned()));
    }
    let exposed_key = check_credentials(backup, &manifest)?;
    let findings = check(backup, manifest.made_at_micros, stop, progress);
    let findings = findings.map_err(|failure| match failure {
        CheckFailure::Stopped => BackupError::Stopped,
        CheckFailure::Damaged(what) => changed(format!("is damaged: {what}")),
        CheckFailure::Open(error) => BackupError::unusable("check", &database, error),
    })?;
    let Findings { states, objects, locks, audit } = findings;
    let said = (manifest.states, manifest.objects, manifest.locks, &manifest.audit);
    if said != (states, objects, locks, &audit) {
        let path = backup.join(super::manifest::FILE_NAME);
        let what = "does not say what the database holds".to_owned();
        return Err(BackupError::Changed { path, what });
    }
    Ok(Verified { manifest, exposed_key })
}

/// SQLite would read a log or a journal beside the database with it, whoever put it there.
fn require_nothing_beside(backup: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::io("read", backup)(error);
    let database = Directory::database_in(backup);
    for entry in std::fs::read_dir(backup).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let is_part = entry.path() == database || name == Directory::LOCK_FILE;
        if name.to_str().is_some_and(Directory::owns) && !is_part {
            return Err(BackupError::Stray(entry.path()));
        }
    }
    Ok(())
}

/// Says whether others can read the key.
fn check_credentials(
    backup: &Path,
    manifest: &Manifest,
) -> Result<Option<ExposedKey>, BackupError> {
    let path = backup.join(credentials::FILE_NAME);
    let changed =
        |what: &str| Err(BackupError::KeyChanged { path: path.clone(), what: what.to_owned() });
    let stored = match credentials::stored_at_rest(backup) {
        Ok(stored) => stored,
        Err(CredentialsError::Malformed { what, .. }) => return changed(&what),
        Err(
            other @ (CredentialsError::Io { .. }
            | CredentialsError::OnlyOne { .. }
            | CredentialsError::Unusable { .. }
            | CredentialsError::Exposed { .. }
            | CredentialsError::Randomness(_)),
        ) => return Err(BackupError::from(other)),
    };
    let (key, mode) = match (stored, manifest.credentials) {
        (Some(stored), true) => stored,
        (None, false) => return Ok(None),
        (None, true) => return changed("is missing"),
        (Some(_), false) => return Err(BackupError::Stray(path)),
    };
    // Older backups do not say which key is theirs.
    if manifest.access_key.as_ref().is_some_and(|expected| !expected.is_of(&key)) {
        return changed("does not hold the access key of the backup");
    }
    Ok(mode.map(|mode| ExposedKey { path, mode }))
}

/// Looks at everything in a database that nobody writes to.
pub(super) fn check(
    directory: &Path,
    now_micros: u64,
    stop: &Stop,
    progress: &mut dyn FnMut(Progress),
) -> Result<Findings, CheckFailure> {
    progress(Progress::CheckingPages);
    let database = DatabaseAtRest::open(directory, stop)
        .map_err(|error| if stop.is_asked() { CheckFailure::Stopped } else { error.into() })?;
    let mut transaction = database.transaction();
    progress(Progress::CheckingAudit);
    let audit = check_audit(&mut transaction)?;
    let mut counted = |bodies| {
        progress(Progress::CheckingBodies { bodies });
        if stop.is_asked() { Err(CheckFailure::Stopped) } else { Ok(()) }
    };
    counted(0)?;
    let contents = contents::check(&mut transaction, now_micros, &mut counted)?;
    let contents::Contents { states, objects, locks } = contents;
    Ok(Findings { states, objects, locks, audit })
}

fn check_audit(transaction: &mut dyn Transaction) -> Result<AuditMark, CheckFailure> {
    let AuditVerification { head, flaw } = verify_audit_at_rest(transaction)?;
    if let Some(flaw) = flaw {
        let what = format!("audit record {}: {}", flaw.number, flaw.kind);
        return Err(CheckFailure::Damaged(what));
    }
    let newest = records::load::<AuditRecord>(transaction, &AuditRecord::key(head.number))?;
    let at_micros = newest.map(|record| record.at_micros);
    Ok(AuditMark { number: head.number, hash: head.hash, at_micros })
}
