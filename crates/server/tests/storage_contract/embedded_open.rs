//! Opening and closing: what is kept, and who is refused.

use std::fs;
use std::path::Path;

use statelock_server::storage::Table;
use statelock_server::storage::embedded::OpenError;

use crate::child;
use crate::rows::{all, get, open, put};

const RECORDS: Table = Table::Records;

#[tokio::test]
async fn p12_acknowledged_rows_survive_close_and_drop() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..6_u8 {
        let engine = open(directory.path()).unwrap();
        let rows = all(&engine, RECORDS).await;
        assert!(rows.iter().map(|(key, _)| key[0]).eq(0..round));
        put(&engine, RECORDS, &[round], b"value").await.unwrap();
        if round % 2 == 0 {
            engine.close().await.unwrap();
        }
        // Otherwise dropped, which waits for the writer as well.
    }
}

#[tokio::test]
async fn p12_writes_queued_before_close_are_kept_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path()).unwrap();
    let writes = (0..200_u8).map(|n| {
        let engine = engine.clone();
        async move { (n, put(&engine, RECORDS, &[n], b"value").await.is_ok()) }
    });
    let (answers, closed) = tokio::join!(futures::future::join_all(writes), engine.close());
    closed.unwrap();
    drop(engine);

    let engine = open(directory.path()).unwrap();
    for (n, acknowledged) in answers {
        let kept = get(&engine, RECORDS, &[n]).await.unwrap().is_some();
        assert_eq!(kept, acknowledged, "row {n}");
    }
}

#[tokio::test]
async fn a_clean_close_leaves_one_database_file_and_the_lock() {
    // Again and again: a log stays when two connections close in the same moment.
    for round in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(directory.path()).unwrap();
        put(&engine, RECORDS, b"k", b"v").await.unwrap();
        if round % 2 == 0 {
            engine.close().await.unwrap();
        }
        drop(engine);

        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["lock", "statelock.db"], "round {round}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_what_was_created() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/b");
    let engine = open(&directory).unwrap();
    put(&engine, RECORDS, b"k", b"v").await.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let entries: Vec<_> = fs::read_dir(&directory).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries.len(), 4, "database, log, index and lock: {entries:?}");
    for entry in entries {
        assert_eq!(mode(&entry.path()), 0o600, "{entry:?}");
    }
}

#[test]
fn a_second_engine_is_refused_and_told_who_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path()).unwrap();

    let error = open(directory.path()).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "data directory `{}` is in use by process {}; stop it or choose another directory",
            directory.path().display(),
            std::process::id()
        )
    );

    drop(first);
    open(directory.path()).unwrap();
}

#[test]
fn an_engine_in_another_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path()).unwrap();
    let test = "embedded_open::child_reports_how_opening_went";

    let output = child::command(test, directory.path()).output().unwrap();
    let expected = format!("opening: in use by {}", std::process::id());
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains(&expected), "{output}");

    drop(engine);
    let output = child::command(test, directory.path()).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("opening: done"), "{output}");
}

#[test]
fn child_reports_how_opening_went() {
    let Some(directory) = child::directory() else {
        return;
    };
    match open(&directory) {
        Ok(_) => println!("opening: done"),
        Err(OpenError::InUse { holder, .. }) => println!("opening: in use by {}", holder.unwrap()),
        Err(error) => println!("opening: {error}"),
    }
}
