//! Group commit: writers that wait together share a sync.

use std::sync::Arc;

use statelock_server::storage::embedded::EmbeddedStorage;
use statelock_server::storage::{Storage, Table};

use crate::rows::{Engine, all, noise, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_share_commits() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
    let engine: Engine = storage.clone();
    let writers = (0..64_u8).map(|writer| {
        let engine = Arc::clone(&engine);
        tokio::spawn(async move {
            for n in 0..20 {
                put(&engine, Table::Records, &[writer, n], b"value").await.unwrap();
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }

    let stats = storage.stats();
    assert_eq!(stats.jobs, 64 * 20);
    assert!(stats.commits < stats.jobs / 2, "{stats:?}");
    assert_eq!(all(&engine, Table::Records).await.len(), 64 * 20);
}

/// The log of a busy store must not grow with what was ever written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_bounded_while_rows_are_replaced_and_read() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
    let engine: Engine = storage.clone();
    let values: Vec<_> = (0..4).map(|seed| noise(seed, 1 << 20)).collect();
    for n in 0..80_usize {
        let value = &values[n % 3];
        let key = [u8::try_from(n % 4).unwrap()];
        let (written, _) =
            tokio::join!(put(&engine, Table::Chunks, &key, value), all(&engine, Table::Chunks));
        written.unwrap();
    }

    assert!(storage.stats().checkpoints > 1, "{:?}", storage.stats());
    for (file, bytes_max) in [("statelock.db", 12 << 20), ("statelock.db-wal", 80 << 20)] {
        let bytes = std::fs::metadata(directory.path().join(file)).unwrap().len();
        assert!(bytes < bytes_max, "{file} has {bytes} bytes");
    }
    storage.close().await.unwrap();
}
