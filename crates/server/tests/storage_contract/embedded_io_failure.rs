//! A file operation that fails: what was acknowledged stays, the outcome is called unknown where
//! it is, and no later write is acknowledged.
//!
//! The test runs itself again under `strace`, which makes one system call fail, or only watches that
//! every answer comes after a sync. Where that is not installed, or may not trace, the test is
//! reported as skipped.

use std::collections::BTreeMap;
use std::path::Path;

use statelock_server::storage::{StorageError, Table};
use statelock_testkit::skip::skip;

use crate::child;
use crate::rows::{all, get, noise, open, put};

const CHILD: &str = "embedded_io_failure::child_writes_until_the_end";
const ROWS: u8 = 12;
/// The name of the skip; `xtask/src/check/skips.rs` knows it.
const SKIPPED: &str = "storage: failing file operations";

/// Runs the child with the `nth` call of `call` failing with `error`; answers what it said, or why it
/// never began.
fn run(directory: &Path, call: &str, error: &str, nth: u32) -> Result<String, String> {
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:error={error}:when={nth}");
    run_under(directory, &["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject])
}

fn run_under(directory: &Path, strace: &[&str]) -> Result<String, String> {
    let output = child::script(strace, "exec \"$@\"", CHILD, directory)
        .output()
        .map_err(|missing| format!("strace does not start: {missing}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("running 1 test") {
        return Ok(text);
    }
    Err(format!("strace may not trace here: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

#[tokio::test]
async fn p12_a_failed_write_or_sync_loses_nothing_that_was_acknowledged() {
    let mut unknown = 0;
    let mut runs = 0;
    for (call, error) in [("fsync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")] {
        for nth in 1..=24 {
            let directory = tempfile::tempdir().unwrap();
            drop(open(directory.path()).unwrap());
            let what = format!("{call} {nth} with {error}");
            let said = match run(directory.path(), call, error, nth) {
                Ok(said) => said,
                // Only the first run tells whether this machine can do it at all.
                Err(reason) if runs == 0 => return skip(SKIPPED, &reason),
                Err(reason) => panic!("{what}: {reason}"),
            };
            runs += 1;
            unknown += verify(directory.path(), &said, &what).await;
        }
    }
    assert!(unknown > 0, "no commit was ever interrupted");
}

/// A killed process keeps what the system has in memory; only the order of system calls shows that
/// an answer waited for the disk.
#[test]
fn p12_no_row_is_acknowledged_before_a_sync_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    let log = directory.path().join("calls");
    let calls = "trace=fsync,fdatasync,write";
    let strace = ["strace", "-f", "-y", "-o", log.to_str().unwrap(), "-e", calls];
    let said = match run_under(directory.path(), &strace) {
        Ok(said) => said,
        Err(reason) => return skip(SKIPPED, &reason),
    };
    let traced = std::fs::read_to_string(&log).unwrap();
    let (mut syncs, mut acknowledged) = (0, 0);
    for line in traced.lines() {
        // Another thread's call may split a line; the half with the result is the end of the call.
        let is_sync = line.contains("fsync(") || line.contains("fsync resumed");
        let is_sync = is_sync || line.contains("fdatasync(") || line.contains("fdatasync resumed");
        if is_sync && line.trim_end().ends_with("= 0") {
            syncs += 1;
        }
        if line.contains("write(1") && line.contains(&format!("row {acknowledged} kept")) {
            assert!(syncs > 0, "row {acknowledged} was acknowledged without a sync\n{traced}");
            (syncs, acknowledged) = (0, acknowledged + 1);
        }
    }
    assert_eq!(acknowledged, ROWS, "{said}\n{traced}");
}

/// Compares what the child was told with what the next start finds.
async fn verify(directory: &Path, said: &str, what: &str) -> u32 {
    let engine = open(directory).unwrap();
    let found: BTreeMap<_, _> = all(&engine, Table::Records).await.into_iter().collect();
    let mut unknown = 0;
    let mut refused = false;
    for line in said.lines().filter_map(|line| line.strip_prefix("row ")) {
        let (n, outcome) = line.split_once(' ').unwrap();
        let n: u8 = n.parse().unwrap();
        let kept = found.get(&vec![n]);
        match outcome {
            "kept" => {
                assert!(!refused, "{what}: row {n} was acknowledged after a failure\n{said}");
                assert!(kept == Some(&noise(n.into(), 9_000)), "{what}: row {n} is lost\n{said}");
            }
            "full" => assert_eq!(kept, None, "{what}: row {n}\n{said}"),
            "failed" => {
                assert_eq!(kept, None, "{what}: row {n}\n{said}");
                refused = true;
            }
            "unknown" => {
                unknown += 1;
                refused = true;
            }
            other => panic!("{what}: row {n} {other}"),
        }
    }
    unknown
}

#[tokio::test]
async fn child_writes_until_the_end() {
    let Some(directory) = child::directory() else {
        return;
    };
    // What comes first stands behind the name of the test, on one line with it.
    println!("begun");
    let engine = match open(&directory) {
        Ok(engine) => engine,
        Err(error) => return println!("not opened: {error}"),
    };
    for n in 0..ROWS {
        let outcome = match put(&engine, Table::Records, &[n], &noise(n.into(), 9_000)).await {
            Ok(()) => "kept",
            Err(StorageError::Full(_)) => "full",
            Err(StorageError::Failed(_)) => "failed",
            Err(StorageError::OutcomeUnknown(_)) => "unknown",
            Err(error) => panic!("{error}"),
        };
        println!("row {n} {outcome}");
        // Reads go on whatever happened to writes.
        get(&engine, Table::Records, &[0]).await.unwrap();
    }
}
