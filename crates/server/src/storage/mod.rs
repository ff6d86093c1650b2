//! The storage port: ordered keys and values under serialisable transactions.
//!
//! Everything the server keeps is rows of two tables ([`Table`]). What a row means is decided in
//! `records/`; an engine only promises what this module says. Nothing outside an engine's folder
//! knows which engine runs.
//!
//! Promises of every engine, proven by one suite (`tests/storage_contract/`):
//! - a write transaction is atomic and serialisable: it behaves as if it ran alone;
//! - when [`Storage::write`] has returned `Ok`, the change survives whatever the engine's page in
//!   `docs/storage/` says (the embedded engine: process kill and power loss);
//! - a transaction that fails, or whose job answers [`Verdict::Discard`], changes nothing;
//! - a read transaction sees one consistent snapshot of committed data;
//! - bytes that were damaged below the engine are reported as [`StorageError::Corrupt`], not served.

pub mod embedded;
pub mod memory;
mod seal;

use std::sync::Arc;

use futures::future::BoxFuture;

/// Where a row lives. Separate tables keep large values out of the way of scans over small ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Small values, scanned in key order: buckets, versions, uploads, settings.
    Records,
    /// Pieces of object bodies, at most [`CHUNK_SIZE_BYTES_MAX`] each before compression.
    Chunks,
}

/// The largest value that a caller may put into [`Table::Chunks`].
pub const CHUNK_SIZE_BYTES_MAX: usize = 1 << 20;

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// One transaction, seen from inside. Keys are ordered by their bytes.
pub trait Transaction {
    /// The value of `key`, including what this transaction wrote.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the stored bytes are damaged, or any engine failure.
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Sets `key` to `value`.
    ///
    /// # Errors
    /// Any engine failure, or [`StorageError::ReadOnly`] in a read transaction.
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError>;

    /// Removes `key`; removing what is not there does nothing.
    ///
    /// # Errors
    /// Any engine failure, or [`StorageError::ReadOnly`] in a read transaction.
    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError>;

    /// At most `limit` rows with `from <= key`, and `key < to` where `to` is given, in key order.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if a stored row is damaged, or any engine failure.
    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError>;
}

/// What a write job wants done with its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Make them durable, then answer.
    Commit,
    /// Forget them; the job refused the request.
    Discard,
}

/// A write job. An engine may run it more than once (after a serialisation conflict), each time on
/// a fresh transaction: it must not keep anything from an earlier run.
pub type WriteJob = Box<dyn FnMut(&mut dyn Transaction) -> Result<Verdict, StorageError> + Send>;

/// A read job.
pub type ReadJob = Box<dyn FnMut(&mut dyn Transaction) -> Result<(), StorageError> + Send>;

/// An engine.
pub trait Storage: Send + Sync + 'static {
    /// Runs `job` in a write transaction.
    ///
    /// # Errors
    /// What the job returned, or the engine's own failure; in both cases nothing was changed,
    /// except after [`StorageError::OutcomeUnknown`].
    ///
    /// # Cancel safety
    /// A dropped future does not stop a job that was queued: it may still commit.
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>>;

    /// Runs `job` on a consistent snapshot. Writing inside it fails with [`StorageError::ReadOnly`].
    ///
    /// # Errors
    /// What the job returned, or the engine's own failure.
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>>;

    /// Finishes queued writes and closes the engine; later calls fail with [`StorageError::Closed`].
    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>>;
}

/// Why a transaction failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// Stored bytes are damaged. Nothing damaged is ever served.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// The engine failed before the commit: nothing was changed.
    #[error("storage failed: {0}")]
    Failed(String),
    /// The disk is full: nothing was changed.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The commit itself failed: the change may or may not survive.
    #[error("the outcome of a commit is unknown: {0}")]
    OutcomeUnknown(String),
    /// A read transaction tried to write. A bug of the caller.
    #[error("write inside a read transaction")]
    ReadOnly,
    /// The engine was closed.
    #[error("storage is closed")]
    Closed,
}

/// Runs `job` on `storage` and hands its value out.
///
/// # Errors
/// As [`Storage::write`].
pub async fn write<T, F>(storage: &Arc<dyn Storage>, mut job: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: FnMut(&mut dyn Transaction) -> Result<(Verdict, T), StorageError> + Send + 'static,
{
    let slot = Arc::new(std::sync::Mutex::new(None));
    let inside = Arc::clone(&slot);
    storage
        .write(Box::new(move |transaction| {
            let (verdict, value) = job(transaction)?;
            *lock(&inside) = Some(value);
            Ok(verdict)
        }))
        .await?;
    take(&slot)
}

/// Runs `job` on a snapshot of `storage` and hands its value out.
///
/// # Errors
/// As [`Storage::read`].
pub async fn read<T, F>(storage: &Arc<dyn Storage>, mut job: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: FnMut(&mut dyn Transaction) -> Result<T, StorageError> + Send + 'static,
{
    let slot = Arc::new(std::sync::Mutex::new(None));
    let inside = Arc::clone(&slot);
    storage
        .read(Box::new(move |transaction| {
            *lock(&inside) = Some(job(transaction)?);
            Ok(())
        }))
        .await?;
    take(&slot)
}

fn lock<T>(slot: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<T>(slot: &std::sync::Mutex<Option<T>>) -> Result<T, StorageError> {
    lock(slot).take().ok_or_else(|| StorageError::Failed("the job did not run".to_owned()))
}
