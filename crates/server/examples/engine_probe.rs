//! Measures durable single-row commits of the embedded engine, by hand:
//!
//! ```text
//! cargo run --release -p statelock-server --example engine_probe -- DIR [SECONDS]
//! ```
//!
//! `DIR` must be on the disk to measure, and new: a tmpfs syncs nothing. One line per number of
//! concurrent writers: acknowledged writes per second, latency as a writer sees it, and how many
//! writes shared a commit. The figures of record are in `docs/decisions/0003-embedded-engine.md`.

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use statelock_server::storage::embedded::EmbeddedStorage;
use statelock_server::storage::{Storage, Table, Verdict};
use tokio::time::Instant;

/// As large as the lock info of a stock client.
const VALUE_SIZE_BYTES: usize = 212;

/// Rows that one writer replaces in turn.
const ROWS_PER_WRITER: u64 = 100;

const WRITERS: [u64; 3] = [1, 8, 64];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("usage: engine_probe DIR [SECONDS]")?);
    let seconds = match arguments.next() {
        Some(text) => text.to_str().ok_or("SECONDS is not a number")?.parse()?,
        None => 3,
    };
    println!("writers  writes/s   p50 ms   p99 ms   max ms  writes/commit");
    for writers in WRITERS {
        let storage = Arc::new(EmbeddedStorage::open(&directory)?);
        measure(&storage, writers, Duration::from_secs(seconds)).await?;
        storage.close().await?;
    }
    Ok(())
}

async fn measure(
    storage: &Arc<EmbeddedStorage>,
    writers: u64,
    duration: Duration,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| tokio::spawn(write_until(Arc::clone(storage), writer, start + duration)))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await?.map_err(|error| error.to_string())?);
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    let stats = storage.stats();
    let count = u32::try_from(latencies.len())?;
    let (jobs, commits) = (u32::try_from(stats.jobs)?, u32::try_from(stats.commits)?);
    println!(
        "{writers:7}  {:8.0} {:8.2} {:8.2} {:8.2} {:14.1}",
        f64::from(count) / elapsed.as_secs_f64(),
        percentile_ms(&latencies, 50),
        percentile_ms(&latencies, 99),
        percentile_ms(&latencies, 100),
        f64::from(jobs) / f64::from(commits),
    );
    Ok(())
}

async fn write_until(
    storage: Arc<EmbeddedStorage>,
    writer: u64,
    end: Instant,
) -> Result<Vec<Duration>, statelock_server::storage::StorageError> {
    let mut latencies = Vec::new();
    for n in 0_u64.. {
        let begun = Instant::now();
        if begun >= end {
            break;
        }
        let key = format!("lock/{writer:03}/{:03}", n % ROWS_PER_WRITER).into_bytes();
        // Another value each time: SQLite writes and syncs nothing for a row that stays the same.
        let mut value = [7; VALUE_SIZE_BYTES];
        value[..8].copy_from_slice(&n.to_le_bytes());
        let job = move |transaction: &mut dyn statelock_server::storage::Transaction| {
            transaction.put(Table::Records, &key, &value)?;
            Ok(Verdict::Commit)
        };
        storage.write(Box::new(job)).await?;
        latencies.push(begun.elapsed());
    }
    Ok(latencies)
}

/// The `percent`th percentile of sorted durations, in milliseconds.
fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
}
