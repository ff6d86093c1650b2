//! The writer thread: the only owner of the write connection, and group commit.
//!
//! Syncing is what a commit costs, so jobs that wait together are committed together: the thread
//! takes what is queued, runs each job in a savepoint of one transaction, commits once and only
//! then answers them. One writer is also fair: SQLite's own way to share a file between writers
//! is to poll for the lock, which starves some of them for seconds.
//!
//! What can go wrong, and what the jobs are told:
//! - a job fails, discards or panics: its savepoint is rolled back, the others go on;
//! - the transaction is lost before its commit (SQLite rolls back by itself on a full disk):
//!   nothing was changed, and each job is run once more in a transaction of its own;
//! - the commit fails: for a full disk as above, otherwise the outcome is unknown;
//! - a file operation failed, whatever followed from it: all later writes are refused until the
//!   next start. The kernel reports a failed sync once and may have dropped the pages, so going
//!   on would acknowledge writes on top of a log with a hole.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc;

use super::batch::{Loss, QueuedJob, Ran, answer, has_changes};
use super::checkpoint::{self, Checkpoints};
use super::directory::Directory;
use super::failure::{is_io, storage_error};
use super::transaction::{ConnectionUse, SqlTransaction};
use crate::storage::{StorageError, Verdict};

/// Jobs that wait for the writer; a further caller waits for a place.
pub(super) const QUEUE_CAPACITY: usize = 256;

/// The most jobs that share a commit.
const BATCH_JOBS_MAX: usize = 256;

/// A batch takes no further job once it has written this much: dirty pages beyond the cache are
/// written to the log early, and the first job waits for the last.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// Counted since open.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) jobs: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) checkpoints: AtomicU64,
}

/// What the writer thread owns.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: mpsc::Receiver<QueuedJob>,
    pub(super) counters: Arc<Counters>,
    pub(super) checkpoints: Checkpoints,
    /// Keeps the directory locked until the connection is closed.
    pub(super) directory: Arc<Directory>,
    /// Why writes are refused, once they are.
    pub(super) refusal: Option<String>,
}

impl Writer {
    /// Serves the queue until it is closed and empty, then checkpoints and closes the database.
    pub(super) fn run(mut self) -> Result<(), StorageError> {
        while let Some(first) = self.queue.blocking_recv() {
            self.serve(first);
        }
        self.finish()
    }

    fn serve(&mut self, first: QueuedJob) {
        let mut batch = Vec::new();
        let outcome = self.run_batch(first, &mut batch);
        match outcome {
            Err(Loss::RolledBack(_)) if self.refusal.is_none() => {
                checkpoint::reclaim(&self.connection);
                for ran in batch {
                    self.serve_alone(ran.queued);
                }
            }
            outcome => answer(batch, outcome),
        }
        self.checkpoint();
    }

    fn serve_alone(&mut self, queued: QueuedJob) {
        let mut batch = Vec::new();
        let outcome = self.begin_and_run(queued, &mut batch).and_then(|_| self.commit(&batch));
        answer(batch, outcome);
    }

    /// Runs `first` and what else is queued, and commits them together.
    fn run_batch(&mut self, first: QueuedJob, batch: &mut Vec<Ran>) -> Result<(), Loss> {
        let mut written_bytes = self.begin_and_run(first, batch)?;
        while batch.len() < BATCH_JOBS_MAX && written_bytes < BATCH_BYTES_MAX {
            let Ok(next) = self.queue.try_recv() else {
                break;
            };
            written_bytes += self.run_job(next, batch)?;
        }
        self.commit(batch)
    }

    fn begin_and_run(&mut self, job: QueuedJob, batch: &mut Vec<Ran>) -> Result<usize, Loss> {
        let begun = match &self.refusal {
            Some(reason) => Err(refused(reason)),
            None => self.execute("BEGIN IMMEDIATE").map_err(|error| storage_error(&error)),
        };
        if let Err(error) = begun {
            batch.push(Ran { queued: job, outcome: Err(error.clone()) });
            return Err(Loss::NotBegun(error));
        }
        self.run_job(job, batch)
    }

    /// Runs a job in its savepoint. Answers how much it wrote.
    fn run_job(&mut self, mut queued: QueuedJob, batch: &mut Vec<Ran>) -> Result<usize, Loss> {
        self.counters.jobs.fetch_add(1, Ordering::Relaxed);
        let opened = self.execute("SAVEPOINT job");
        let mut transaction = SqlTransaction::new(&self.connection, ConnectionUse::Write);
        let outcome = match opened {
            Ok(()) => catch_unwind(AssertUnwindSafe(|| (queued.job)(&mut transaction)))
                .unwrap_or_else(|_| Err(StorageError::Failed("the write job panicked".to_owned()))),
            Err(error) => Err(storage_error(&error)),
        };
        let written_bytes = transaction.written_bytes();
        if let Some(reason) = transaction.into_io_failure() {
            self.refuse(&reason);
        }
        let closed = match outcome {
            Ok(Verdict::Commit) => self.execute("RELEASE job"),
            Ok(Verdict::Discard) | Err(_) => {
                self.execute("ROLLBACK TO job").and_then(|()| self.execute("RELEASE job"))
            }
        };
        let own_error = outcome.as_ref().err().cloned();
        batch.push(Ran { queued, outcome });
        // SQLite ends the whole transaction by itself after some errors. A job may have hidden
        // the error, so the connection is asked, not the job.
        if closed.is_ok() && !self.connection.is_autocommit() && self.refusal.is_none() {
            return Ok(written_bytes);
        }
        self.roll_back();
        let error = closed.err().map(|error| storage_error(&error));
        Err(Loss::RolledBack(
            own_error.or(error).unwrap_or_else(|| {
                StorageError::Failed("the transaction was rolled back".to_owned())
            }),
        ))
    }

    fn commit(&mut self, batch: &[Ran]) -> Result<(), Loss> {
        if !has_changes(batch) {
            // Savepoints leave pages dirty that they restored; a commit would write and sync them.
            self.roll_back();
            return Ok(());
        }
        let Err(error) = self.execute("COMMIT") else {
            self.counters.commits.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let still_open = !self.connection.is_autocommit();
        let rolled_back = self.roll_back();
        let certain = match error.sqlite_error_code() {
            // The commit mark is the last write before the sync: if there was no room for one of
            // the writes, there is no mark. (No room in `-shm` is another code, and comes later.)
            Some(ErrorCode::DiskFull) => true,
            // Not even tried, because another process reads or writes the files.
            Some(ErrorCode::DatabaseBusy) => still_open && rolled_back,
            _ => false,
        };
        if certain {
            return Err(Loss::RolledBack(storage_error(&error)));
        }
        self.refuse(&error.to_string());
        Err(Loss::Unknown(StorageError::OutcomeUnknown(error.to_string())))
    }

    fn roll_back(&mut self) -> bool {
        self.connection.is_autocommit() || self.execute("ROLLBACK").is_ok()
    }

    fn execute(&mut self, sql: &str) -> rusqlite::Result<()> {
        let done =
            self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        if let Err(error) = &done
            && is_io(error)
        {
            self.refuse(&error.to_string());
        }
        done.map(|_| ())
    }

    fn refuse(&mut self, reason: &str) {
        if self.refusal.is_none() {
            tracing::error!(reason, "a file operation failed; writes are refused from now on");
            self.refusal = Some(reason.to_owned());
        }
    }

    fn checkpoint(&mut self) {
        if self.refusal.is_some() {
            return;
        }
        match self.checkpoints.if_due(&self.connection) {
            Ok(false) => {}
            Ok(true) => {
                self.counters.checkpoints.fetch_add(1, Ordering::Relaxed);
            }
            // Nothing is lost: the log keeps what could not be moved, and the next one repeats it.
            Err(error) if !is_io(&error) => tracing::warn!(%error, "a checkpoint failed"),
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    fn finish(self) -> Result<(), StorageError> {
        let checkpointed = match self.refusal {
            None => checkpoint::complete(&self.connection).map_err(|error| storage_error(&error)),
            // After a failed file operation the files stay as they are, for the next start.
            Some(_) => self
                .connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
                .map(|_| ())
                .map_err(|error| storage_error(&error)),
        };
        let closed = self.connection.close().map_err(|(_, error)| storage_error(&error));
        drop(self.directory);
        checkpointed.and(closed)
    }
}

fn refused(reason: &str) -> StorageError {
    StorageError::Failed(format!(
        "writes are refused since a file operation failed ({reason}); check the disk, then restart"
    ))
}
