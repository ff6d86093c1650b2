//! Copies the database of a data directory, while a server may write to it.
//!
//! One read transaction stands while all pages are copied: the copy is the database as it was when the
//! copy began, with every commit that was acknowledged before and nothing of a later one. The server goes
//! on meanwhile; its log grows with what it writes, because nothing that the transaction may still read
//! can be overwritten.
//!
//! Pages are copied, not rows: what is damaged in the database is as damaged in the copy, where the check
//! finds it, instead of being left out.
//!
//! Reading a database that has a log takes an index beside it. Where none can be made, because the disk or
//! the directory may only be read, a database without a log is copied as it lies (`still`).

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::directory::{Directory, private_file};
use super::failure::{OpenError, storage_error};
use super::schema;
use super::still::Still;
use super::stopping::Stop;
use super::transaction::ConnectionUse;
use crate::storage::StorageError;

/// Pages copied before the stop is looked at and progress is told: 4 MiB.
const STEP_PAGES: i32 = 1024;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is no database in the directory.
    #[error("`{}` holds no database of a statelock server", .0.display())]
    NoDatabase(PathBuf),
    /// The database cannot be read, or is not one of ours.
    #[error(transparent)]
    Source(OpenError),
    /// The copy cannot be written.
    #[error("could not write `{}`", path.display())]
    Destination {
        /// The copy.
        path: PathBuf,
        /// What the system or SQLite said.
        source: std::io::Error,
    },
    /// A server was started on the directory while it was copied as one that nobody uses.
    #[error("a server was started on `{}` while it was copied", .0.display())]
    Started(PathBuf),
    /// There is no room for the copy.
    #[error("there is no room on the disk for `{}`", .0.display())]
    Full(PathBuf),
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
}

/// How much of a database was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Bytes copied so far.
    pub done_bytes: u64,
    /// Bytes of the whole database.
    pub total_bytes: u64,
}

/// Copies the database in `data` into the directory `to`, where there is none, and syncs it. The copy has
/// no log beside it.
///
/// # Errors
/// [`CopyError`]; what is left at `to` is no database then.
pub fn copy_database(
    data: &Path,
    to: &Directory,
    stop: &Stop,
    mut progress: impl FnMut(Copied),
) -> Result<(), CopyError> {
    let (source, still) = open_source(data)?;
    let path = to.database();
    let failed = |source| CopyError::Destination { path: path.clone(), source };
    let file = private_file(&path).map_err(|error| destination(&path, error))?;
    let mut copy = open_copy(&path)?;
    stop.watch(&source, || {
        let backup = Backup::new(&source, &mut copy)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        loop {
            if stop.is_asked() {
                return Err(CopyError::Stopped);
            }
            let pages = backup.step(STEP_PAGES);
            match pages.map_err(|error| failure(&error, data, &path, stop))? {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody knows of the copy but us, and the source's transaction stands already.
                other => return Err(failed(std::io::Error::other(format!("{other:?}")))),
            }
            progress(copied(backup.progress()));
        }
        Ok(())
    })?;
    if still.is_some_and(|still| !still.lies_as_it_was(&Directory::database_in(data))) {
        return Err(CopyError::Started(data.to_owned()));
    }
    drop(copy);
    end_log(&path)?;
    file.sync_all().map_err(failed)
}

/// The database, with its transaction begun; and how it lies, if nothing but that tells that it stays so.
fn open_source(data: &Path) -> Result<(Connection, Option<Still>), CopyError> {
    let path = Directory::database_in(data);
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Err(CopyError::NoDatabase(data.to_owned())),
        Err(source) => return Err(CopyError::Source(OpenError::unusable("read", &path)(source))),
    }
    schema::check_length(&path).map_err(CopyError::Source)?;
    schema::check_log(&path).map_err(CopyError::Source)?;
    let opened = schema::connect(&path, ConnectionUse::Read);
    match opened.and_then(|source| begin(source, &path)) {
        Ok(source) => Ok((source, None)),
        Err(refused) => match Still::of(&path).filter(|_| is_not_opened(&refused)) {
            Some(still) => {
                let opened = schema::connect_to_still(&path);
                let source = opened.and_then(|source| begin(source, &path));
                Ok((source.map_err(CopyError::Source)?, Some(still)))
            }
            None => Err(CopyError::Source(refused)),
        },
    }
}

/// Begins the transaction, which ends with the connection, by its first read.
fn begin(source: Connection, path: &Path) -> Result<Connection, OpenError> {
    source
        .execute_batch("BEGIN DEFERRED; SELECT count(*) FROM sqlite_schema;")
        .map_err(OpenError::sqlite("read", path))?;
    schema::check_identity(&source, path)?;
    Ok(source)
}

/// Whether a file could not be opened or made: the database, its log or the index of that.
fn is_not_opened(error: &OpenError) -> bool {
    let OpenError::Unusable { source, .. } = error else { return false };
    let cause = source.get_ref().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
    let code = cause.and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Neither a journal nor a sync: half a copy is worth nothing, and the whole one is synced at the end.
fn open_copy(path: &Path) -> Result<Connection, CopyError> {
    let failed = |error| CopyError::Destination {
        path: path.to_owned(),
        source: std::io::Error::other::<rusqlite::Error>(error),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(path, flags).map_err(failed)?;
    copy.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA mmap_size = 0;",
    )
    .map_err(failed)?;
    Ok(copy)
}

/// The first page was copied too, and says that there is a log. A database that is only read must do
/// without: reading one with a log makes files beside it.
fn end_log(path: &Path) -> Result<(), CopyError> {
    let failed = |error: rusqlite::Error| match storage_error(&error) {
        StorageError::Full(_) => CopyError::Full(path.to_owned()),
        _ => CopyError::Destination { path: path.to_owned(), source: std::io::Error::other(error) },
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(path, flags).map_err(failed)?;
    let mode: String = copy
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))
        .map_err(failed)?;
    if mode == "delete" {
        return Ok(());
    }
    let reason = format!("its journal mode stays `{mode}` instead of `delete`");
    Err(CopyError::Destination { path: path.to_owned(), source: std::io::Error::other(reason) })
}

fn copied(progress: rusqlite::backup::Progress) -> Copied {
    const PAGE_BYTES: u64 = 4096;
    let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * PAGE_BYTES;
    let total_bytes = bytes(progress.pagecount);
    Copied { done_bytes: total_bytes.saturating_sub(bytes(progress.remaining)), total_bytes }
}

/// One call reads the source and writes the copy; the error says which of them failed.
fn failure(error: &rusqlite::Error, data: &Path, copy: &Path, stop: &Stop) -> CopyError {
    if stop.is_asked() {
        return CopyError::Stopped;
    }
    let reading =
        [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS];
    let is_reading = error.sqlite_extended_error_code().is_some_and(|code| reading.contains(&code));
    if let StorageError::Full(_) = storage_error(error) {
        return CopyError::Full(copy.to_owned());
    }
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::DatabaseBusy
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen,
        ) => source_failure(error, data),
        Some(_) | None if is_reading => source_failure(error, data),
        Some(_) | None => CopyError::Destination {
            path: copy.to_owned(),
            source: std::io::Error::other(error.to_string()),
        },
    }
}

fn source_failure(error: &rusqlite::Error, data: &Path) -> CopyError {
    let path = Directory::database_in(data);
    CopyError::Source(match storage_error(error) {
        StorageError::Corrupt(reason) => OpenError::corrupt(&path, reason),
        _ => OpenError::unusable("read", &path)(std::io::Error::other(error.to_string())),
    })
}

fn destination(path: &Path, error: OpenError) -> CopyError {
    let source = match error {
        OpenError::Unusable { source, .. } => source,
        other @ (OpenError::InUse { .. }
        | OpenError::Corrupt { .. }
        | OpenError::NewerFormat { .. }) => std::io::Error::other(other),
    };
    if source.kind() == std::io::ErrorKind::StorageFull {
        return CopyError::Full(path.to_owned());
    }
    CopyError::Destination { path: path.to_owned(), source }
}
