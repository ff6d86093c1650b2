//! Snapshots, serialisability, and calls that are dropped or come too late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use statelock_server::storage::{self, StorageError, Table, Verdict};

use crate::rows::{Engine, get, put};

const RECORDS: Table = Table::Records;

/// Writers keep two rows equal; a reader that met them unequal, or changing, saw two states.
pub(crate) async fn a_read_sees_one_snapshot(engine: Engine) {
    let set = |n: u64| {
        storage::write(&engine, move |transaction| {
            transaction.put(RECORDS, b"a", &n.to_be_bytes())?;
            transaction.put(Table::Chunks, b"z", &n.to_be_bytes())?;
            Ok((Verdict::Commit, ()))
        })
    };
    set(0).await.unwrap();
    let stop = AtomicBool::new(false);
    let writing = async {
        for n in 1..200 {
            set(n).await.unwrap();
            tokio::task::yield_now().await;
        }
        stop.store(true, Ordering::Release);
    };
    let reading = async {
        let mut last = Vec::new();
        while !stop.load(Ordering::Acquire) {
            let (first, second, again) = storage::read(&engine, |transaction| {
                let first = transaction.get(RECORDS, b"a")?;
                std::thread::yield_now();
                let second = transaction.get(Table::Chunks, b"z")?;
                Ok((first, second, transaction.get(RECORDS, b"a")?))
            })
            .await
            .unwrap();
            assert_eq!((&first, &first), (&second, &again));
            let first = first.unwrap();
            assert!(first >= last, "a read went back from {last:?} to {first:?}");
            last = first;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writing, reading);
}

pub(crate) async fn a_read_cannot_write(engine: Engine) {
    put(&engine, RECORDS, b"k", b"v").await.unwrap();

    let outcomes = storage::read(&engine, |transaction| {
        let put = transaction.put(RECORDS, b"k", b"x");
        let deleted = transaction.delete(RECORDS, b"k");
        Ok((put, deleted, transaction.get(RECORDS, b"k")?))
    })
    .await
    .unwrap();

    assert!(matches!(
        outcomes,
        (Err(StorageError::ReadOnly), Err(StorageError::ReadOnly), Some(value)) if value == b"v"
    ));
}

pub(crate) async fn a_read_sees_writes_that_returned_before(engine: Engine) {
    for n in 0..100_u8 {
        put(&engine, RECORDS, b"k", &[n]).await.unwrap();
        assert_eq!(get(&engine, RECORDS, b"k").await.unwrap(), Some(vec![n]));
    }
}

pub(crate) async fn increments_are_serialisable(engine: Engine) {
    const WRITERS: u64 = 32;
    const INCREMENTS: u64 = 50;
    let writers = (0..WRITERS).map(|_| {
        let engine = Arc::clone(&engine);
        tokio::spawn(async move {
            for _ in 0..INCREMENTS {
                increment(&engine).await.unwrap();
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }

    let total = get(&engine, RECORDS, b"counter").await.unwrap().unwrap();
    assert_eq!(total, (WRITERS * INCREMENTS).to_be_bytes());
}

async fn increment(engine: &Engine) -> Result<(), StorageError> {
    storage::write(engine, |transaction| {
        let stored = transaction.get(RECORDS, b"counter")?;
        let count = stored.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        transaction.put(RECORDS, b"counter", &(count + 1).to_be_bytes())?;
        Ok((Verdict::Commit, ()))
    })
    .await
}

/// Callers that give up, reading and writing, must not use up what others need.
pub(crate) async fn a_dropped_call_leaves_the_engine_usable(engine: Engine) {
    for _ in 0..50 {
        let mut writing = Box::pin(put(&engine, RECORDS, b"dropped", b"v"));
        let mut reading = Box::pin(get(&engine, RECORDS, b"dropped"));
        drop(futures::poll!(&mut writing));
        drop(futures::poll!(&mut reading));
    }

    put(&engine, RECORDS, b"after", b"v").await.unwrap();
    assert!(get(&engine, RECORDS, b"after").await.unwrap().is_some());
}

pub(crate) async fn a_closed_engine_refuses_every_call(engine: Engine) {
    put(&engine, RECORDS, b"k", b"v").await.unwrap();
    engine.close().await.unwrap();

    let written = put(&engine, RECORDS, b"k", b"w").await;
    let read = get(&engine, RECORDS, b"k").await;
    let closed = engine.close().await;
    for outcome in [written, read.map(|_| ()), closed] {
        assert!(matches!(outcome, Err(StorageError::Closed)), "{outcome:?}");
    }
}
