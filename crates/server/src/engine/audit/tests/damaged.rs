//! A storage for tests of the audit log.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;

use crate::storage::memory::MemoryStorage;
use crate::storage::{ReadJob, Row, Storage, StorageError, Table, Transaction, WriteJob};

/// A memory storage that counts writes, and one row of which can be made damaged.
#[derive(Default)]
pub(super) struct Damaged {
    inner: MemoryStorage,
    /// The row that cannot be read.
    pub(super) key: Mutex<Option<Vec<u8>>>,
    /// The sizes of keys and values written.
    pub(super) puts: Arc<Mutex<Vec<usize>>>,
}

struct Watched<'a> {
    inner: &'a mut dyn Transaction,
    damaged: Option<&'a [u8]>,
    puts: &'a Mutex<Vec<usize>>,
}

impl Watched<'_> {
    fn check(&self, key: &[u8]) -> Result<(), StorageError> {
        if self.damaged == Some(key) {
            return Err(StorageError::Corrupt("for a test".to_owned()));
        }
        Ok(())
    }
}

impl Transaction for Watched<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.check(key)?;
        self.inner.get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.puts.lock().unwrap().push(key.len() + value.len());
        self.inner.put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        self.inner.delete(table, key)
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let rows = self.inner.scan(table, from, to, limit)?;
        rows.iter().try_for_each(|(key, _)| self.check(key))?;
        Ok(rows)
    }
}

impl Storage for Damaged {
    fn write(&self, mut job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        let puts = Arc::clone(&self.puts);
        self.inner
            .write(Box::new(move |inner| job(&mut Watched { inner, damaged: None, puts: &puts })))
    }

    fn read(&self, mut job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        let (puts, damaged) = (Arc::clone(&self.puts), self.key.lock().unwrap().clone());
        self.inner.read(Box::new(move |inner| {
            job(&mut Watched { inner, damaged: damaged.as_deref(), puts: &puts })
        }))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.inner.close()
    }
}
