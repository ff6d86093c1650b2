//! A server, its metrics and its audit log, and a raw client of its `http` backend.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use statelock_testkit::server_process::{ServerProcess, wait_until};
use tempfile::TempDir;

/// How long anything may take that does not depend on a client's own work.
const BOUND: Duration = Duration::from_mins(1);

/// A running server.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    pub(crate) scratch: TempDir,
}

impl Stage {
    pub(crate) fn new(extra: &[&str]) -> Self {
        let scratch = TempDir::with_prefix("statelock-queue-").expect("a scratch directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &scratch.path().join("data"), extra);
        Self { server, scratch }
    }

    pub(crate) fn client(&self) -> Client {
        let (name, secret) = self.server.credentials();
        let basic = STANDARD.encode(format!("{name}:{secret}"));
        // What Terraform's `http` backend says.
        Client { address: self.server.address(), basic, user_agent: "Go-http-client/1.1" }
    }

    /// The value of a metric without labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let page = self.client().ask("GET", "/_statelock/metrics", "").expect("the metrics").body;
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.and_then(|value| value.parse().ok()).expect("the metric is a whole number")
    }

    pub(crate) fn await_metric(&self, name: &str, value: u64) {
        let reached = wait_until(BOUND, || (self.metric(name) == value).then_some(()));
        assert!(reached.is_some(), "{name} is {}, not {value}", self.metric(name));
    }

    /// When the lock on each state was taken and became free, in microseconds, oldest first.
    pub(crate) fn lock_times(&self) -> Vec<(String, u64)> {
        let output = Command::new(env!("CARGO_BIN_EXE_statelock"))
            .args(["audit", "--json", "--limit", "1000", "--endpoint-url"])
            .arg(self.server.endpoint())
            .envs(self.server.client_env())
            .output()
            .expect("statelock audit runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let page: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let records = page["records"].as_array().expect("records");
        let mut times: Vec<_> = records
            .iter()
            .filter_map(|record| {
                let action = record["action"].as_str()?;
                let is_about_locks = matches!(action, "lock_acquired" | "lock_released");
                is_about_locks
                    .then(|| Some((action.to_owned(), record["at_micros"].as_u64()?)))
                    .flatten()
            })
            .collect();
        times.sort_by_key(|(_, at)| *at);
        times
    }

    /// How long the lock was free between one holder and the next, in their order.
    pub(crate) fn idle_times(&self) -> Vec<Duration> {
        let times = self.lock_times();
        times
            .windows(2)
            .filter_map(|pair| match pair {
                [(released, from), (acquired, to)]
                    if released == "lock_released" && acquired == "lock_acquired" =>
                {
                    Some(Duration::from_micros(to - from))
                }
                _ => None,
            })
            .collect()
    }
}

/// A client of the `http` backend, one connection per request.
pub(crate) struct Client {
    address: SocketAddr,
    basic: String,
    user_agent: &'static str,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn named(self, user_agent: &'static str) -> Self {
        Self { user_agent, ..self }
    }

    pub(crate) fn lock(&self, id: &str) -> Answer {
        self.ask("LOCK", STATE, &info(id)).expect("an answer to LOCK")
    }

    pub(crate) fn unlock(&self, id: &str) -> Answer {
        self.ask("UNLOCK", STATE, &info(id)).expect("an answer to UNLOCK")
    }

    /// Sends LOCK and does not read the answer.
    pub(crate) fn send_lock(&self, id: &str) -> TcpStream {
        self.send("LOCK", STATE, &info(id))
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        read_answer(self.send(method, path, body))
    }

    fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(BOUND)).expect("a read timeout");
        let (host, basic, length) = (self.address, &self.basic, body.len());
        let agent = self.user_agent;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {basic}\r\n\
             connection: close\r\nuser-agent: {agent}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).expect("the request is sent");
        stream
    }
}

const STATE: &str = "/_statelock/state/tfstate/raw/terraform.tfstate";

fn info(id: &str) -> String {
    format!(
        r#"{{"ID":"{id}","Operation":"OperationTypeApply","Info":"","Who":"{id}@here","Version":"1.11.4","Created":"2026-01-02T03:04:05.678901234Z","Path":""}}"#
    )
}

pub(crate) fn read_answer(mut stream: TcpStream) -> std::io::Result<Answer> {
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok(Answer { status: status.unwrap_or_default(), body: body.unwrap_or_default() })
}
