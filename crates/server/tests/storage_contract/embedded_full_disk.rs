//! A full disk refuses writes, keeps what was acknowledged, and is no end.
//!
//! The test runs itself again in a mount namespace of its own, on a tmpfs of 2 MiB that vanishes
//! with it. Where namespaces are not permitted it is reported as skipped.

use std::fs;
use std::path::Path;

use statelock_server::storage::{StorageError, Table};
use statelock_testkit::skip::skip;

use crate::child;
use crate::rows::{all, get, noise, open, put};

/// The name of the skip; `xtask/src/check/skips.rs` knows it.
const SKIPPED: &str = "storage: a full disk";
const ON_SMALL_DISK: &str =
    "mount -t tmpfs -o size=2m tmpfs \"$STATELOCK_TEST_CHILD_DIRECTORY\" || exit 77; exec \"$@\"";

#[test]
fn p12_a_full_disk_keeps_acknowledged_rows_and_recovers() {
    let child_test = "embedded_full_disk::child_fills_its_disk";
    let directory = tempfile::tempdir().unwrap();
    let mut refusal = String::new();
    for namespace in [&["unshare", "-m"][..], &["unshare", "-r", "-m"]] {
        let mut child = child::script(namespace, ON_SMALL_DISK, child_test, directory.path());
        let output = match child.output() {
            Ok(output) => output,
            Err(missing) => return skip(SKIPPED, &format!("unshare does not start: {missing}")),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("the disk was full and recovered") {
            assert!(output.status.success(), "{text}");
            return;
        }
        refusal = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("running 1 test"), "{text}{refusal}");
    }
    skip(SKIPPED, &format!("no mount namespace is permitted here: {}", refusal.trim()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_fills_its_disk() {
    let Some(directory) = child::directory() else {
        return;
    };
    let ballast = directory.join("ballast");
    fs::write(&ballast, vec![1; 600_000]).unwrap();
    let data = directory.join("data");

    let mut kept = fill(&data, 0).await;
    // Full from the start: opening works, rows are served, writes are refused.
    kept.extend(fill(&data, 100).await);
    assert_kept(&data, &kept).await;

    fs::remove_file(&ballast).unwrap();
    let engine = open(&data).unwrap();
    put(&engine, Table::Records, &[250], &noise(250, 9_000)).await.unwrap();
    kept.push(250);
    drop(engine);
    assert_kept(&data, &kept).await;
    println!("the disk was full and recovered");
}

/// Writes rows, eight at a time, until only refusals come; answers which were acknowledged.
async fn fill(data: &Path, first: u8) -> Vec<u8> {
    let engine = open(data).unwrap();
    let mut kept = Vec::new();
    for group in 0..10_u8 {
        let numbers = (0..8).map(|n| first + group * 8 + n);
        let writes = numbers.map(|n| {
            let engine = engine.clone();
            async move {
                let value = noise(n.into(), 9_000 * usize::from(1 + n % 8));
                (n, put(&engine, Table::Records, &[n], &value).await)
            }
        });
        for (n, written) in futures::future::join_all(writes).await {
            match written {
                Ok(()) => kept.push(n),
                Err(StorageError::Full(_)) => {
                    // Certain: the refused row is not there, now or later.
                    assert_eq!(get(&engine, Table::Records, &[n]).await.unwrap(), None);
                }
                Err(error) => panic!("row {n}: {error:?}"),
            }
        }
    }
    assert!(kept.len() < 80, "the disk was never full");
    println!("{} rows from {first} were acknowledged", kept.len());
    kept
}

async fn assert_kept(data: &Path, kept: &[u8]) {
    let engine = open(data).unwrap();
    let rows = all(&engine, Table::Records).await;
    assert!(rows.iter().map(|(key, _)| key[0]).eq(kept.iter().copied()));
    for (key, value) in rows {
        assert!(noise(key[0].into(), value.len()) == value);
    }
}
