//! Checks a backup: its files, its database as a server checks it at its start, its audit log and every
//! body in it.

use std::path::Path;

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

/// Checks a backup that was made earlier, and changes nothing. Blocks.
///
/// # Errors
/// [`BackupError`]: it is no backup, not as it was made, or cannot be read.
pub fn verify(
    backup: &Path,
    stop: &Stop,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, BackupError> {
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
    check_credentials(backup, &manifest)?;
    let findings = check(backup, manifest.made_at_micros, stop, progress);
    let findings = findings.map_err(|failure| match failure {
        CheckFailure::Stopped => BackupError::Stopped,
        CheckFailure::Damaged(what) => changed(format!("is damaged: {what}")),
        CheckFailure::Open(error) => BackupError::Io {
            action: "check",
            path: database.clone(),
            source: std::io::Error::other(error),
        },
    })?;
    let Findings { states, objects, locks, audit } = findings;
    let said = (manifest.states, manifest.objects, manifest.locks, &manifest.audit);
    if said != (states, objects, locks, &audit) {
        let path = backup.join(super::manifest::FILE_NAME);
        let what = "does not say what the database holds".to_owned();
        return Err(BackupError::Changed { path, what });
    }
    Ok(manifest)
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
            let what = "is no part of the backup".to_owned();
            return Err(BackupError::Changed { path: entry.path(), what });
        }
    }
    Ok(())
}

fn check_credentials(backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = backup.join(credentials::FILE_NAME);
    let changed = |what: &str| BackupError::Changed { path: path.clone(), what: what.to_owned() };
    let stored = credentials::stored(backup).map_err(|error| match error {
        CredentialsError::Exposed { mode, .. } => {
            changed(&format!("has mode {mode:04o}: others can use the key"))
        }
        CredentialsError::Malformed { what, .. } => changed(&what),
        other @ (CredentialsError::Io { .. }
        | CredentialsError::OnlyOne { .. }
        | CredentialsError::Unusable { .. }
        | CredentialsError::Randomness(_)) => BackupError::from(other),
    })?;
    if stored.is_some() != manifest.credentials {
        return Err(changed(if manifest.credentials { "is missing" } else { "was added" }));
    }
    // Older backups do not say which key is theirs.
    let expected = manifest.access_key.as_ref();
    match (expected, stored) {
        (Some(expected), Some(stored)) if !expected.is_of(&stored) => {
            Err(changed("does not hold the access key of the backup"))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
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
