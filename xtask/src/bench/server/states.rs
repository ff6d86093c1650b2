//! States of several sizes, written and read by one client, and the memory that it takes.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use statelock_protocol::state::Digest;
use statelock_testkit::sigv4::payload_hash;

use super::process::{self, mebibytes};
use super::{Contestant, Running, Site};
use crate::bench::load::{self, BUCKET, Target};

/// How often each state is written and read; the figure is the median.
const RUNS: usize = 5;

/// What one size costs.
struct Cost {
    put: Duration,
    get: Duration,
    /// Above what the server took before, in bytes.
    memory: u64,
}

pub(super) fn run(site: &Site, contestants: &[Contestant], sizes: &[usize]) -> Result<()> {
    println!("### States\n");
    let hashing: Vec<_> = sizes
        .iter()
        .map(|size| {
            let state = state(size << 10, 1);
            let began = Instant::now();
            let hash = payload_hash(&state);
            let sha256 = began.elapsed();
            let etag = Digest::of(&state).to_string();
            let both = began.elapsed();
            ensure!(hash.len() == 64 && etag.len() == 32, "no hash");
            Ok(format!("{} {} and {}", title(*size), millis(sha256), millis(both)))
        })
        .collect::<Result<_>>()?;
    println!(
        "PutObject and GetObject by one client, the median of {RUNS}; and how much more memory than when \
         idle the server takes at most. S3 asks for a body's SHA-256 and its MD5; SHA-256 alone and both, one after \
         the other, take here: {}.\n",
        hashing.join(", ")
    );
    let heads: Vec<_> =
        sizes.iter().map(|size| format!("{}: put | get | memory", title(*size))).collect();
    println!("| server | idle | {} |", heads.join(" | "));
    println!("|---|---|{}", "---|---|---|".repeat(sizes.len()));
    let mut complaints = Vec::new();
    for contestant in contestants {
        let running = match contestant.start(site) {
            Ok(running) => running,
            Err(error) if *contestant == Contestant::Ours => return Err(error),
            Err(error) => {
                complaints.push(format!("{} was not measured: {error:#}", contestant.title()));
                continue;
            }
        };
        let (Some(target), Some(process)) = (running.objects(), running.process_id()) else {
            continue;
        };
        let idle = process::memory(process)?.now;
        let mut cells = format!("{:.0} MiB |", mebibytes(idle));
        for size in sizes {
            match cost(&target, process, *size) {
                Ok(Cost { put, get, memory }) => {
                    let (put, get) = (millis(put), millis(get));
                    let _written = write!(cells, " {put} | {get} | {:.0} MiB |", mebibytes(memory));
                }
                Err(error) => {
                    cells.push_str(" failed | – | – |");
                    let (name, large) = (contestant.title(), title(*size));
                    complaints.push(format!("{name}, {large}: {error:#}"));
                }
            }
        }
        println!("| {} | {cells}", contestant.title());
        drop::<Running>(running);
    }
    println!();
    for complaint in complaints {
        println!("{complaint}\n");
    }
    Ok(())
}

fn cost(target: &Target, process: u32, kibibytes: usize) -> Result<Cost> {
    let path = format!("/{BUCKET}/sizes/{kibibytes}/terraform.tfstate");
    let mut client = target.client();
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    process::forget_peak(process)?;
    let before = process::memory(process)?;
    for serial in 1..=RUNS {
        let state = state(kibibytes << 10, serial);
        let hash = payload_hash(&state);
        let began = Instant::now();
        let put = client.s3_hashed("PUT", &path, &[], &state, &hash).context("put")?;
        puts.push(began.elapsed());
        load::expect(&put, 200, "put")?;
        let began = Instant::now();
        let got = client.s3("GET", &path, &[], b"").context("get")?;
        gets.push(began.elapsed());
        ensure!(got.status() == 200, "get was answered {}", got.status());
        ensure!(got.body.len() >= state.len(), "only {} bytes came back", got.body.len());
    }
    let peak = process::memory(process)?.peak;
    let memory = peak.saturating_sub(before.now);
    Ok(Cost { put: median(puts), get: median(gets), memory })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A state of this size whose values repeat no more than those of real ones.
fn state(bytes: usize, serial: usize) -> Vec<u8> {
    let mut state = format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"6b0d3f5c-7f0a-4f4e-9d6b-0a5d4b9b7c11\",\n  \"outputs\": {{\n"
    );
    let end = "\n  },\n  \"resources\": [],\n  \"check_results\": null\n}\n";
    let mut value: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut number = 0;
    while state.len() + end.len() < bytes || number == 0 {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        let separator = if number == 0 { "" } else { ",\n" };
        let _written = write!(
            state,
            "{separator}    \"output_{number:08}\": {{ \"value\": \"{value:016x}\", \"type\": \"string\" }}"
        );
        number += 1;
    }
    state.push_str(end);
    state.into_bytes()
}

fn title(kibibytes: usize) -> String {
    if kibibytes >= 1024 { format!("{} MiB", kibibytes >> 10) } else { format!("{kibibytes} KiB") }
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_its_size_and_its_serial() {
        let text = String::from_utf8(state(100 << 10, 7)).unwrap();
        assert!((100 << 10..(100 << 10) + 100).contains(&text.len()), "{}", text.len());
        assert!(text.contains("\"serial\": 7,"));
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn sizes_and_times_are_readable() {
        assert_eq!((title(10).as_str(), title(102_400).as_str()), ("10 KiB", "100 MiB"));
        assert_eq!(millis(Duration::from_micros(1_240)), "1.2 ms");
        assert_eq!(millis(Duration::from_millis(120)), "120 ms");
        let times = [3, 1, 2].map(Duration::from_secs).to_vec();
        assert_eq!(median(times), Duration::from_secs(2));
    }
}
