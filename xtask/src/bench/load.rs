//! Clients that run lock cycles as fast as the server lets them, on one connection each.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use statelock_testkit::signed_client::SignedClient;
use statelock_testkit::sigv4::Signer;

use super::report::{Row, rate};

const BUCKET: &str = "tfstate";
/// How long clients work before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// A server under test.
#[derive(Debug)]
pub(super) struct Target {
    address: SocketAddr,
    signer: Signer,
}

impl Target {
    pub(super) fn new(address: SocketAddr, access_key: &str, secret_key: &str) -> Self {
        Self { address, signer: Signer::new(access_key, secret_key) }
    }

    fn client(&self) -> SignedClient {
        SignedClient::new(self.address, self.signer.clone())
    }

    /// Makes the bucket, for a server that does not make it by itself.
    pub(super) fn create_bucket(&self) -> Result<()> {
        expect_status(&mut self.client(), "PUT", &format!("/{BUCKET}"), &[], b"", 200)
    }
}

/// Runs `clients` at once; counts the cycles that end within `time` after the warm-up.
pub(super) fn run(target: &Target, clients: usize, time: Duration) -> Result<Row> {
    let from = Instant::now() + WARM_UP;
    let until = from + time;
    let results: Vec<_> = std::thread::scope(|scope| {
        let start = |number| scope.spawn(move || work(target, number, from, until));
        let running: Vec<_> = (0..clients).map(start).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut latencies = Vec::new();
    for result in results {
        latencies.extend(result.map_err(|_| anyhow!("a client died"))??);
    }
    ensure!(!latencies.is_empty(), "no cycle ended in {time:?}");
    latencies.sort_unstable();
    let cycles = latencies.len();
    let percentile = |percent: usize| {
        let at = (cycles * percent / 100).min(cycles - 1);
        latencies.get(at).copied().unwrap_or_default()
    };
    let (median, p99) = (percentile(50), percentile(99));
    Ok(Row { clients, cycles_per_second: rate(cycles, time), median, p99 })
}

/// One client's cycles, until the end; returns the durations of those within the measured time.
fn work(target: &Target, number: usize, from: Instant, until: Instant) -> Result<Vec<Duration>> {
    let mut client = target.client();
    let state_path = format!("/{BUCKET}/bench/{number}/terraform.tfstate");
    let lock_path = format!("{state_path}.tflock");
    let mut durations = Vec::new();
    for serial in 1_u64.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let (info, state) = (lock_info(number, serial), state(number, serial));
        expect_status(&mut client, "PUT", &lock_path, &[("if-none-match", "*")], &info, 200)?;
        expect_status(&mut client, "PUT", &state_path, &[], &state, 200)?;
        expect_status(&mut client, "DELETE", &lock_path, &[], b"", 204)?;
        let ended = Instant::now();
        if ended >= from && ended < until {
            durations.push(ended - began);
        }
    }
    Ok(durations)
}

/// What terraform writes into a lock.
fn lock_info(client: usize, serial: u64) -> Vec<u8> {
    format!(
        "{{\"ID\":\"{client:08}-0000-0000-0000-{serial:012}\",\"Operation\":\"OperationTypeApply\",\
         \"Info\":\"\",\"Who\":\"bench@loopback\",\"Version\":\"1.11.4\",\
         \"Created\":\"2026-01-02T03:04:05.678901234Z\",\
         \"Path\":\"{BUCKET}/bench/{client}/terraform.tfstate\"}}"
    )
    .into_bytes()
}

/// A state of about 10 KB whose serial rises and whose lineage stays.
fn state(client: usize, serial: u64) -> Vec<u8> {
    let values: Vec<_> = (0..150)
        .map(|number| format!("\"output_{number:03}\": {{ \"value\": \"{serial:016}-{number:08}\", \"type\": \"string\" }}"))
        .collect();
    format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"{client:08}-1111-2222-3333-444444444444\",\n  \"outputs\": {{\n    {}\n  \
         }},\n  \"resources\": [],\n  \"check_results\": null\n}}\n",
        values.join(",\n    ")
    )
    .into_bytes()
}

fn expect_status(
    client: &mut SignedClient,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    expected: u16,
) -> Result<()> {
    let answer =
        client.s3(method, path, headers, body).with_context(|| format!("{method} {path}"))?;
    let status = answer.status();
    ensure!(status == expected, "{method} {path} was answered {status}: {}", answer.text());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_about_ten_kilobytes() {
        let bytes = state(7, 42);
        assert!((9_000..=13_000).contains(&bytes.len()), "{}", bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\"serial\": 42,"));
    }
}
