//! Engine `memory`: ordered maps behind one mutex. Nothing survives the process.
//!
//! For tests and for stores that may be forgotten. It keeps every promise of the port but
//! durability:
//! - a job runs on the maps themselves, and an undo log takes its changes back unless it commits;
//! - reads take the same mutex as writes, so a read sees exactly the committed rows. Jobs are
//!   short and touch memory only, so a snapshot that spares readers the wait would cost more.
//!
//! Values are kept as they are, without a seal: no medium lies below this engine.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{ReadJob, Row, Storage, StorageError, Table, Transaction, Verdict, WriteJob};

/// The engine. Dropping it forgets everything.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    state: Mutex<State>,
}

impl MemoryStorage {
    /// An engine without rows.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StorageError> {
        // Jobs run inside `catch_unwind` and are undone, so a poisoned mutex guards whole data.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed { Err(StorageError::Closed) } else { Ok(state) }
    }

    fn write_now(&self, mut job: WriteJob) -> Result<(), StorageError> {
        let mut state = self.state()?;
        let mut transaction = WriteTransaction { state: &mut state, undo: Vec::new() };
        let outcome = catch_unwind(AssertUnwindSafe(|| job(&mut transaction)))
            .unwrap_or_else(|_| Err(StorageError::Failed("the write job panicked".to_owned())));
        if !matches!(outcome, Ok(Verdict::Commit)) {
            transaction.roll_back();
        }
        outcome.map(|_| ())
    }

    fn read_now(&self, mut job: ReadJob) -> Result<(), StorageError> {
        let state = self.state()?;
        let mut transaction = ReadTransaction { state: &state };
        catch_unwind(AssertUnwindSafe(|| job(&mut transaction)))
            .unwrap_or_else(|_| Err(StorageError::Failed("the read job panicked".to_owned())))
    }

    fn close_now(&self) -> Result<(), StorageError> {
        self.state()?.closed = true;
        Ok(())
    }
}

impl Storage for MemoryStorage {
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        async move { self.write_now(job) }.boxed()
    }

    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        async move { self.read_now(job) }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        async move { self.close_now() }.boxed()
    }
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Default)]
struct State {
    records: Rows,
    chunks: Rows,
    closed: bool,
}

impl State {
    fn rows(&self, table: Table) -> &Rows {
        match table {
            Table::Records => &self.records,
            Table::Chunks => &self.chunks,
        }
    }

    fn rows_mut(&mut self, table: Table) -> &mut Rows {
        match table {
            Table::Records => &mut self.records,
            Table::Chunks => &mut self.chunks,
        }
    }

    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.rows(table).get(key).cloned()
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Vec<Row> {
        // `BTreeMap::range` panics on an inverted range; for the port it is an empty one.
        if to.is_some_and(|to| to <= from) {
            return Vec::new();
        }
        let range = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
        self.rows(table)
            .range::<[u8], _>(range)
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

struct WriteTransaction<'a> {
    state: &'a mut State,
    /// What stood at a key before each change, oldest first.
    undo: Vec<(Table, Vec<u8>, Option<Vec<u8>>)>,
}

impl WriteTransaction<'_> {
    fn roll_back(mut self) {
        for (table, key, before) in self.undo.drain(..).rev() {
            let rows = self.state.rows_mut(table);
            match before {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
    }
}

impl Transaction for WriteTransaction<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.state.get(table, key))
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let before = self.state.rows_mut(table).insert(key.to_vec(), value.to_vec());
        self.undo.push((table, key.to_vec(), before));
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        if let Some(before) = self.state.rows_mut(table).remove(key) {
            self.undo.push((table, key.to_vec(), Some(before)));
        }
        Ok(())
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        Ok(self.state.scan(table, from, to, limit))
    }
}

struct ReadTransaction<'a> {
    state: &'a State,
}

impl Transaction for ReadTransaction<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.state.get(table, key))
    }

    fn put(&mut self, _: Table, _: &[u8], _: &[u8]) -> Result<(), StorageError> {
        Err(StorageError::ReadOnly)
    }

    fn delete(&mut self, _: Table, _: &[u8]) -> Result<(), StorageError> {
        Err(StorageError::ReadOnly)
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        Ok(self.state.scan(table, from, to, limit))
    }
}
