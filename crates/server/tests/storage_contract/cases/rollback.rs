//! A job that fails, refuses or panics changes nothing, and nothing of others.

use std::time::Duration;

use statelock_server::storage::{self, StorageError, Table, Transaction, Verdict};

use crate::rows::{Engine, all, get, put};

const RECORDS: Table = Table::Records;

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

    assert!(matches!(written, Err(StorageError::Failed(_))), "{written:?}");
    assert!(matches!(read, Err(StorageError::Failed(_))), "{read:?}");
    put(&engine, RECORDS, b"b", b"2").await.unwrap();
    assert_eq!(all(&engine, RECORDS).await, [(b"b".to_vec(), b"2".to_vec())]);
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
        assert_eq!(answer.is_ok(), !matches!(n % 5, 1 | 3), "job {n}: {answer:?}");
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
