//! A store, `doctor` on it, and answers that a store would give.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use serde_json::Value;
use statelock_testkit::command::Run;
use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request};
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

pub(crate) const KEY: &str = "app/terraform.tfstate";
pub(crate) const ADDRESS: &str = "s3://tfstate/app/terraform.tfstate";
pub(crate) const TABLE: &[&str] = &["--dynamodb-table", LOCK_TABLE];
pub(crate) const DUAL: &[&str] = &["--dynamodb-table", LOCK_TABLE, "--use-lockfile"];
/// As often as it is asked.
pub(crate) const ALWAYS: usize = usize::MAX;

/// One store.
pub(crate) struct Stage {
    pub(crate) server: StoreServer,
    pub(crate) scratch: TempDir,
}

/// What `doctor` reported.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) document: Value,
    /// Evidence and fixes by id, of what is not right.
    pub(crate) found: BTreeMap<String, String>,
}

impl Report {
    /// Itself, if it found this.
    #[track_caller]
    pub(crate) fn shows(&self, id: &str) -> &Self {
        assert!(self.found.contains_key(id), "expected {id} in {:#?}\n{}", self.found, self.stderr);
        self
    }

    /// Itself, if it did not find this.
    #[track_caller]
    pub(crate) fn lacks(&self, id: &str) -> &Self {
        assert!(!self.found.contains_key(id), "{id} is in {:#?}", self.found);
        self
    }

    /// Itself, if it ended so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{:#?}\n{}", self.document, self.stderr);
        self
    }

    /// Evidence and fix of a finding.
    #[track_caller]
    pub(crate) fn says(&self, id: &str, text: &str) -> &Self {
        self.shows(id);
        assert!(self.found[id].contains(text), "expected {text:?} in {}", self.found[id]);
        self
    }
}

impl Stage {
    pub(crate) fn statelock() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self::on(StoreServer::statelock(binary, &[]))
    }

    pub(crate) fn moto(scenario: &str) -> Option<Self> {
        StoreServer::moto(&format!("doctor on moto: {scenario}")).map(Self::on)
    }

    fn on(server: StoreServer) -> Self {
        Self { server, scratch: TempDir::with_prefix("statelock-doctor-").expect("a directory") }
    }

    pub(crate) fn command_through(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(args).env_clear().envs(self.server.client_env(endpoint));
        command.env("AWS_CONFIG_FILE", "/dev/null").stdin(Stdio::null());
        command.current_dir(self.scratch.path());
        command
    }

    /// Runs a verb, which has to succeed; what it printed.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let run = Run::of(self.command_through(&self.server.endpoint(), args));
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
        run.stdout
    }

    /// `doctor` about the usual state.
    pub(crate) fn doctor(&self, options: &[&str]) -> Report {
        let args = [&["doctor", ADDRESS, "--json"], options].concat();
        report(self.command_through(&self.server.endpoint(), &args))
    }

    /// As [`Self::doctor`], with answers of which the store knows nothing.
    pub(crate) fn doctor_told(&self, options: &[&str], answers: Vec<Told>) -> Report {
        let proxy = self.server.proxy();
        for told in answers {
            told.by(&proxy);
        }
        let args = [&["doctor", ADDRESS, "--json"], options].concat();
        report(self.command_through(&proxy.endpoint(), &args))
    }

    /// A process that holds the lock of the usual state, once it does.
    pub(crate) fn keep_locked(&self) -> Child {
        let args = ["lock", ADDRESS, "--for", "10m"];
        let mut command = self.command_through(&self.server.endpoint(), &args);
        let holder = command.stderr(Stdio::piped()).spawn();
        let mut holder = holder.expect("statelock can be started");
        let said = BufReader::new(holder.stderr.take().expect("a pipe"));
        let kept = said.lines().map_while(Result::ok).any(|line| line.contains("keeping the lock"));
        assert!(kept, "the lock is taken");
        holder
    }

    /// Writes an object past everything.
    pub(crate) fn write(&self, key: &str, bytes: &'static [u8]) {
        let bucket = crate::bucket::open(self.server.endpoint(), self.server.credentials());
        let path = Key::parse(key).expect("a key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bucket.put(&path, bytes.into())).expect("it is written");
    }

    /// The objects of the bucket.
    pub(crate) fn keys(&self) -> String {
        self.run(&["ls", "s3://tfstate", "--all", "--json"])
    }
}

/// Runs `doctor` to its end.
pub(crate) fn report(command: Command) -> Report {
    let Run { code, stdout, stderr } = Run::of(command);
    let document: Value = serde_json::from_str(&stdout).unwrap_or_default();
    let mut found = BTreeMap::new();
    for finding in document["findings"].as_array().into_iter().flatten() {
        if finding["severity"] != "ok" {
            let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            let said = format!("{}\n{}\n{}", text("evidence"), text("fix"), text("paste"));
            found.entry(text("id")).or_insert_with(String::new).push_str(&said);
        }
    }
    Report { code, stderr, document, found }
}

/// An answer that is given instead of the store's.
pub(crate) struct Told {
    fault: Fault,
    times: usize,
    matches: Box<dyn Fn(&Request) -> bool + Send>,
}

impl Told {
    /// An answer to every request that matches.
    pub(crate) fn new(answer: String, matches: impl Fn(&Request) -> bool + Send + 'static) -> Self {
        // Answers of the proxy live as long as the process.
        let fault = Fault::Answer(Box::leak(answer.into_boxed_str()));
        Self { fault, times: ALWAYS, matches: Box::new(matches) }
    }

    /// To the first of them only.
    pub(crate) fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// To a question about the bucket, such as `?policy`.
    pub(crate) fn setting(question: &'static str, status: u16, body: &str) -> Self {
        let is_asked = move |request: &Request| {
            let query = request.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
            request.method == "GET"
                && query.split('&').any(|part| part.trim_end_matches('=') == question)
        };
        Self::new(answer(status, "", body), is_asked)
    }

    /// To an operation of the lock table.
    pub(crate) fn table(operation: &'static str, status: u16, body: &str) -> Self {
        let kind = "Content-Type: application/x-amz-json-1.0\r\n";
        Self::new(answer(status, kind, body), move |request| request.operation == operation)
    }

    /// Has the proxy give it.
    pub(crate) fn by(self, proxy: &FaultProxy) {
        proxy.inject_on(self.fault, self.times, self.matches);
    }
}

/// An answer as it goes over the wire.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Scripted\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// An error of S3.
pub(crate) fn s3_error(status: u16, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    answer(status, "Content-Type: application/xml\r\n", &body)
}
