//! Makes a backup.

use std::path::Path;

use super::checking::{self, Findings};
use super::error::CheckFailure;
use super::manifest::{AccessKeyMark, DatabaseFile, Manifest};
use super::unfinished::{self, Unfinished};
use super::{BackupError, Progress};
use crate::auth::credentials::{self, AccessKey};
use crate::engine::Clock;
use crate::storage::embedded::{CopyError, Directory, Stop, copy_database};

/// Makes a backup of the data directory `data`, called `named`: everything that was acknowledged before,
/// and a whole state of affairs. A server may run on the directory, or not. Blocks.
///
/// # Errors
/// [`BackupError`]; then nothing is called `named` that was not before, and nothing is left of the backup.
pub fn take(
    data: &Path,
    named: &Path,
    clock: &dyn Clock,
    stop: &Stop,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, BackupError> {
    if std::fs::metadata(data).is_ok_and(|found| !found.is_dir()) {
        return Err(BackupError::Copy(CopyError::NoDatabase(data.to_owned())));
    }
    require_outside(data, named)?;
    let unfinished = Unfinished::begin(named)?;
    let directory = unfinished.directory();
    let made_at_micros = clock.now_micros();
    copy_database(data, directory, stop, |copied| {
        let (done_bytes, total_bytes) = (copied.done_bytes, copied.total_bytes);
        progress(Progress::Copying { done_bytes, total_bytes });
    })?;
    let key = credentials::copy(data, directory.path())?;
    let findings = checking::check(directory.path(), made_at_micros, stop, progress);
    let findings = findings.map_err(|failure| unsound(failure, data))?;
    progress(Progress::Comparing);
    let database = DatabaseFile::of(&directory.database(), || stop.is_asked())?;
    let database = database.ok_or(BackupError::Stopped)?;
    let manifest = manifest(made_at_micros, database, key.as_ref(), findings);
    manifest.write(directory.path())?;
    // From here on it would only be a whole backup that is thrown away.
    if stop.is_asked() {
        return Err(BackupError::Stopped);
    }
    unfinished.finish()?;
    Ok(manifest)
}

fn manifest(
    made_at_micros: u64,
    database: DatabaseFile,
    key: Option<&AccessKey>,
    findings: Findings,
) -> Manifest {
    let Findings { states, objects, locks, audit } = findings;
    Manifest {
        schema: Manifest::SCHEMA,
        made_at_micros,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        database,
        credentials: key.is_some(),
        access_key: key.map(AccessKeyMark::of),
        states,
        objects,
        locks,
        audit,
    }
}

/// A backup inside of what it is a backup of goes with it, and one that is made in it would be made of
/// its own copy.
fn require_outside(data: &Path, named: &Path) -> Result<(), BackupError> {
    let parent = named.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // What cannot be resolved is not there, and that is told later.
    let (Ok(data), Ok(parent)) = (data.canonicalize(), parent.canonicalize()) else {
        return Ok(());
    };
    if unfinished::path_of(named)?.canonicalize().is_ok_and(|made_in| made_in == data) {
        let why =
            "until it is whole it has this name with `.unfinished`, and that is the data directory";
        return Err(BackupError::Name { path: named.to_owned(), why });
    }
    if parent.starts_with(data) {
        let why = "it lies in the data directory, and would be lost with it";
        return Err(BackupError::Name { path: named.to_owned(), why });
    }
    Ok(())
}

fn unsound(failure: CheckFailure, data: &Path) -> BackupError {
    let database = Directory::database_in(data);
    match failure {
        CheckFailure::Stopped => BackupError::Stopped,
        CheckFailure::Damaged(what) => BackupError::Damaged { database, what },
        CheckFailure::Open(error) => BackupError::unusable("check the copy of", &database, error),
    }
}
