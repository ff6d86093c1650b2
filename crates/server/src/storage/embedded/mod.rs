//! Engine `embedded`: SQLite in write-ahead mode, one directory, durable on commit.
//!
//! Files, syncs, sizes and backups are described in `docs/storage/embedded.md`; why SQLite, in
//! `docs/decisions/0003-embedded-engine.md`. The parts:
//! - `directory`: creating, locking and syncing the data directory;
//! - `schema`: making the database file, and checking it at open;
//! - `transaction`: the port's transaction on a connection, and the connection settings;
//! - `writer`: the thread that owns the write connection and commits jobs in groups;
//! - `batch`: jobs that share a commit, and their answers;
//! - `checkpoint`: moving the log into the database file;
//! - `readers`: the pool of read-only connections;
//! - `copying`: a copy of the database while a server writes to it, or as it lies `still`, and `at_rest`:
//!   looking at one;
//! - `stopping`: asking either of them to end;
//! - `failure`: what SQLite's errors mean.

mod at_rest;
mod batch;
mod checkpoint;
#[cfg(test)]
mod closing_tests;
mod copying;
mod directory;
mod failure;
mod readers;
mod schema;
mod still;
mod stopping;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

pub use self::at_rest::DatabaseAtRest;
use self::batch::QueuedJob;
use self::checkpoint::Checkpoints;
pub use self::copying::{Copied, CopyError, copy_database};
pub use self::directory::Directory;
pub use self::failure::OpenError;
use self::readers::Readers;
pub use self::stopping::Stop;
use self::writer::{Counters, QUEUE_CAPACITY, Writer};
use super::{ReadJob, Storage, StorageError, WriteJob};

/// The engine. Reads need a tokio runtime; writes run on a thread of their own.
///
/// Dropping it finishes queued writes and waits for them. [`Storage::close`] does the same and
/// reports how it went.
#[derive(Debug)]
pub struct EmbeddedStorage {
    queue: Mutex<Option<mpsc::Sender<QueuedJob>>>,
    readers: Readers,
    counters: Arc<Counters>,
    finished: Mutex<Option<oneshot::Receiver<Result<(), StorageError>>>>,
    writer: Option<JoinHandle<()>>,
}

/// What the writer did since the engine was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Write jobs run, refused ones and repetitions included.
    pub jobs: u64,
    /// Transactions committed with changes, each with one sync of the log.
    pub commits: u64,
    /// Checkpoints made between commits.
    pub checkpoints: u64,
}

impl EmbeddedStorage {
    /// Opens the engine on `directory`, creating directory and database where they are missing.
    ///
    /// Every page and every record is checked first, which takes time in proportion to the size
    /// of the database: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`OpenError`]: in use, not usable, corrupt, or of a newer format.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let directory = Arc::new(Directory::lock(directory)?);
        // Whoever serves from what a killed backup left needs it: the next backup must not remove it.
        directory.remove_unfinished_mark()?;
        let connection = schema::open(&directory)?;
        let readers = Readers::open(&directory)?;
        let counters = Arc::new(Counters::default());
        let (queue, queued) = mpsc::channel(QUEUE_CAPACITY);
        let (report, finished) = oneshot::channel();
        let writer = Writer {
            connection,
            queue: queued,
            counters: Arc::clone(&counters),
            checkpoints: Checkpoints::new(),
            directory: Arc::clone(&directory),
            refusal: None,
        };
        let writer = thread::Builder::new()
            .name("storage-writer".to_owned())
            // Nobody may be waiting for the report.
            .spawn(move || drop(report.send(writer.run())))
            .map_err(OpenError::unusable("start a thread for", &directory.database()))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            readers,
            counters,
            finished: Mutex::new(Some(finished)),
            writer: Some(writer),
        })
    }

    /// What the writer did so far.
    pub fn stats(&self) -> Stats {
        Stats {
            jobs: self.counters.jobs.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
            checkpoints: self.counters.checkpoints.load(Ordering::Relaxed),
        }
    }

    async fn enqueue(&self, job: WriteJob) -> Result<(), StorageError> {
        let queue = lock(&self.queue).clone().ok_or(StorageError::Closed)?;
        let (answer, answered) = oneshot::channel();
        queue.send(QueuedJob { job, answer }).await.map_err(|_| StorageError::Closed)?;
        // A clone that lives on would keep the queue open while the engine is being closed.
        drop(queue);
        answered.await.unwrap_or_else(|_| {
            Err(StorageError::OutcomeUnknown(
                "the writer thread ended before it answered".to_owned(),
            ))
        })
    }

    async fn finish(&self) -> Result<(), StorageError> {
        // Nobody enqueues any more, but the writer stays until this is dropped. Readers close first: the
        // last checkpoint empties the log, and the last connection removes it, only when nobody else has
        // the database open.
        let queue = lock(&self.queue).take();
        let finished = lock(&self.finished).take().ok_or(StorageError::Closed)?;
        self.readers.close().await?;
        drop(queue);
        finished.await.unwrap_or_else(|_| {
            Err(StorageError::Failed(
                "the writer thread ended before it closed the database".to_owned(),
            ))
        })
    }
}

impl Storage for EmbeddedStorage {
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        self.enqueue(job).boxed()
    }

    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        self.readers.read(job).boxed()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.finish().boxed()
    }
}

impl Drop for EmbeddedStorage {
    fn drop(&mut self) {
        let queue = lock(&self.queue).take();
        self.readers.close_idle();
        drop(queue);
        if let Some(writer) = self.writer.take() {
            // A job may own the last reference to its engine; the writer cannot wait for itself.
            if writer.thread().id() != thread::current().id() {
                // A writer that panicked has reported nothing to anybody; there is no more to do.
                drop(writer.join());
            }
        }
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
