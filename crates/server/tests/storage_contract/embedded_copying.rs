//! Copies of a database that is in use: each is one moment of it, and nobody waits long for one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use statelock_server::storage::embedded::{
    CopyError, DatabaseAtRest, Directory, EmbeddedStorage, Stop, copy_database,
};
use statelock_server::storage::{self, Table, Transaction as _, Verdict};

use crate::rows::{Engine, all, get, noise, open, put};

const WRITERS: u8 = 4;

/// Row `n` of a writer, and the writer's counter, change together.
async fn write(engine: &Engine, writer: u8, n: u64) {
    storage::write(engine, move |transaction| {
        transaction.put(Table::Records, &key(writer, n % 7), &content(writer, n))?;
        transaction.put(Table::Records, &[writer], &n.to_be_bytes())?;
        Ok((Verdict::Commit, ()))
    })
    .await
    .unwrap();
}

fn key(writer: u8, slot: u64) -> Vec<u8> {
    [&[writer, b'/'][..], &slot.to_be_bytes()].concat()
}

fn content(writer: u8, n: u64) -> Vec<u8> {
    noise(n * 16 + u64::from(writer), 6_000)
}

/// Asserts that the copy is a moment at which a writer had done `n` writes, for an `n` of at least `least`
/// and at most `most`.
async fn assert_moment(engine: &Engine, writer: u8, (least, most): (u64, u64)) {
    let counter = get(engine, Table::Records, &[writer]).await.unwrap();
    let found = counter.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
    assert!((least..=most).contains(&found), "{found} is not in {least}..={most}");
    for slot in 0..7 {
        let newest = (1..=found).rev().find(|n| n % 7 == slot);
        let stored = get(engine, Table::Records, &key(writer, slot)).await.unwrap();
        assert!(stored == newest.map(|n| content(writer, n)), "slot {slot} at write {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_a_copy_made_while_rows_are_written_is_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let engine = open(&data).unwrap();
    // So large that it is copied in many steps.
    for n in 0..12_u8 {
        put(&engine, Table::Chunks, &[n], &noise(n.into(), 1 << 20)).await.unwrap();
    }
    let done: Arc<Vec<AtomicU64>> = Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (engine, done) = (Arc::clone(&engine), Arc::clone(&done));
            tokio::spawn(async move {
                for n in 1.. {
                    write(&engine, writer, n).await;
                    done[usize::from(writer)].store(n, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let counts = || done.iter().map(|count| count.load(Ordering::SeqCst)).collect::<Vec<_>>();
    while counts().iter().any(|count| *count < 10) {
        tokio::task::yield_now().await;
    }
    let mut moments = Vec::new();
    for round in 0..4 {
        let before = counts();
        let copy = directory.path().join(format!("copy-{round}"));
        let (from, to) = (data.clone(), copy.clone());
        let steps = tokio::task::spawn_blocking(move || steps_of_copy(&from, &to)).await.unwrap();
        assert!(steps > 2, "copied in {steps} steps");
        moments.push((copy, before, counts()));
    }
    writers.iter().for_each(tokio::task::JoinHandle::abort);
    let (_, first, _) = &moments[0];
    assert!(moments[3].2.iter().zip(first).all(|(end, begin)| end > begin), "written meanwhile");

    for (copy, before, after) in moments {
        // Looked at as a backup is, and opened as a server does.
        assert!(DatabaseAtRest::open(&copy, &Stop::default()).is_ok());
        let copied = open(&copy).unwrap();
        for (writer, (least, done)) in (0..WRITERS).zip(before.into_iter().zip(after)) {
            // One more may be in it that had no answer when it was counted.
            assert_moment(&copied, writer, (least, done + 1)).await;
        }
        assert_eq!(all(&copied, Table::Chunks).await.len(), 12);
    }
}

/// Makes a copy; answers in how many steps.
fn steps_of_copy(data: &Path, to: &Path) -> usize {
    let mut steps = 0;
    let to = Directory::lock(to).unwrap();
    copy_database(data, &to, &Stop::default(), |_| steps += 1).unwrap();
    steps
}

/// A copy that takes minutes must not slow down every write meanwhile, nor lose any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_go_on_while_a_copy_takes_long() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let engine: Engine = Arc::new(EmbeddedStorage::open(&data).unwrap());
    put(&engine, Table::Records, b"first", b"1").await.unwrap();
    let (begun, is_begun) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (from, to) = (data.clone(), directory.path().join("copy"));
    let copying = std::thread::spawn(move || {
        let to = Directory::lock(&to).unwrap();
        let source = rusqlite::Connection::open(from.join("statelock.db")).unwrap();
        // Stands for a copy between two of its steps.
        source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").unwrap();
        begun.send(()).unwrap();
        may_go_on.recv().unwrap();
        drop(source);
        copy_database(&from, &to, &Stop::default(), |_| {})
    });
    is_begun.recv().unwrap();

    // 96 MiB. From 64 MiB on the log is too long, and a writer that waited for the reader after each of
    // these rows would take minutes.
    let values = noise(5, 2 << 20);
    // SQLite writes only the pages that differ, so all of them must.
    let value = |n: u8| values[usize::from(n) * 5_003..][..1 << 20].to_vec();
    let written = async {
        for n in 0..96 {
            put(&engine, Table::Chunks, &[n % 8], &value(n)).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), written).await.expect("writes go on");
    let log = || std::fs::metadata(data.join("statelock.db-wal")).unwrap().len();
    assert!(log() > 90 << 20, "nothing that may still be read was overwritten");
    go_on.send(()).unwrap();
    copying.join().unwrap().unwrap();

    // The reader is gone: the log begins anew once it is due.
    for n in 0..60 {
        put(&engine, Table::Chunks, &[n % 8], &value(100 + n)).await.unwrap();
    }
    let pages = rusqlite::Connection::open(data.join("statelock.db"))
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1))
        .unwrap();
    assert!(pages < 16_000, "{pages} pages in the log");
    engine.close().await.unwrap();
}

#[test]
fn a_copy_that_is_asked_to_stop_stops() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    drop(open(&data).unwrap());
    let to = Directory::lock(&directory.path().join("copy")).unwrap();
    let stop = Stop::default();
    stop.ask();
    let stopped = copy_database(&data, &to, &stop, |_| {});
    assert!(matches!(stopped, Err(CopyError::Stopped)), "{stopped:?}");
}

#[tokio::test]
async fn a_copy_has_no_log_and_is_read_without_leaving_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let engine = open(&data).unwrap();
    put(&engine, Table::Records, b"k", b"v").await.unwrap();
    let copy = directory.path().join("copy");
    steps_of_copy(&data, &copy);
    let names = || {
        let entries = std::fs::read_dir(&copy).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["lock", "statelock.db"]);
    let database = DatabaseAtRest::open(&copy, &Stop::default()).unwrap();
    let mut transaction = database.transaction();
    assert_eq!(transaction.get(Table::Records, b"k").unwrap(), Some(b"v".to_vec()));
    assert!(transaction.put(Table::Records, b"k", b"w").is_err());
    assert_eq!(names(), ["lock", "statelock.db"]);
}

/// The server is stopped in the middle of a long copy: it ends in order, and the copy goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_an_engine_that_closes_under_a_copy_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let engine = open(&data).unwrap();
    for n in 0..9_u8 {
        put(&engine, Table::Chunks, &[n], &noise(n.into(), 1 << 20)).await.unwrap();
    }
    let (begun, is_begun) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (from, to) = (data.clone(), directory.path().join("copy"));
    let copying = std::thread::spawn(move || {
        let to = Directory::lock(&to).unwrap();
        let mut steps = 0;
        copy_database(&from, &to, &Stop::default(), |_| {
            steps += 1;
            if steps == 1 {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
            }
        })
    });
    is_begun.recv().unwrap();
    put(&engine, Table::Records, b"late", b"1").await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    go_on.send(()).unwrap();
    copying.join().unwrap().unwrap();

    let copied = open(&directory.path().join("copy")).unwrap();
    assert_eq!(all(&copied, Table::Chunks).await.len(), 9);
    assert_eq!(get(&copied, Table::Records, b"late").await.unwrap(), None);
    let engine = open(&data).unwrap();
    assert_eq!(all(&engine, Table::Chunks).await.len(), 9);
    assert_eq!(get(&engine, Table::Records, b"late").await.unwrap(), Some(b"1".to_vec()));
}
