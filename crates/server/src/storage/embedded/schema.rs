//! The database file: how it is made, set up and checked when the engine opens.
//!
//! A database is built as `statelock.db.new`, synced and renamed: a file named `statelock.db` was
//! whole once, so an empty or short one is damage and never taken for a new store.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::directory::{Directory, private_file};
use super::failure::OpenError;
use super::transaction::{ConnectionUse, SqlTransaction};
use crate::storage::{StorageError, Table, Transaction};

/// The database format. Raise it with every change that older builds would misread.
const FORMAT: i64 = 1;

/// `PRAGMA application_id`: "slck". Tells our databases from others, for us and for `file`.
const APPLICATION_ID: i64 = 0x736c_636b;

/// One small tree for all records: rows lie in key order, and a scan reads neighbouring pages.
const CREATE_RECORDS: &str =
    "CREATE TABLE records(k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID";

/// A rowid table, because values are large: the keys are in a compact index of their own, bodies
/// lie in leaves that no key look-up touches, and a new body is appended instead of splitting
/// pages between its neighbours.
const CREATE_CHUNKS: &str =
    "CREATE TABLE chunks(k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL) STRICT";

/// Set once, in the new file:
/// - pages of 4 KiB, the block of common file systems and disks: the least that a commit can write;
/// - no auto-vacuum: it would add a pointer page to most commits. Freed pages are used again.
const CREATION_PRAGMAS: &str = "PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; \
     PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;";

/// Rows verified per transaction step at open.
const VERIFY_STEP_ROWS: usize = 256;

/// Makes the database if the directory has none, checks it, and returns the write connection.
pub(super) fn open(directory: &Directory) -> Result<Connection, OpenError> {
    let path = directory.database();
    if !exists(&path)? {
        create(directory)?;
    }
    check_length(&path)?;
    check_log(&path)?;
    let connection = connect(&path, ConnectionUse::Write)?;
    // Before anything is set in it: another program's database is not ours to change.
    check_identity(&connection, &path)?;
    use_log(&connection, &path)?;
    check_content(&connection, &path)?;
    // The log is new after a clean stop; its name must be as durable as what is written to it.
    directory.sync()?;
    Ok(connection)
}

/// Opens a connection and gives it its settings.
pub(super) fn connect(path: &Path, usage: ConnectionUse) -> Result<Connection, OpenError> {
    let access = match usage {
        ConnectionUse::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        ConnectionUse::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // One thread uses a connection at a time, so SQLite's own mutexes are not needed.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = OpenError::sqlite("open", path);
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    usage.configure(&connection).map_err(&failed)?;
    Ok(connection)
}

/// Opens a database without a log, of which nobody must change anything meanwhile: it is read as it lies,
/// without locks, and without an index beside it.
pub(super) fn connect_to_still(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let failed = OpenError::sqlite("open", path);
    let address = format!("file:{}?immutable=1", escaped(path));
    let connection = Connection::open_with_flags(address, flags).map_err(&failed)?;
    ConnectionUse::Read.configure(&connection).map_err(&failed)?;
    Ok(connection)
}

/// A path as it stands in the address of a file.
fn escaped(path: &Path) -> String {
    let byte = |byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    path.as_os_str().as_bytes().iter().map(byte).collect()
}

fn use_log(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(OpenError::sqlite("open", path))?;
    if mode != "wal" {
        let reason = format!("its journal mode stays `{mode}` instead of `wal`");
        return Err(OpenError::corrupt(path, reason));
    }
    Ok(())
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(OpenError::unusable("read", path))
}

fn create(directory: &Directory) -> Result<(), OpenError> {
    let log = directory.log();
    if exists(&log)? {
        let reason = "the database file is missing, but its log is there";
        return Err(OpenError::corrupt(&directory.database(), reason));
    }
    let path = directory.unfinished_database();
    for leftover in [path.clone(), path.with_extension("new-journal")] {
        if exists(&leftover)? {
            fs::remove_file(&leftover).map_err(OpenError::unusable("remove", &leftover))?;
        }
    }
    let file = private_file(&path)?;
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(OpenError::sqlite("create", &path))?;
    connection
        .execute_batch(&format!(
            "{CREATION_PRAGMAS} BEGIN; {CREATE_RECORDS}; {CREATE_CHUNKS}; \
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
        ))
        .map_err(OpenError::sqlite("create", &path))?;
    drop(connection);
    file.sync_all().map_err(OpenError::unusable("sync", &path))?;
    let named = directory.database();
    fs::rename(&path, &named).map_err(OpenError::unusable("create", &named))?;
    directory.sync()
}

/// SQLite takes an empty file for a new database. Ours were never empty.
pub(super) fn check_length(path: &Path) -> Result<(), OpenError> {
    let metadata = fs::metadata(path).map_err(OpenError::unusable("read", path))?;
    if !metadata.is_file() {
        return Err(OpenError::corrupt(path, "it is not a file"));
    }
    if metadata.len() == 0 {
        return Err(OpenError::corrupt(path, "it is empty"));
    }
    Ok(())
}

/// A copy does without a log. One that lies beside it is that of the database which was there before, and
/// SQLite would take it for the copy's own.
pub(super) fn check_log(path: &Path) -> Result<(), OpenError> {
    /// Where a database says how it is written; 1 is without a log.
    const WRITE_VERSION_AT: u64 = 18;
    let log = path.parent().map(Directory::log_in).unwrap_or_default();
    if fs::metadata(&log).map_or(0, |log| log.len()) == 0 {
        return Ok(());
    }
    let mut version = [0];
    let read = fs::File::open(path).and_then(|file| file.read_at(&mut version, WRITE_VERSION_AT));
    read.map_err(OpenError::unusable("read", path))?;
    if version == [1] {
        let reason = format!(
            "it is a copy without a log, and `{}` beside it is the log of another",
            log.display()
        );
        return Err(OpenError::corrupt(path, reason));
    }
    Ok(())
}

pub(super) fn check_identity(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(OpenError::sqlite("read", path))
    };
    if pragma("application_id")? != APPLICATION_ID {
        return Err(OpenError::corrupt(path, "it is not a statelock database"));
    }
    match pragma("user_version")? {
        FORMAT => Ok(()),
        found if found > FORMAT => {
            Err(OpenError::NewerFormat { path: path.to_owned(), found, supported: FORMAT })
        }
        found => Err(OpenError::corrupt(path, format!("it has the unknown format {found}"))),
    }
}

/// Structure, schema and every seal of `records`.
///
/// `integrity_check`, not `quick_check`: only the former compares the order of keys and the index
/// of `chunks`, and a row whose key was damaged would otherwise be reported as absent. What is
/// left, a key damaged without leaving its place, is found by the seal, which covers the key.
/// Bodies are verified when they are read: a missing one is noticed by the record that names it.
pub(super) fn check_content(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = OpenError::sqlite("check", path);
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name DESC")
        .map_err(&failed)?;
    let schema = statement
        .query_map([], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(&failed)?;
    if schema != [CREATE_RECORDS, CREATE_CHUNKS] {
        return Err(OpenError::corrupt(path, "its tables are not ours"));
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(&failed)?;
    if verdict != "ok" {
        return Err(OpenError::corrupt(path, verdict));
    }
    verify_records(connection).map_err(|error| match error {
        StorageError::Corrupt(reason) => OpenError::corrupt(path, reason),
        other => OpenError::unusable("check", path)(std::io::Error::other(other)),
    })
}

fn verify_records(connection: &Connection) -> Result<(), StorageError> {
    let mut transaction = SqlTransaction::new(connection, ConnectionUse::Read);
    let mut from = Vec::new();
    loop {
        let rows = transaction.scan(Table::Records, &from, None, VERIFY_STEP_ROWS)?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        // The smallest key after `last`.
        from.clone_from(last);
        from.push(0);
    }
}
