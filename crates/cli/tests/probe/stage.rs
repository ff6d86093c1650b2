//! A store, the binary, and a way past it to look what is there.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::moto::Moto;
use statelock_testkit::signed_client::SignedClient;
use statelock_testkit::sigv4::Signer;
use statelock_testkit::skip::skip;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

pub(crate) use statelock_testkit::command::{Run, Running};
pub(crate) use statelock_testkit::real_clients::terraform::LOCK_TABLE as TABLE;
pub(crate) use statelock_testkit::store_server::BUCKET;

/// The bucket with a prefix.
pub(crate) const PLACE: &str = "s3://tfstate/team";
/// As few rounds as show that each is run.
pub(crate) const QUICK: &[&str] = &["--rounds", "2"];

/// One store, and a directory in which verdicts are kept.
pub(crate) struct Stage {
    pub(crate) server: StoreServer,
    pub(crate) scratch: TempDir,
}

impl Stage {
    /// The state server, whose bucket keeps versions.
    pub(crate) fn statelock() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self::on(StoreServer::statelock(binary, &[]))
    }

    /// moto, made atomic by a proxy, unless it cannot be had.
    pub(crate) fn moto(scenario: &str) -> Option<Self> {
        StoreServer::moto(&format!("probe of moto: {scenario}")).map(Self::on)
    }

    fn on(server: StoreServer) -> Self {
        Self { server, scratch: TempDir::with_prefix("statelock-probe-").expect("a directory") }
    }

    /// `statelock` with its store behind `endpoint`, and nothing else in its environment.
    pub(crate) fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(args).env_clear().envs(self.server.client_env(endpoint));
        command.env("AWS_CONFIG_FILE", "/dev/null").env("XDG_STATE_HOME", self.kept());
        command.stdin(Stdio::null()).current_dir(self.scratch.path());
        command
    }

    /// Where verdicts are kept.
    pub(crate) fn kept(&self) -> std::path::PathBuf {
        self.scratch.path().join("state")
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(&self.server.endpoint(), args))
    }

    /// `statelock probe s3://tfstate/team --rounds 2 REST`.
    pub(crate) fn probe(&self, rest: &[&str]) -> Run {
        self.run(&[&["probe", PLACE], QUICK, rest].concat())
    }

    /// The same through a proxy, running.
    pub(crate) fn spawn_probe(&self, proxy: &FaultProxy, rest: &[&str]) -> Running {
        let args = [&["probe", PLACE], QUICK, rest].concat();
        Running::start(self.command(&proxy.endpoint(), &args))
    }

    /// A client that says nothing but what it is told to.
    pub(crate) fn client(&self) -> SignedClient {
        let (id, secret) = self.server.credentials();
        SignedClient::new(address(&self.server.endpoint()), Signer::new(&id, &secret))
    }

    /// Everything that probes left in this bucket and in the table: versions, uploads and items.
    #[track_caller]
    pub(crate) fn left(&self, bucket: &str) -> Vec<String> {
        self.left_at(address(&self.server.endpoint()), bucket)
    }

    /// The same of a store at another address, with the same credentials.
    #[track_caller]
    pub(crate) fn left_at(&self, address: SocketAddr, bucket: &str) -> Vec<String> {
        let (id, secret) = self.server.credentials();
        let mut client = SignedClient::new(address, Signer::new(&id, &secret));
        let mut found = Vec::new();
        for what in ["versions", "uploads", "list-type=2"] {
            let answer =
                client.s3("GET", &format!("/{bucket}?{what}"), &[], b"").expect("an answer");
            assert_eq!(answer.status(), 200, "{}", answer.text());
            let text = answer.text();
            let keys = text.split("<Key>").skip(1);
            let keys = keys.filter_map(|rest| rest.split_once('<').map(|(key, _)| key));
            found.extend(keys.filter(|key| key.contains(".statelock-probe/")).map(str::to_owned));
        }
        let scan = serde_json::json!({ "TableName": TABLE, "ConsistentRead": true });
        let answer = client.dynamodb("Scan", scan.to_string().as_bytes()).expect("an answer");
        let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let items = document["Items"].as_array().expect("items").iter();
        let ids = items.filter_map(|item| item["LockID"]["S"].as_str());
        found.extend(ids.filter(|id| id.contains(".statelock-probe/")).map(str::to_owned));
        found
    }

    #[track_caller]
    pub(crate) fn assert_nothing_left(&self, bucket: &str) {
        assert_eq!(self.left(bucket), Vec::<String>::new());
    }
}

/// Two motos that know nothing of each other, as two nodes of a store that do not speak. Or a skip.
pub(crate) fn strangers(scenario: &str) -> Option<(Stage, Moto)> {
    let stage = Stage::moto(scenario)?;
    match Moto::start() {
        Ok(moto) => {
            moto.create_bucket(BUCKET);
            moto.create_lock_table(TABLE);
            Some((stage, moto))
        }
        Err(missing) => {
            skip(&format!("probe of two motos: {scenario}"), &missing.0);
            None
        }
    }
}

pub(crate) fn address(endpoint: &str) -> SocketAddr {
    endpoint.trim_start_matches("http://").parse().expect("an address")
}

/// The finding of an operation in a report.
#[track_caller]
pub(crate) fn finding<'a>(document: &'a Value, operation: &str) -> &'a Value {
    let all = document["operations"].as_array().expect("operations");
    let found = all.iter().find(|one| one["operation"] == operation);
    found.unwrap_or_else(|| absent(document, operation))
}

#[expect(clippy::panic, reason = "a report without an operation ends the test")]
fn absent<'a>(document: &Value, operation: &str) -> &'a Value {
    panic!("no {operation} in {document:#}");
}

/// The verdict of an operation in a report.
#[track_caller]
pub(crate) fn verdict<'a>(document: &'a Value, operation: &str) -> &'a str {
    finding(document, operation)["verdict"].as_str().expect("a verdict")
}

/// Operations whose verdict is another one than `enforced`.
pub(crate) fn not_enforced(document: &Value) -> Vec<(String, String)> {
    let all = document["operations"].as_array().expect("operations").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let bad = all.filter(|one| one["verdict"] != "enforced");
    bad.map(|one| (text(&one["operation"]), text(&one["verdict"]))).collect()
}
