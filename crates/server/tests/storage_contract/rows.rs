//! Short ways to write and read rows in tests.

use std::path::Path;
use std::sync::Arc;

use statelock_server::storage::embedded::{EmbeddedStorage, OpenError};
use statelock_server::storage::{self, Row, Storage, StorageError, Table, Verdict};

pub(crate) type Engine = Arc<dyn Storage>;

pub(crate) async fn put(
    engine: &Engine,
    table: Table,
    key: &[u8],
    value: &[u8],
) -> Result<(), StorageError> {
    let (key, value) = (key.to_vec(), value.to_vec());
    storage::write(engine, move |transaction| {
        transaction.put(table, &key, &value)?;
        Ok((Verdict::Commit, ()))
    })
    .await
}

pub(crate) async fn delete(engine: &Engine, table: Table, key: &[u8]) -> Result<(), StorageError> {
    let key = key.to_vec();
    storage::write(engine, move |transaction| {
        transaction.delete(table, &key)?;
        Ok((Verdict::Commit, ()))
    })
    .await
}

pub(crate) async fn get(
    engine: &Engine,
    table: Table,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StorageError> {
    let key = key.to_vec();
    storage::read(engine, move |transaction| transaction.get(table, &key)).await
}

pub(crate) async fn scan(
    engine: &Engine,
    table: Table,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, StorageError> {
    let (from, to) = (from.to_vec(), to.map(<[u8]>::to_vec));
    storage::read(engine, move |transaction| transaction.scan(table, &from, to.as_deref(), limit))
        .await
}

pub(crate) async fn all(engine: &Engine, table: Table) -> Vec<Row> {
    scan(engine, table, b"", None, usize::MAX).await.unwrap()
}

pub(crate) fn open(directory: &Path) -> Result<Engine, OpenError> {
    Ok(Arc::new(EmbeddedStorage::open(directory)?))
}

/// Bytes that do not compress and differ from row to row.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(len)
    .collect()
}
