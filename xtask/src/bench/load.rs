//! Clients that run lock cycles as fast as the server lets them, on one connection each.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use statelock_testkit::fault_proxy::http::Connection;

use super::report::{Row, rate};
use super::sigv4::{Signer, Unsigned};

const BUCKET: &str = "tfstate";
/// How long clients work before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// A server under test.
#[derive(Debug)]
pub(super) struct Target {
    address: SocketAddr,
    host: String,
    signer: Signer,
}

impl Target {
    pub(super) fn new(address: SocketAddr, access_key: String, secret_key: String) -> Self {
        Self { address, host: address.to_string(), signer: Signer::new(access_key, secret_key) }
    }

    /// Makes the bucket, for a server that does not make it by itself.
    pub(super) fn create_bucket(&self) -> Result<()> {
        Client::new(self).expect_status("PUT", &format!("/{BUCKET}"), false, b"", 200)
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
    let mut client = Client::new(target);
    let state_path = format!("/{BUCKET}/bench/{number}/terraform.tfstate");
    let lock_path = format!("{state_path}.tflock");
    let mut durations = Vec::new();
    for serial in 1_u64.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        client.expect_status("PUT", &lock_path, true, &lock_info(number, serial), 200)?;
        client.expect_status("PUT", &state_path, false, &state(number, serial), 200)?;
        client.expect_status("DELETE", &lock_path, false, b"", 204)?;
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

/// One connection, kept as long as the server keeps it.
struct Client<'target> {
    target: &'target Target,
    connection: Option<Connection>,
}

impl<'target> Client<'target> {
    fn new(target: &'target Target) -> Self {
        Self { target, connection: None }
    }

    fn expect_status(
        &mut self,
        method: &str,
        path: &str,
        if_none_match: bool,
        body: &[u8],
        expected: u16,
    ) -> Result<()> {
        let host = self.target.host.as_str();
        let request = Unsigned { method, path, host, if_none_match, body };
        let mut bytes = self.target.signer.head(&request).into_bytes();
        bytes.extend_from_slice(body);
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => Connection::new(TcpStream::connect(self.target.address)?)?,
        };
        connection.write_all(&bytes).context("could not send a request")?;
        let answer = connection.expect_head().with_context(|| format!("{method} {path}"))?;
        let mut said = Vec::new();
        connection.read_body(answer.response_body(method), &mut said)?;
        let status = answer.status();
        let said = String::from_utf8_lossy(&said);
        ensure!(status == expected, "{method} {path} was answered {status}: {said}");
        if !answer.closes() {
            self.connection = Some(connection);
        }
        Ok(())
    }
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
