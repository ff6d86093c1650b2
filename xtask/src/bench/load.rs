//! Clients that run lock cycles as fast as the server lets them, on one connection each.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use statelock_testkit::signed_client::{Answer, SignedClient};
use statelock_testkit::sigv4::Signer;

use super::report::{Row, rate};

/// The bucket of all measurements.
pub(super) const BUCKET: &str = "tfstate";
/// How long clients work before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// A client to which nothing succeeds for so many cycles gives up.
const FAILURES_MAX: usize = 20;

/// A state's serial has to grow, from one measurement to the next too.
static SERIALS: AtomicU64 = AtomicU64::new(1);

/// A server under test.
#[derive(Clone, Debug)]
pub(super) struct Target {
    address: SocketAddr,
    signer: Signer,
}

/// By what a cycle takes its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol<'a> {
    /// An object, put if absent.
    Lockfile,
    /// An item of this lock table.
    LockTable(&'a str),
}

/// Clients that work at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    pub(super) protocol: Protocol<'a>,
    pub(super) clients: usize,
    pub(super) end: End,
}

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// After this time, and a warm-up before it.
    After(Duration),
    /// When each client has done so many cycles.
    Cycles(usize),
}

/// What one client did.
#[derive(Debug, Default)]
struct Done {
    /// Of the cycles that began within the measured time; the slowest may end after it.
    durations: Vec<Duration>,
    /// Cycles that ended within the measured time.
    ended: usize,
    failed: usize,
    /// The first failure.
    complaint: Option<String>,
}

impl Target {
    pub(super) fn new(address: SocketAddr, access_key: &str, secret_key: &str) -> Self {
        Self { address, signer: Signer::new(access_key, secret_key) }
    }

    pub(super) fn client(&self) -> SignedClient {
        SignedClient::new(self.address, self.signer.clone())
    }

    /// Makes the bucket, for a server that does not make it by itself.
    pub(super) fn create_bucket(&self) -> Result<()> {
        let path = format!("/{BUCKET}");
        let made = self.client().s3("PUT", &path, &[], b"").context("no answer")?;
        expect(&made, 200, "CreateBucket")
    }
}

/// Lets the clients work, and counts.
pub(super) fn run(target: &Target, load: Load<'_>) -> Result<Row> {
    let started = Instant::now();
    let (from, until) = match load.end {
        End::After(time) => (started + WARM_UP, Some(started + WARM_UP + time)),
        End::Cycles(_) => (started, None),
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let start = |number| scope.spawn(move || work(target, load, number, (from, until)));
        let running: Vec<_> = (0..load.clients).map(start).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let time = match load.end {
        End::After(time) => time,
        End::Cycles(_) => started.elapsed(),
    };
    let mut all = Done::default();
    for result in results {
        let done = result.map_err(|_| anyhow!("a client died"))?;
        all.durations.extend(done.durations);
        all.ended += done.ended;
        all.failed += done.failed;
        all.complaint = all.complaint.or(done.complaint);
    }
    let complaint = all.complaint.unwrap_or_else(|| match all.durations.len() {
        0 => "one takes longer, measure for more --seconds".to_owned(),
        _ => String::new(),
    });
    ensure!(!all.durations.is_empty(), "no cycle succeeded in {time:?}: {complaint}");
    all.durations.sort_unstable();
    let (cycles, failed) = (all.durations.len(), all.failed);
    let percentile = |percent: usize| {
        let at = (cycles * percent / 100).min(cycles - 1);
        all.durations.get(at).copied().unwrap_or_default()
    };
    let (median, p99, clients) = (percentile(50), percentile(99), load.clients);
    let cycles_per_second = rate(all.ended, time);
    Ok(Row { clients, cycles_per_second, median, p99, failed, complaint })
}

/// One client's cycles, until the end.
fn work(
    target: &Target,
    load: Load<'_>,
    number: usize,
    (from, until): (Instant, Option<Instant>),
) -> Done {
    let mut client = target.client();
    let (mut done, mut in_a_row) = (Done::default(), 0);
    let cycles = match load.end {
        End::After(_) => usize::MAX,
        End::Cycles(cycles) => cycles,
    };
    for _ in 0..cycles {
        let began = Instant::now();
        if until.is_some_and(|until| began >= until) || in_a_row >= FAILURES_MAX {
            break;
        }
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = cycle(&mut client, load.protocol, number, serial) {
            done.failed += 1;
            in_a_row += 1;
            done.complaint.get_or_insert(format!("{error:#}"));
            client = target.client();
            release(&mut client, load.protocol, number);
            continue;
        }
        in_a_row = 0;
        let ended = Instant::now();
        if began >= from {
            done.durations.push(ended - began);
        }
        if ended >= from && until.is_none_or(|until| ended < until) {
            done.ended += 1;
        }
    }
    done
}

/// Takes the lock, writes what it protects, and releases it.
fn cycle(
    client: &mut SignedClient,
    protocol: Protocol<'_>,
    number: usize,
    serial: u64,
) -> Result<()> {
    let info = lock_info(number, serial);
    match protocol {
        Protocol::Lockfile => {
            let path = state_path(number);
            let lock = format!("{path}.tflock");
            let taken = client.s3("PUT", &lock, &[("if-none-match", "*")], &info);
            expect(&taken.context("lock")?, 200, "lock")?;
            let state = state(number, serial);
            expect(&client.s3("PUT", &path, &[], &state).context("state")?, 200, "state")?;
            expect(&client.s3("DELETE", &lock, &[], b"").context("unlock")?, 204, "unlock")
        }
        Protocol::LockTable(table) => {
            let info = String::from_utf8(info)?.replace('"', "\\\"");
            let lock = format!(
                "{{\"TableName\":\"{table}\",\"Item\":{{\"LockID\":{{\"S\":\"{0}\"}},\"Info\":\
                 {{\"S\":\"{info}\"}}}},\"ConditionExpression\":\"attribute_not_exists(LockID)\"}}",
                lock_id(number)
            );
            let taken = client.dynamodb("PutItem", lock.as_bytes()).context("lock")?;
            expect(&taken, 200, "lock")?;
            let digest = format!(
                "{{\"TableName\":\"{table}\",\"Item\":{{\"LockID\":{{\"S\":\"{}-md5\"}},\"Digest\":\
                 {{\"S\":\"{serial:032x}\"}}}}}}",
                lock_id(number)
            );
            let noted = client.dynamodb("PutItem", digest.as_bytes()).context("digest")?;
            expect(&noted, 200, "digest")?;
            let removal = removal(table, number);
            let released = client.dynamodb("DeleteItem", removal.as_bytes()).context("unlock")?;
            expect(&released, 200, "unlock")
        }
    }
}

/// After a failure: whether it succeeds shows in the next cycle.
fn release(client: &mut SignedClient, protocol: Protocol<'_>, number: usize) {
    let answer = match protocol {
        Protocol::Lockfile => {
            client.s3("DELETE", &format!("{}.tflock", state_path(number)), &[], b"")
        }
        Protocol::LockTable(table) => {
            client.dynamodb("DeleteItem", removal(table, number).as_bytes())
        }
    };
    drop(answer);
}

fn removal(table: &str, number: usize) -> String {
    let id = lock_id(number);
    format!("{{\"TableName\":\"{table}\",\"Key\":{{\"LockID\":{{\"S\":\"{id}\"}}}}}}")
}

fn state_path(number: usize) -> String {
    format!("/{BUCKET}/bench/{number}/terraform.tfstate")
}

fn lock_id(number: usize) -> String {
    format!("{BUCKET}/bench/{number}/terraform.tfstate")
}

/// An error, unless the answer has this status.
pub(super) fn expect(answer: &Answer, status: u16, what: &str) -> Result<()> {
    let said = answer.status();
    let text: String = answer.text().chars().take(300).collect();
    ensure!(said == status, "{what} was answered {said}: {text}");
    Ok(())
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
