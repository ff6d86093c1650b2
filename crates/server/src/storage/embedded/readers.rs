//! The read pool: a few read-only connections, used by tokio's blocking threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::directory::Directory;
use super::failure::{OpenError, storage_error};
use super::schema;
use super::transaction::{ConnectionUse, SqlTransaction};
use crate::storage::{ReadJob, StorageError};

/// Connections, and so reads at a time. Each has a page cache; further readers wait.
const CONNECTIONS: usize = 4;

/// Read connections that are not in use.
#[derive(Debug)]
pub(super) struct Readers {
    permits: Arc<Semaphore>,
    idle: Arc<Idle>,
}

#[derive(Debug)]
struct Idle {
    connections: Mutex<Vec<Connection>>,
    /// Keeps the directory locked while a read still runs.
    _directory: Arc<Directory>,
}

impl Readers {
    pub(super) fn open(directory: &Arc<Directory>) -> Result<Self, OpenError> {
        let path = directory.database();
        let connections = (0..CONNECTIONS)
            .map(|_| schema::connect(&path, ConnectionUse::Read))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Arc::new(Idle {
                connections: Mutex::new(connections),
                _directory: Arc::clone(directory),
            }),
        })
    }

    /// Runs `job` on a snapshot.
    pub(super) async fn read(&self, job: ReadJob) -> Result<(), StorageError> {
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StorageError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let running = tokio::task::spawn_blocking(move || {
            let outcome = idle.run(job);
            // Here, not in the caller: a caller that went away does not free the connection.
            drop(permit);
            outcome
        });
        running
            .await
            .map_err(|error| StorageError::Failed(format!("a read did not end: {error}")))?
    }

    /// Waits for running reads, refuses later ones and closes the connections.
    pub(super) async fn close(&self) -> Result<(), StorageError> {
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let all = self.permits.acquire_many(all).await;
        drop(all.map_err(|_| StorageError::Closed)?);
        self.permits.close();
        self.close_idle();
        Ok(())
    }

    /// Closes the connections that no read uses.
    pub(super) fn close_idle(&self) {
        self.idle.connections().clear();
    }
}

impl Idle {
    fn connections(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, job: ReadJob) -> Result<(), StorageError> {
        let Some(connection) = self.connections().pop() else {
            return Err(StorageError::Closed);
        };
        let outcome = run_on(&connection, job);
        self.connections().push(connection);
        outcome
    }
}

fn run_on(connection: &Connection, mut job: ReadJob) -> Result<(), StorageError> {
    execute(connection, "BEGIN DEFERRED")?;
    let mut transaction = SqlTransaction::new(connection, ConnectionUse::Read);
    let outcome = catch_unwind(AssertUnwindSafe(|| job(&mut transaction)))
        .unwrap_or_else(|_| Err(StorageError::Failed("the read job panicked".to_owned())));
    let ended = execute(connection, "ROLLBACK");
    outcome.and(ended)
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StorageError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(|_| ())
        .map_err(|error| storage_error(&error))
}
