//! A process that is killed at any moment has kept every row it acknowledged.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use statelock_server::storage::{self, Table, Verdict};

use crate::child;
use crate::rows::{Engine, all, noise, open};

const ROUNDS: u64 = 12;
const FIRST_NUMBER: &str = "STATELOCK_TEST_CHILD_FIRST_NUMBER";
/// Numbers of one round lie below those of the next.
const ROUND_NUMBERS: u64 = 1 << 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_acknowledged_rows_survive_kill() {
    let seed = std::env::var("STATELOCK_TEST_SEED")
        .map_or_else(|_| RandomState::new().build_hasher().finish(), |seed| seed.parse().unwrap());
    println!("STATELOCK_TEST_SEED={seed}");
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let random = noise(seed.wrapping_add(round), 4);
        let wanted = 1 + usize::from(random[0]) * (1 + usize::from(random[1] % 4));
        let pause_micros = u64::from(random[2]) * 8;
        let before = acknowledged.len();
        write_until_killed(directory.path(), round, (wanted, pause_micros), &mut acknowledged);
        assert!(acknowledged.len() >= before + wanted);
        verify(directory.path(), &acknowledged, round + 1).await;
    }
}

/// Kills a writing child some time after it acknowledged `wanted` rows.
fn write_until_killed(
    directory: &Path,
    round: u64,
    (wanted, pause_micros): (usize, u64),
    acknowledged: &mut BTreeSet<u64>,
) {
    let first = round * ROUND_NUMBERS;
    let mut child = child::command("embedded_kill::child_writes_until_killed", directory)
        .env(FIRST_NUMBER, first.to_string())
        .spawn()
        .unwrap();
    let mut lines = acknowledgements(child.stdout.take().unwrap());
    acknowledged.extend(lines.by_ref().take(wanted));
    std::thread::park_timeout(std::time::Duration::from_micros(pause_micros));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it printed before it died is still in the pipe.
    acknowledged.extend(lines);
}

fn acknowledgements(output: ChildStdout) -> impl Iterator<Item = u64> {
    // A line that was cut short by the kill has no end mark and is not an acknowledgement.
    BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("row ")?.strip_suffix('.')?.parse().ok())
}

async fn verify(directory: &Path, acknowledged: &BTreeSet<u64>, rounds: u64) {
    let engine = open(directory).unwrap();
    let mut found = BTreeSet::new();
    for (key, value) in all(&engine, Table::Records).await {
        let number = u64::from_be_bytes(key.try_into().unwrap());
        assert!(value == content(number), "row {number} has another value");
        found.insert(number);
    }
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "acknowledged, but lost: {lost:?}");
    // Each job writes its chunk with its record: they are there together or not at all.
    let chunks = all(&engine, Table::Chunks).await;
    assert!(
        chunks.iter().map(|(key, _)| key.as_slice()).eq(found
            .iter()
            .map(|number| number.to_be_bytes())
            .collect::<Vec<_>>()
            .iter())
    );
    assert!(found.iter().all(|number| *number < rounds * ROUND_NUMBERS));
    engine.close().await.unwrap();
}

fn content(number: u64) -> Vec<u8> {
    // Now and then a large one, so that kills also fall into checkpoints.
    let size = if number.is_multiple_of(16) { 60_000 } else { 500 };
    noise(number, size)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_writes_until_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let engine = open(&directory).unwrap();
    let first = std::env::var(FIRST_NUMBER).unwrap().parse().unwrap();
    let next = Arc::new(AtomicU64::new(first));
    let writers = (0..8).map(|_| tokio::spawn(write_forever(engine.clone(), Arc::clone(&next))));
    futures::future::join_all(writers).await;
}

async fn write_forever(engine: Engine, next: Arc<AtomicU64>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let value = content(number);
        storage::write(&engine, move |transaction| {
            transaction.put(Table::Chunks, &number.to_be_bytes(), b"with it")?;
            transaction.put(Table::Records, &number.to_be_bytes(), &value)?;
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();
        // One call, one line: the kill cannot fall between the number and its end mark unseen.
        if writeln!(std::io::stdout(), "row {number}.").is_err() {
            return;
        }
    }
}
