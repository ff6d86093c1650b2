//! Tables and their items: what the DynamoDB API does with what is stored.
//!
//! An operation on items loads the table, checks the request against the table's key, decides by a
//! pure function ([`decision`]), and carries the change out. All access to items goes through
//! [`items`]: that is where an item of a lock table can be something else than a row.

mod batch;
mod decision;
mod error;
mod expiry;
pub mod expression;
mod item_records;
mod items;
mod keys;
mod lock_items;
mod lock_writes;
mod reads;
mod settings;
mod writes;

pub use batch::{BatchGet, BatchRead, BatchWrite, Got};
pub use error::TableError;
pub use reads::{Page, QueryItems, ScanItems, Segment};
pub use settings::{NewTable, TableDescription, TablePage};
pub use writes::{DeleteItem, GetItem, PutItem, UpdateItem, WriteOutcome};

use std::cell::OnceCell;
use std::collections::BTreeMap;

use statelock_protocol::lock::unified::Hold;

use super::locks::LockTransaction;
use super::{Engine, EngineError};
use crate::records::{self, Item, TableRecord};
use crate::storage::{self, StorageError, Transaction, Verdict};

/// The largest item, names and values, in bytes.
const ITEM_SIZE_BYTES_MAX: usize = 400 * 1024;

/// A table that exists, inside a transaction.
#[derive(Clone, Debug)]
struct OpenTable {
    name: String,
    record: TableRecord,
    /// The locks that stand, by `LockID`, once somebody listed them.
    locks: OnceCell<BTreeMap<String, Hold>>,
}

impl OpenTable {
    fn new(name: &str, record: TableRecord) -> Self {
        Self { name: name.to_owned(), record, locks: OnceCell::new() }
    }
}

/// Finds a table.
fn open(transaction: &mut dyn Transaction, name: &str) -> Result<OpenTable, TableError> {
    let record = records::load(transaction, &TableRecord::key(name))?
        .ok_or_else(|| TableError::NoSuchTable(name.to_owned()))?;
    Ok(OpenTable::new(name, record))
}

impl Engine {
    /// Runs `job` in a write transaction; a job that refuses changes nothing.
    async fn write_tables<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<T, TableError> + Send + 'static,
    ) -> Result<T, TableError> {
        self.write_judged(move |transaction| Ok((Verdict::Commit, job(transaction)?))).await
    }

    /// As [`Self::write_tables`], for a job that may change locks and says itself whether there is
    /// anything to keep.
    async fn write_locks<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut LockTransaction<'_>) -> Result<(Verdict, T), TableError> + Send + 'static,
    ) -> Result<T, TableError> {
        let (value, changes) = self.write_judged(self.noting(job)).await?;
        self.follow(changes);
        Ok(value)
    }

    async fn write_judged<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<(Verdict, T), TableError> + Send + 'static,
    ) -> Result<T, TableError> {
        storage::write(&self.storage, move |transaction| match job(transaction) {
            Ok((verdict, value)) => Ok((verdict, Ok(value))),
            Err(error) => match error.storage() {
                Some(failure) => Err(failure),
                None => Ok((Verdict::Discard, Err(error))),
            },
        })
        .await
        .map_err(failed)?
    }

    /// Runs `job` on a snapshot.
    async fn read_tables<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut dyn Transaction) -> Result<T, TableError> + Send + 'static,
    ) -> Result<T, TableError> {
        storage::read(&self.storage, move |transaction| match job(transaction) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => match error.storage() {
                Some(failure) => Err(failure),
                None => Ok(Err(error)),
            },
        })
        .await
        .map_err(failed)?
    }
}

fn failed(error: StorageError) -> TableError {
    TableError::Engine(EngineError::Storage(error))
}

#[cfg(test)]
mod tests;
