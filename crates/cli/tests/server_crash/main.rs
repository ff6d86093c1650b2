//! `kill -9` of the server under load, again and again: nothing acknowledged is missing afterwards.
//!
//! Writers put, create and delete objects with an independent S3 client and keep a ledger of what was
//! acknowledged and what was cut off. After each restart, on the same port and directory, every object
//! holds its last acknowledged value or one that was sent later and cut off, and nothing else.

mod ledger;
mod load;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::Ledger;
use statelock_testkit::server_process::{ServerProcess, wait_until};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How often the server is killed.
const ROUNDS: usize = 10;
/// How many writers work at once, each on objects of its own.
const WRITERS: usize = 6;

#[test]
fn p12_nothing_acknowledged_is_lost_by_kill_9_under_load() {
    let scratch = TempDir::with_prefix("statelock-crash-").unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
    let mut server = ServerProcess::start(binary, &scratch.path().join("data"), &[]);
    let runtime = Runtime::new().unwrap();
    let mut ledgers: Vec<_> = (0..WRITERS).map(Ledger::new).collect();

    for round in 0..ROUNDS {
        // Another number of acknowledged writes before each kill: it strikes at other moments.
        let enough = 25 + 23 * round;
        ledgers = work_until_killed(&runtime, &mut server, ledgers, enough);
        server.restart();
        let store = load::client(&server);
        for ledger in &mut ledgers {
            let verified = runtime.block_on(ledger.verify(&store));
            verified.unwrap_or_else(|lost| {
                panic!("after kill {round}: {lost}\n{}", server.stderr());
            });
        }
    }
    let cut_off: usize = ledgers.iter().map(|ledger| ledger.cut_off).sum();
    assert!(cut_off >= ROUNDS, "each kill cut something off, or there was no load: {cut_off}");
    assert!(server.terminate().success(), "the last one drains and ends with 0");
}

/// Lets all writers work, kills the server once `enough` writes are acknowledged, and collects them.
fn work_until_killed(
    runtime: &Runtime,
    server: &mut ServerProcess,
    ledgers: Vec<Ledger>,
    enough: usize,
) -> Vec<Ledger> {
    let before: usize = ledgers.iter().map(|ledger| ledger.acknowledged).sum();
    let progress = Arc::new(load::Progress::new(before));
    let killed = Arc::new(AtomicBool::new(false));
    let start = |ledger: Ledger| {
        let store = load::client(server);
        let (progress, killed) = (Arc::clone(&progress), Arc::clone(&killed));
        runtime.spawn(load::write_until_cut_off(store, ledger, progress, killed))
    };
    let writers: Vec<_> = ledgers.into_iter().map(start).collect();

    let reached = wait_until(Duration::from_mins(1), || {
        let all_work = writers.iter().all(|writer| !writer.is_finished());
        (!all_work || progress.acknowledged() >= before + enough).then_some(all_work)
    });
    if reached != Some(true) {
        // A writer that ended by itself says why when it is joined below.
        assert!(reached.is_some(), "the load stands still\n{}", server.stderr());
    }
    killed.store(true, Ordering::SeqCst);
    server.kill_hard();
    let join = |writer: JoinHandle<Ledger>| {
        runtime.block_on(writer).expect("a writer ends only by the kill")
    };
    writers.into_iter().map(join).collect()
}
