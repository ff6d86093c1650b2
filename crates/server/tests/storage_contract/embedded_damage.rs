//! Bytes that change below the engine are reported or harmless, never served as other data.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use statelock_server::storage::{StorageError, Table};

use crate::rows::{Engine, delete, get, noise, open, put, scan};

type Expected = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// Fills a store with rows of many sizes, and with freed space, and answers what it holds.
async fn fill(engine: &Engine) -> Expected {
    let mut expected = Expected::new();
    for n in 0..120_u64 {
        let key = format!("bucket/state-{n:03}").into_bytes();
        let value = noise(n, usize::try_from(n * n % 2_500).unwrap());
        put(engine, Table::Records, &key, &value).await.unwrap();
        expected.insert((Table::Records, key), Some(value));
    }
    for n in 0..12_u64 {
        let key = format!("chunk-{n:02}").into_bytes();
        let value = noise(1_000 + n, usize::try_from(n * 1_500).unwrap());
        put(engine, Table::Chunks, &key, &value).await.unwrap();
        expected.insert((Table::Chunks, key), Some(value));
    }
    for ((table, key), value) in expected.iter_mut().step_by(7) {
        delete(engine, *table, key).await.unwrap();
        *value = None;
    }
    expected
}

/// Whether every row reads as expected. Panics on other data; damage is `false`.
async fn reads_as(engine: &Engine, expected: &Expected, what: &str) -> bool {
    let mut whole = true;
    for ((table, key), value) in expected {
        match get(engine, *table, key).await {
            Ok(stored) => assert!(stored == *value, "{what}: {} differs", key.escape_ascii()),
            Err(StorageError::Corrupt(_)) => whole = false,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    for scanned in [Table::Records, Table::Chunks] {
        match scan(engine, scanned, b"", None, usize::MAX).await {
            Ok(rows) => assert!(
                rows.iter().map(|(key, value)| (key, value)).eq(expected
                    .iter()
                    .filter(|((table, _), _)| *table == scanned)
                    .filter_map(|((_, key), value)| Some((key, value.as_ref()?)))),
                "{what}: a scan of {scanned:?} differs"
            ),
            Err(StorageError::Corrupt(_)) => whole = false,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    whole
}

/// The whole file header, the heads of some pages, and positions all over the file.
fn sampled_positions(len: usize) -> Vec<usize> {
    let heads = (0..len).step_by(4_096 * 9).flat_map(|page| page..page + 12);
    let random = noise(7, 4 * 250);
    let anywhere = random
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
        .map(|number| usize::try_from(number).unwrap() % len);
    (0..110).chain(heads).chain(anywhere).collect()
}

#[tokio::test]
async fn a_flipped_bit_is_reported_or_harmless() {
    let original = tempfile::tempdir().unwrap();
    let engine = open(original.path()).unwrap();
    let expected = fill(&engine).await;
    engine.close().await.unwrap();
    drop(engine);
    let bytes = fs::read(original.path().join("statelock.db")).unwrap();

    let (mut refused, mut reported, mut harmless) = (0, 0, 0);
    for (sample, at) in sampled_positions(bytes.len()).into_iter().enumerate() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (sample % 8);
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("statelock.db"), damaged).unwrap();
        match open(directory.path()) {
            Err(_) => refused += 1,
            Ok(engine) => {
                if reads_as(&engine, &expected, &format!("byte {at}")).await {
                    harmless += 1;
                } else {
                    reported += 1;
                }
            }
        }
    }
    println!("{refused} refused at open, {reported} reported by a read, {harmless} harmless");
    assert!(refused > 0 && reported > 0 && harmless > 0);
}

/// Copies a store that is still open, as a machine that loses its power leaves it.
fn copy(from: &Path, to: &Path) {
    for name in ["statelock.db", "statelock.db-wal"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// SQLite cannot tell a damaged log from one whose end was not written. So rows may be missing
/// from its damaged part on, but they are the last ones, and none has another value.
#[tokio::test]
async fn a_damaged_log_ends_where_it_is_damaged() {
    let original = tempfile::tempdir().unwrap();
    let engine = open(original.path()).unwrap();
    for n in 0..60_u8 {
        put(&engine, Table::Records, &[n], &noise(n.into(), 300)).await.unwrap();
    }
    let bytes = fs::read(original.path().join("statelock.db-wal")).unwrap();

    let (mut shortest, mut longest) = (60, 0);
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let directory = tempfile::tempdir().unwrap();
        copy(original.path(), directory.path());
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(directory.path().join("statelock.db-wal"), damaged).unwrap();
        let recovered = open(directory.path()).unwrap();
        let rows = scan(&recovered, Table::Records, b"", None, 100).await.unwrap();
        for (n, row) in (0_u8..).zip(&rows) {
            assert!(*row == (vec![n], noise(n.into(), 300)), "byte {at}, row {n}");
        }
        shortest = shortest.min(rows.len());
        longest = longest.max(rows.len());
    }
    assert!(shortest == 0 && longest > 50, "from {shortest} to {longest}");
}

/// What is on the disk when a write returns is enough, without anything that came later.
#[tokio::test]
async fn p12_the_files_hold_every_acknowledged_row() {
    let original = tempfile::tempdir().unwrap();
    let engine = open(original.path()).unwrap();
    for n in 0..40_u8 {
        put(&engine, Table::Records, &[n], &noise(n.into(), 30_000)).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        copy(original.path(), directory.path());
        let copied = open(directory.path()).unwrap();
        let last = get(&copied, Table::Records, &[n]).await.unwrap();
        assert!(last == Some(noise(n.into(), 30_000)), "row {n}");
    }
}
