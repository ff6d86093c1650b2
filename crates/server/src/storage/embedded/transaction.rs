//! A transaction of the port on one SQLite connection, and how connections are set up.

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::failure::{is_io, storage_error};
use crate::storage::seal::{self, SEAL_SIZE_BYTES};
use crate::storage::{Row, StorageError, Table, Transaction};

/// Statements kept prepared per connection: four per table, and those of the writer.
const STATEMENT_CACHE_CAPACITY: usize = 16;

/// The log is cut back to this after a checkpoint emptied it.
const LOG_SIZE_BYTES_LIMIT: i64 = 16 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionUse {
    /// The one connection that writes.
    Write,
    /// A connection of the read pool.
    Read,
}

impl ConnectionUse {
    /// Settings of every connection:
    /// - `synchronous = FULL`: a commit syncs the log before it returns;
    /// - `fullfsync`: on macOS a sync must reach the disk, not only its cache;
    /// - `mmap_size = 0`: a read error is an error, not a signal that ends the process;
    /// - `temp_store = MEMORY`: savepoints never write to another disk, which may be full;
    /// - no automatic checkpoint: the writer makes them after it has answered;
    /// - `cell_size_check`: a damaged page is reported where it is read;
    /// - `trusted_schema = OFF`: nothing stored in the file is run;
    /// - a plan does not depend on bound values (QPSG): else each scan is compiled anew for its keys.
    ///
    /// Page caches: 8 MiB for the writer and 2 MiB for each of the four readers, 16 MiB in all.
    pub(super) fn configure(self, connection: &Connection) -> rusqlite::Result<()> {
        let cache_kib = match self {
            Self::Write => 8 << 10,
            Self::Read => 2 << 10,
        };
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; \
             PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0; \
             PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; \
             PRAGMA cache_size = -{cache_kib}; PRAGMA journal_size_limit = {LOG_SIZE_BYTES_LIMIT};"
        ))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if self == Self::Read {
            connection.pragma_update(None, "query_only", true)?;
        }
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
        Ok(())
    }
}

/// The port's view of a connection on which a transaction is open.
pub(super) struct SqlTransaction<'a> {
    connection: &'a Connection,
    usage: ConnectionUse,
    written_bytes: usize,
    io_failure: Option<String>,
}

impl<'a> SqlTransaction<'a> {
    pub(super) fn new(connection: &'a Connection, usage: ConnectionUse) -> Self {
        Self { connection, usage, written_bytes: 0, io_failure: None }
    }

    /// Bytes of keys and values put so far.
    pub(super) fn written_bytes(&self) -> usize {
        self.written_bytes
    }

    /// The first failure of a file operation, whatever the job made of it.
    pub(super) fn into_io_failure(self) -> Option<String> {
        self.io_failure
    }

    fn check_writable(&self) -> Result<(), StorageError> {
        match self.usage {
            ConnectionUse::Write => Ok(()),
            ConnectionUse::Read => Err(StorageError::ReadOnly),
        }
    }

    fn failed(&mut self, error: &rusqlite::Error) -> StorageError {
        if is_io(error) && self.io_failure.is_none() {
            self.io_failure = Some(error.to_string());
        }
        storage_error(error)
    }
}

impl Transaction for SqlTransaction<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let stored = self
            .connection
            .prepare_cached(statements(table).get)
            .and_then(|mut statement| {
                statement
                    .query_row([key], |row| Ok(unsealed(table, key, row.get_ref(0)?)))
                    .optional()
            })
            .map_err(|error| self.failed(&error))?;
        stored.transpose()
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.check_writable()?;
        let sealed = seal::seal(table, key, value);
        self.connection
            .prepare_cached(statements(table).put)
            .and_then(|mut statement| statement.execute(params![key, sealed]))
            .map_err(|error| self.failed(&error))?;
        self.written_bytes += key.len() + SEAL_SIZE_BYTES + value.len();
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        self.check_writable()?;
        self.connection
            .prepare_cached(statements(table).delete)
            .and_then(|mut statement| statement.execute([key]))
            .map_err(|error| self.failed(&error))?;
        Ok(())
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        scan(self.connection, table, (from, to), limit).map_err(|error| self.failed(&error))?
    }
}

type ScanResult = Result<Vec<Row>, StorageError>;

fn scan(
    connection: &Connection,
    table: Table,
    (from, to): (&[u8], Option<&[u8]>),
    limit: usize,
) -> rusqlite::Result<ScanResult> {
    // SQLite counts in signed 64 bits; no table has more rows than that.
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statements = statements(table);
    let mut statement = connection.prepare_cached(match to {
        Some(_) => statements.scan_to,
        None => statements.scan,
    })?;
    let mut stored = match to {
        Some(to) => statement.query(params![from, limit, to])?,
        None => statement.query(params![from, limit])?,
    };
    let mut rows = Vec::new();
    while let Some(row) = stored.next()? {
        let key = row.get::<_, Vec<u8>>(0)?;
        match unsealed(table, &key, row.get_ref(1)?) {
            Ok(value) => rows.push((key, value)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(rows))
}

fn unsealed(table: Table, key: &[u8], stored: ValueRef<'_>) -> Result<Vec<u8>, StorageError> {
    match stored {
        ValueRef::Blob(sealed) => seal::open(table, key, sealed).map(<[u8]>::to_vec),
        _ => Err(seal::corrupt(table, key, "is not a blob")),
    }
}

struct Statements {
    get: &'static str,
    put: &'static str,
    delete: &'static str,
    scan: &'static str,
    scan_to: &'static str,
}

/// The statements of a table, written once for both.
macro_rules! statements_on {
    ($table:literal) => {
        Statements {
            get: concat!("SELECT v FROM ", $table, " WHERE k = ?1"),
            put: concat!(
                "INSERT INTO ",
                $table,
                "(k, v) VALUES (?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE k = ?1"),
            scan: concat!("SELECT k, v FROM ", $table, " WHERE k >= ?1 ORDER BY k LIMIT ?2"),
            scan_to: concat!(
                "SELECT k, v FROM ",
                $table,
                " WHERE k >= ?1 AND k < ?3 ORDER BY k LIMIT ?2"
            ),
        }
    };
}

fn statements(table: Table) -> &'static Statements {
    match table {
        Table::Records => const { &statements_on!("records") },
        Table::Chunks => const { &statements_on!("chunks") },
    }
}
