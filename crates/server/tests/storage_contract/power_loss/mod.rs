//! Power that fails after any file operation: what was acknowledged is there, and nothing is half there.
//!
//! A child writes under `strace`, which records every file operation with its bytes. A disk that is only
//! a list of bytes (`disk`) then repeats them, up to each operation in turn, and loses its power there: it
//! forgets what was not synced, or keeps some of it in pieces. What is left is written to a directory,
//! opened, and compared with what the child had acknowledged by then.
//!
//! Where `strace` is not installed, or may not trace, the test is reported as skipped.

mod backups;
mod disk;
mod trace;

use std::collections::BTreeSet;
use std::path::Path;

use statelock_server::storage::{self, Table, Verdict};
use statelock_testkit::skip::skip;

use self::disk::{Disk, Image, Loss};
use self::trace::Event;
use crate::child;
use crate::rows::{Engine, all, get, noise, open};

const CHILD: &str = "power_loss::child_writes_through_checkpoints";
/// The name of the skip; `xtask/src/check/skips.rs` knows it.
const SKIPPED: &str = "storage: failing file operations";
const COUNTER: &[u8] = b"the newest row";
const ROWS: u8 = 15;
/// How often each moment is tried with other pieces lost.
const SEEDS: u64 = 3;

/// What a child did to its directory, or why it cannot be seen.
fn recorded(child: &str) -> Result<Vec<Event>, String> {
    let directory = tempfile::tempdir().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let calls = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,\
                 renameat,renameat2";
    let path = log.path().to_str().unwrap();
    let strace = ["strace", "-f", "-y", "-xx", "-s", "1048576", "-o", path, "-e", calls];
    let output = child::script(&strace, "exec \"$@\"", child, directory.path())
        .output()
        .map_err(|missing| format!("strace does not start: {missing}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("running 1 test") {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(format!("strace may not trace here: {}", reason.trim()));
    }
    assert!(output.status.success(), "{said}");
    let traced = std::fs::read_to_string(log.path()).unwrap();
    Ok(trace::events(&traced, directory.path()))
}

#[tokio::test]
async fn p12_power_that_fails_after_any_file_operation_loses_nothing_acknowledged() {
    let events = match recorded(CHILD) {
        Ok(events) => events,
        Err(reason) => return skip(SKIPPED, &reason),
    };
    assert_complete(&events);
    let moments = survive(&events).await.unwrap_or_else(|loss| panic!("{loss}"));
    println!("{} operations, {moments} different disks", events.len());

    // The double has teeth: a store that does not sync its log, or not its database, is found.
    for unsynced in ["statelock.db-wal", "statelock.db"] {
        let lazy: Vec<_> = events
            .iter()
            .filter(|event| !matches!(event, Event::Sync { name } if name == unsynced))
            .cloned()
            .collect();
        let survived = survive(&lazy).await;
        assert!(survived.is_err(), "without a sync of {unsynced}, nothing was lost");
    }
}

/// The trace has everything that the test is about.
fn assert_complete(events: &[Event]) {
    let acknowledged = events.iter().filter(|event| matches!(event, Event::Acknowledged)).count();
    assert_eq!(acknowledged, usize::from(ROWS));
    let log_starts = events.iter().filter(
        |event| matches!(event, Event::Write { name, offset: 0, .. } if name.ends_with("-wal")),
    );
    assert!(log_starts.count() >= 3, "the log begins anew, in its place and as a new file");
    let into_database = events
        .iter()
        .filter(|event| matches!(event, Event::Write { name, .. } if name == "statelock.db"));
    assert!(into_database.count() > 10, "checkpoints write the database");
}

/// Tries every moment; answers how many different disks were tried, or what was lost.
async fn survive(events: &[Event]) -> Result<usize, String> {
    let (mut disk, mut acknowledged) = (Disk::default(), 0);
    let mut tried = BTreeSet::new();
    for (moment, event) in events.iter().enumerate() {
        match event {
            Event::Acknowledged => acknowledged += 1,
            other => disk.apply(other),
        }
        let losses = [Loss::All, Loss::Nothing];
        for loss in losses.into_iter().chain((0..SEEDS).map(Loss::Some)) {
            let image = disk.without_power(loss, moment);
            if !tried.insert((image.fingerprint(), acknowledged)) {
                continue;
            }
            let verdict = verify(&image, acknowledged).await;
            verdict
                .map_err(|lost| format!("after operation {moment} ({event}), {loss:?}: {lost}"))?;
        }
    }
    Ok(tried.len())
}

/// Opens what is left: rows from the first one on, without a gap, as many as were acknowledged or the one
/// that was on its way besides; each with its chunk, and the counter of the last.
async fn verify(image: &Image, acknowledged: u8) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    image.write(directory.path());
    let engine = open(directory.path()).map_err(|error| error.to_string())?;
    let mut rows = all(&engine, Table::Records).await;
    let counter = rows.iter().position(|(key, _)| key == COUNTER).map(|at| rows.remove(at).1);
    let found = u8::try_from(rows.len()).unwrap();
    if found < acknowledged || found > acknowledged + 1 {
        return Err(format!("{acknowledged} rows were acknowledged, {found} are there"));
    }
    if counter != found.checked_sub(1).map(|last| vec![last]) {
        return Err(format!("the counter is {counter:?}, and there are {found} rows"));
    }
    for (n, (key, value)) in (0..found).zip(rows) {
        let chunk = get(&engine, Table::Chunks, &[n]).await.unwrap();
        if (&key[..], &value) != (&[n], &record(n)) || chunk != Some(body(n)) {
            return Err(format!("row {n} is not as it was written"));
        }
    }
    Ok(())
}

fn record(n: u8) -> Vec<u8> {
    noise(n.into(), 200 + 150 * usize::from(n % 3))
}

fn body(n: u8) -> Vec<u8> {
    noise(u64::from(n) + 1_000, 900 + 2_500 * usize::from(n % 4))
}

async fn put_all(engine: &Engine, rows: std::ops::Range<u8>) {
    for n in rows {
        storage::write(engine, move |transaction| {
            transaction.put(Table::Chunks, &[n], &body(n))?;
            transaction.put(Table::Records, &[n], &record(n))?;
            transaction.put(Table::Records, COUNTER, &[n])?;
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();
        println!("{}", trace::ACKNOWLEDGED);
    }
}

/// Moves the log into the database, as the engine does when the log is long. Its next commit then begins
/// the log anew, over the old one.
fn checkpoint(directory: &Path) {
    let other = rusqlite::Connection::open(directory.join("statelock.db")).unwrap();
    other.execute_batch("PRAGMA synchronous = FULL").unwrap();
    let moved = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (log, moved) = other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], moved).unwrap();
    assert!(log > 0 && log == moved, "{moved} of {log} pages");
}

#[tokio::test]
async fn child_writes_through_checkpoints() {
    let Some(directory) = child::directory() else {
        return;
    };
    let engine = open(&directory).unwrap();
    put_all(&engine, 0..4).await;
    checkpoint(&directory);
    put_all(&engine, 4..7).await;
    checkpoint(&directory);
    put_all(&engine, 7..9).await;
    engine.close().await.unwrap();
    drop(engine);
    let engine = open(&directory).unwrap();
    put_all(&engine, 9..ROWS).await;
    drop(engine);
}
