//! The cases that every engine passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use statelock_server::storage::{
    self, CHUNK_SIZE_BYTES_MAX, StorageError, Table, Transaction, Verdict,
};

use crate::rows::{Engine, all, delete, get, noise, put, scan};

const RECORDS: Table = Table::Records;

pub(crate) async fn committed_rows_are_read_back(engine: Engine) {
    put(&engine, RECORDS, b"k", b"one").await.unwrap();
    put(&engine, RECORDS, b"k", b"two").await.unwrap();

    assert_eq!(get(&engine, RECORDS, b"k").await.unwrap().unwrap(), b"two");
    assert_eq!(get(&engine, RECORDS, b"other").await.unwrap(), None);
}

pub(crate) async fn a_transaction_sees_its_own_writes(engine: Engine) {
    put(&engine, RECORDS, b"old", b"1").await.unwrap();

    let seen = storage::write(&engine, |transaction| {
        transaction.put(RECORDS, b"new", b"2")?;
        transaction.delete(RECORDS, b"old")?;
        let rows = transaction.scan(RECORDS, b"", None, 10)?;
        let old = transaction.get(RECORDS, b"old")?;
        Ok((Verdict::Commit, (rows, old)))
    })
    .await
    .unwrap();

    assert_eq!(seen, (vec![(b"new".to_vec(), b"2".to_vec())], None));
}

pub(crate) async fn a_discarded_job_changes_nothing(engine: Engine) {
    put(&engine, RECORDS, b"k", b"kept").await.unwrap();

    let answer = storage::write(&engine, |transaction| {
        transaction.put(RECORDS, b"k", b"refused")?;
        transaction.put(Table::Chunks, b"c", b"refused")?;
        Ok((Verdict::Discard, "its value is still handed out"))
    })
    .await;

    assert_eq!(answer.unwrap(), "its value is still handed out");
    assert_eq!(get(&engine, RECORDS, b"k").await.unwrap().unwrap(), b"kept");
    assert_eq!(all(&engine, Table::Chunks).await, []);
}

fn failure() -> StorageError {
    StorageError::Failed("asked for".to_owned())
}

pub(crate) async fn a_failed_job_changes_nothing(engine: Engine) {
    let answer = storage::write::<(), _>(&engine, |transaction| {
        transaction.put(RECORDS, b"a", b"1")?;
        transaction.put(RECORDS, b"b", b"2")?;
        Err(failure())
    })
    .await;

    assert_eq!(answer.unwrap_err().to_string(), failure().to_string());
    assert_eq!(all(&engine, RECORDS).await, []);
}

pub(crate) async fn a_panicking_job_changes_nothing_and_the_engine_goes_on(engine: Engine) {
    let written = storage::write::<(), _>(&engine, |transaction| {
        transaction.put(RECORDS, b"a", b"1")?;
        panic!("this panic is part of a test");
    })
    .await;
    let read = storage::read::<(), _>(&engine, |_| panic!("this panic is part of a test")).await;

    assert!(
        matches!(written, Err(StorageError::Failed(_))),
        "{written:?}"
    );
    assert!(matches!(read, Err(StorageError::Failed(_))), "{read:?}");
    put(&engine, RECORDS, b"b", b"2").await.unwrap();
    assert_eq!(
        all(&engine, RECORDS).await,
        [(b"b".to_vec(), b"2".to_vec())]
    );
}

/// Holds the engine busy while jobs queue up behind it, so that they can share a batch.
async fn while_busy<F: Future>(engine: &Engine, queued: F) -> F::Output {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let busy = storage::write(engine, move |_| {
        assert!(released.recv().is_err(), "the sender is dropped, not used");
        Ok((Verdict::Discard, ()))
    });
    // On a task of its own: an engine may run the job on the thread that polls it.
    let timer = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(release);
    });
    let (held, output) = tokio::join!(busy, queued);
    held.unwrap();
    timer.await.unwrap();
    output
}

pub(crate) async fn failures_between_commits_leave_the_others_alone(engine: Engine) {
    let jobs = (0..30_u8).map(|n| {
        storage::write(&engine, move |transaction| {
            transaction.put(RECORDS, &[n], b"new")?;
            transaction.put(RECORDS, b"last", &[n])?;
            match n % 5 {
                1 => Err(failure()),
                2 => Ok((Verdict::Discard, n)),
                3 => panic!("this panic is part of a test"),
                _ => Ok((Verdict::Commit, n)),
            }
        })
    });
    let answers = while_busy(&engine, futures::future::join_all(jobs)).await;

    for (n, answer) in (0..30_u8).zip(answers) {
        assert_eq!(
            answer.is_ok(),
            !matches!(n % 5, 1 | 3),
            "job {n}: {answer:?}"
        );
        let kept = get(&engine, RECORDS, &[n]).await.unwrap().is_some();
        assert_eq!(kept, matches!(n % 5, 0 | 4), "job {n}");
    }
    let last = get(&engine, RECORDS, b"last").await.unwrap().unwrap();
    assert!(matches!(last[0] % 5, 0 | 4), "{last:?} was rolled back");
}

pub(crate) async fn rollback_restores_values_that_were_replaced_and_deleted(engine: Engine) {
    put(&engine, RECORDS, b"replaced", b"1").await.unwrap();
    put(&engine, RECORDS, b"deleted", b"2").await.unwrap();
    let before = all(&engine, RECORDS).await;

    let discard = |transaction: &mut dyn Transaction| {
        transaction.put(RECORDS, b"replaced", b"x")?;
        transaction.put(RECORDS, b"replaced", b"y")?;
        transaction.delete(RECORDS, b"replaced")?;
        transaction.delete(RECORDS, b"deleted")?;
        transaction.put(RECORDS, b"deleted", b"z")?;
        transaction.put(RECORDS, b"created", b"z")?;
        transaction.delete(RECORDS, b"created")?;
        Ok((Verdict::Discard, ()))
    };
    storage::write(&engine, discard).await.unwrap();

    assert_eq!(all(&engine, RECORDS).await, before);
}

pub(crate) async fn tables_are_separate(engine: Engine) {
    put(&engine, RECORDS, b"k", b"record").await.unwrap();
    put(&engine, Table::Chunks, b"k", b"chunk").await.unwrap();
    delete(&engine, RECORDS, b"k").await.unwrap();

    assert_eq!(get(&engine, RECORDS, b"k").await.unwrap(), None);
    let chunk = get(&engine, Table::Chunks, b"k").await.unwrap();
    assert_eq!(chunk.unwrap(), b"chunk");
}

pub(crate) async fn scans_keep_order_bounds_and_limits(engine: Engine) {
    for table in [RECORDS, Table::Chunks] {
        for key in ["b", "aa", "c", "a", "ab", "b\0"] {
            put(&engine, table, key.as_bytes(), b"v").await.unwrap();
        }
        let cases: [(&str, Option<&str>, usize, &[&str]); 9] = [
            ("", None, usize::MAX, &["a", "aa", "ab", "b", "b\0", "c"]),
            ("", None, 2, &["a", "aa"]),
            ("", None, 0, &[]),
            ("aa", Some("b"), 10, &["aa", "ab"]),
            ("aaa", Some("b\0"), 10, &["ab", "b"]),
            ("b", Some("b"), 10, &[]),
            ("c", Some("a"), 10, &[]),
            ("d", None, 10, &[]),
            ("", Some(""), 10, &[]),
        ];
        for (from, to, limit, expected) in cases {
            let to_bytes = to.map(str::as_bytes);
            let rows = scan(&engine, table, from.as_bytes(), to_bytes, limit)
                .await
                .unwrap();
            let keys: Vec<_> = rows.iter().map(|(key, _)| key.as_slice()).collect();
            let expected: Vec<_> = expected.iter().map(|key| key.as_bytes()).collect();
            assert_eq!(
                keys, expected,
                "{table:?} from {from:?} to {to:?} limit {limit}"
            );
        }
    }
}

pub(crate) async fn keys_are_any_bytes(engine: Engine) {
    let mut keys: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    keys.extend([
        vec![],
        vec![0; 2],
        vec![255; 3],
        noise(1, 2_000),
        b"a'\"%_\n".to_vec(),
    ]);
    keys.sort();
    for table in [RECORDS, Table::Chunks] {
        let job_keys = keys.clone();
        storage::write(&engine, move |transaction| {
            for key in job_keys.iter().rev() {
                transaction.put(table, key, key)?;
            }
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();

        let expected: Vec<_> = keys.iter().map(|key| (key.clone(), key.clone())).collect();
        assert!(all(&engine, table).await == expected, "{table:?}");
        for key in &keys {
            let value = get(&engine, table, key).await.unwrap();
            assert_eq!(value.as_ref(), Some(key), "{table:?}");
        }
    }
}

pub(crate) async fn values_are_any_size_up_to_a_chunk(engine: Engine) {
    let sizes = [0, 1, 4_000, 4_096, 65_536, CHUNK_SIZE_BYTES_MAX];
    for (seed, size) in (0..).zip(sizes) {
        for table in [RECORDS, Table::Chunks] {
            let value = noise(seed, size);
            put(&engine, table, &size.to_be_bytes(), &value)
                .await
                .unwrap();
            let stored = get(&engine, table, &size.to_be_bytes()).await.unwrap();
            assert!(stored == Some(value), "{size} bytes in {table:?}");
        }
    }
}

pub(crate) async fn deleting_what_is_absent_does_nothing(engine: Engine) {
    put(&engine, RECORDS, b"k", b"v").await.unwrap();
    delete(&engine, RECORDS, b"absent").await.unwrap();
    delete(&engine, Table::Chunks, b"k").await.unwrap();

    assert_eq!(all(&engine, RECORDS).await.len(), 1);
}

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
