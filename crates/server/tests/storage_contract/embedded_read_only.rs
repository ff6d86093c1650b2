//! A disk that may not be written to: opening is refused with the file that was meant, a disk that becomes
//! so later refuses writes and goes on being read, and nothing acknowledged is lost.
//!
//! The first test runs itself again in a mount namespace of its own, the second under `strace`. Where that
//! is not permitted, it is reported as skipped.

use std::path::Path;

use statelock_server::storage::{StorageError, Table};
use statelock_testkit::skip::skip;

use crate::child;
use crate::rows::{Engine, all, noise, open, put};

/// The names of the skips; `xtask/src/check/skips.rs` knows them.
const SKIPPED_MOUNT: &str = "storage: a full disk";
const SKIPPED_TRACE: &str = "storage: failing file operations";
const ROWS: u8 = 8;
static NEVER_CLOSED: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
const MOUNTED: &str = "mount -t tmpfs tmpfs \"$STATELOCK_TEST_CHILD_DIRECTORY\" || exit 77; \
                       PHASE=fill \"$@\" || exit 1; \
                       mount -o remount,ro \"$STATELOCK_TEST_CHILD_DIRECTORY\" || exit 1; \
                       PHASE=refused \"$@\" || exit 1; \
                       mount -o remount,rw \"$STATELOCK_TEST_CHILD_DIRECTORY\" || exit 1; \
                       PHASE=again exec \"$@\"";

#[test]
fn p12_a_read_only_disk_is_refused_with_the_file_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut refusal = String::new();
    for namespace in [&["unshare", "-m"][..], &["unshare", "-r", "-m"]] {
        let test = "embedded_read_only::child_meets_a_read_only_disk";
        let output = match child::script(namespace, MOUNTED, test, directory.path()).output() {
            Ok(output) => output,
            Err(missing) => {
                return skip(SKIPPED_MOUNT, &format!("unshare does not start: {missing}"));
            }
        };
        let said = String::from_utf8_lossy(&output.stdout);
        refusal = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("running 1 test") {
            assert!(output.status.success(), "{said}{refusal}");
            assert!(said.contains("all rows are there again"), "{said}{refusal}");
            return;
        }
    }
    skip(SKIPPED_MOUNT, &format!("no mount namespace is permitted here: {}", refusal.trim()));
}

#[tokio::test]
async fn child_meets_a_read_only_disk() {
    let Some(directory) = child::directory() else {
        return;
    };
    match std::env::var("PHASE").as_deref() {
        Ok("fill") => fill(&directory).await,
        Ok("refused") => assert_refused(&directory),
        _ => {
            assert_filled(&directory, ROWS).await;
            println!("all rows are there again");
        }
    }
}

async fn fill(directory: &Path) {
    let engine = open(&directory.join("data")).unwrap();
    for n in 0..ROWS {
        put(&engine, Table::Records, &[n], &noise(n.into(), 3_000)).await.unwrap();
    }
    // Not closed before the process ends: the rows are in the log, and the next start has to read it.
    drop(NEVER_CLOSED.set(engine));
}

fn assert_refused(directory: &Path) {
    for (data, file) in [("data", "data/lock"), ("new", "new")] {
        let error = open(&directory.join(data)).err().unwrap();
        let text = error.to_string();
        let file = format!("`{}`", directory.join(file).display());
        assert!(text.contains(&file) && text.contains("this user may write to it"), "{text}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("Read-only file system"), "{cause}");
    }
}

async fn assert_filled(directory: &Path, rows: u8) {
    let engine = open(&directory.join("data")).unwrap();
    let found = all(&engine, Table::Records).await;
    assert!(found.into_iter().eq((0..rows).map(|n| (vec![n], noise(n.into(), 3_000)))));
}

/// A file system that finds damage in itself turns read-only under the programs that use it.
#[tokio::test]
async fn p12_a_disk_that_turns_read_only_refuses_writes_and_is_read() {
    for (nth, runs) in [1, 4, 9].into_iter().zip(0..) {
        let directory = tempfile::tempdir().unwrap();
        drop(open(&directory.path().join("data")).unwrap());
        let inject = format!("inject=pwrite64:error=EROFS:when={nth}+");
        let strace =
            ["strace", "-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", inject.as_str()];
        let test = "embedded_read_only::child_writes_on_a_disk_that_turns_read_only";
        let output = match child::script(&strace, "exec \"$@\"", test, directory.path()).output() {
            Ok(output) => output,
            Err(missing) => {
                return skip(SKIPPED_TRACE, &format!("strace does not start: {missing}"));
            }
        };
        let said = String::from_utf8_lossy(&output.stdout);
        if runs == 0 && !said.contains("running 1 test") {
            let reason = String::from_utf8_lossy(&output.stderr);
            return skip(SKIPPED_TRACE, &format!("strace may not trace here: {}", reason.trim()));
        }
        assert!(output.status.success(), "{said}");
        let kept = said.lines().find_map(|line| line.split_once("kept "));
        let kept: u8 = kept.expect("it said so").1.parse().unwrap();
        assert!(kept < ROWS, "the disk never turned read-only");
        assert_filled(directory.path(), kept).await;
    }
}

#[tokio::test]
async fn child_writes_on_a_disk_that_turns_read_only() {
    let Some(directory) = child::directory() else {
        return;
    };
    let engine = match open(&directory.join("data")) {
        Ok(engine) => engine,
        Err(error) => {
            assert!(error.to_string().contains("statelock.db"), "{error}");
            return println!("kept 0");
        }
    };
    let mut kept = 0_u8;
    let mut refused = false;
    for n in 0..ROWS {
        match put(&engine, Table::Records, &[n], &noise(n.into(), 3_000)).await {
            Ok(()) => {
                assert!(!refused, "row {n} was acknowledged after a refusal");
                kept += 1;
            }
            // Before the first byte of a commit, and ever after: nothing was changed.
            Err(StorageError::Failed(reason)) => {
                assert!(!refused || reason.contains("check the disk, then restart"), "{reason}");
                refused = true;
            }
            Err(StorageError::OutcomeUnknown(_)) => refused = true,
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(all(&engine, Table::Records).await.len(), usize::from(kept), "reads go on");
    }
    println!("kept {kept}");
}
