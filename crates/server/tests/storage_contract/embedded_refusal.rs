//! Files that are not taken for a database, each with the reason that the reader is told.

use std::fs;
use std::path::Path;

use statelock_server::storage::Table;
use statelock_server::storage::embedded::OpenError;

use crate::rows::{noise, open, put};

const RECORDS: Table = Table::Records;

async fn fill(directory: &Path) {
    let engine = open(directory).unwrap();
    for n in 0..50 {
        let size = usize::try_from(n * 40).unwrap();
        put(&engine, RECORDS, &[n.try_into().unwrap()], &noise(n, size)).await.unwrap();
    }
    put(&engine, Table::Chunks, b"chunk", &noise(99, 100_000)).await.unwrap();
    engine.close().await.unwrap();
}

#[test]
fn a_file_in_place_of_the_directory_is_not_usable() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();

    for path in [file.clone(), file.join("below")] {
        let error = open(&path).err().unwrap();
        assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
    }
}

/// Fills a directory, changes its database file, and answers why it is refused then.
async fn refusal(change: impl FnOnce(&Path)) -> OpenError {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path()).await;
    change(&directory.path().join("statelock.db"));
    open(directory.path()).err().expect("a changed database is refused")
}

fn assert_corrupt(error: &OpenError, reason: &str) {
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[tokio::test]
async fn a_database_file_of_another_length_is_corrupt() {
    let error = refusal(|path| fs::write(path, "").unwrap()).await;
    assert_corrupt(&error, "it is empty");

    for keep in [1, 99, 100, 4_095, 4_096, 8_192, 20_000] {
        let error = refusal(|path| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(keep).unwrap();
        })
        .await;
        assert_corrupt(&error, "is corrupt: ");
    }
}

#[tokio::test]
async fn what_is_not_a_statelock_database_is_corrupt() {
    let error = refusal(|path| fs::write(path, noise(1, 50_000)).unwrap()).await;
    assert_corrupt(&error, "file is not a database");

    let error = refusal(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    })
    .await;
    assert_corrupt(&error, "it is not a file");

    let error = refusal(|path| {
        fs::remove_file(path).unwrap();
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("CREATE TABLE records(k, v)").unwrap();
    })
    .await;
    assert_corrupt(&error, "it is not a statelock database");

    let error = refusal(|path| {
        let ours = rusqlite::Connection::open(path).unwrap();
        ours.execute_batch("CREATE TABLE more(k, v)").unwrap();
    })
    .await;
    assert_corrupt(&error, "its tables are not ours");
}

#[tokio::test]
async fn a_log_without_its_database_is_corrupt() {
    let error = refusal(|path| {
        fs::rename(path, path.with_extension("db-wal")).unwrap();
    })
    .await;
    assert_corrupt(&error, "the database file is missing, but its log is there");
}

#[tokio::test]
async fn a_newer_format_is_named() {
    let error = refusal(|path| {
        let ours = rusqlite::Connection::open(path).unwrap();
        ours.pragma_update(None, "user_version", 7).unwrap();
    })
    .await;

    let OpenError::NewerFormat { found, supported, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((found, supported), (7, 1));
}

#[test]
fn an_unfinished_creation_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["statelock.db.new", "statelock.db.new-journal"] {
        fs::write(directory.path().join(name), noise(2, 3_000)).unwrap();
    }

    open(directory.path()).unwrap();
    assert!(!directory.path().join("statelock.db.new").exists());
}
