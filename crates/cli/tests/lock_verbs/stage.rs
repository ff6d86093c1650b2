//! A store with a bucket and a lock table, the binary, and a way past it to put lockfiles.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use serde_json::Value;
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::server_process::{send_signal, wait_until};
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

pub(crate) use statelock_testkit::real_clients::terraform::LOCK_TABLE as TABLE;
pub(crate) use statelock_testkit::store_server::BUCKET;

pub(crate) const KEY: &str = "app/terraform.tfstate";
pub(crate) const ADDRESS: &str = "s3://tfstate/app/terraform.tfstate";

pub(crate) const LOCKFILE: &[&str] = &[];
pub(crate) const LOCK_TABLE: &[&str] = &["--dynamodb-table", TABLE];
pub(crate) const DUAL: &[&str] = &["--dynamodb-table", TABLE, "--use-lockfile"];
/// Options of each lock mode.
pub(crate) const MODES: [&[&str]; 3] = [LOCKFILE, LOCK_TABLE, DUAL];

/// How long anything may take that should happen soon.
pub(crate) const BOUND: Duration = Duration::from_mins(1);

/// One store.
pub(crate) struct Stage {
    server: StoreServer,
    pub(crate) scratch: TempDir,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Itself, if it ended so and said so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(said), "expected {said:?} in {}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout);
        assert!(document.is_ok(), "no JSON: {self:?}");
        document.unwrap_or_default()
    }
}

/// A command that runs. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    said: PathBuf,
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, self.child.id());
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn await_said(&self, text: &str) {
        let said = || std::fs::read_to_string(&self.said).unwrap_or_default();
        let found = wait_until(BOUND, || said().contains(text).then_some(()));
        assert!(found.is_some(), "expected {text:?} in {}", said());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    /// Its end, which has to come.
    #[track_caller]
    pub(crate) fn end(mut self) -> Run {
        let status = wait_until(BOUND, || self.child.try_wait().expect("it can be asked"));
        let stderr = std::fs::read_to_string(&self.said).unwrap_or_default();
        assert!(status.is_some(), "it does not end: {stderr}");
        let mut stdout = String::new();
        let pipe = self.child.stdout.as_mut().expect("a pipe");
        pipe.read_to_string(&mut stdout).expect("what it printed");
        Run { code: status.and_then(|status| status.code()), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Stage {
    /// The state server.
    pub(crate) fn statelock() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self::on(StoreServer::statelock(binary, &[]))
    }

    /// moto, whose lockfiles and lock table know nothing of each other, unless it cannot be had.
    pub(crate) fn moto(scenario: &str) -> Option<Self> {
        StoreServer::moto(&format!("locks on moto: {scenario}")).map(Self::on)
    }

    fn on(server: StoreServer) -> Self {
        Self { server, scratch: TempDir::with_prefix("statelock-verbs-").expect("a directory") }
    }

    /// Both, or as many as this machine has.
    pub(crate) fn all(scenario: &str) -> Vec<Self> {
        [Some(Self::statelock()), Self::moto(scenario)].into_iter().flatten().collect()
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// A proxy in front of it, to make mistakes.
    pub(crate) fn proxy(&self) -> FaultProxy {
        self.server.proxy()
    }

    /// What an AWS client needs to reach it through an endpoint.
    pub(crate) fn env(&self, endpoint: &str) -> Vec<(String, String)> {
        self.server.client_env(endpoint)
    }

    pub(crate) fn command_through(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(args).env_clear().envs(self.env(endpoint)).env("AWS_CONFIG_FILE", "/dev/null");
        command.stdin(Stdio::null()).current_dir(self.scratch.path());
        command
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_through(&self.endpoint(), args)
    }

    /// Runs `statelock` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        ended(self.command(args))
    }

    /// As [`Self::run`], in a directory.
    pub(crate) fn run_in(&self, directory: &Path, args: &[&str]) -> Run {
        let mut command = self.command(args);
        command.current_dir(directory);
        ended(command)
    }

    /// Runs a verb about the usual state: `VERB ADDRESS REST OPTIONS`.
    pub(crate) fn verb(&self, verb: &str, rest: &[&str], options: &[&str]) -> Run {
        self.run(&[&[verb, ADDRESS], rest, options].concat())
    }

    /// Takes the lock, which must be free; its ID.
    #[track_caller]
    pub(crate) fn lock(&self, options: &[&str]) -> String {
        let run = self.verb("lock", &[], options);
        run.ended(0, "statelock unlock");
        run.stdout.trim_end().to_owned()
    }

    /// `status --json`.
    #[track_caller]
    pub(crate) fn status(&self, options: &[&str]) -> Value {
        let run = self.verb("status", &["--json"], options);
        run.ended(0, "");
        run.json()
    }

    #[track_caller]
    pub(crate) fn assert_free(&self) {
        for options in MODES {
            assert_eq!(self.status(options)["lock"], "free", "{options:?}");
        }
    }

    /// Starts a command.
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        spawned(self.command(args), self.scratch.path())
    }

    /// As [`Self::spawn`], through a proxy.
    pub(crate) fn spawn_through(&self, proxy: &FaultProxy, args: &[&str]) -> Running {
        spawned(self.command_through(&proxy.endpoint(), args), self.scratch.path())
    }

    /// Writes an object past everything.
    pub(crate) fn write(&self, key: &str, bytes: &'static [u8]) {
        let bucket = crate::bucket::open(self.endpoint(), self.server.credentials());
        let path = Key::parse(key).expect("a key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bucket.put(&path, bytes.into())).expect("it is written");
    }
}

/// Runs a command to its end.
pub(crate) fn ended(mut command: Command) -> Run {
    let output = command.output().expect("statelock can be started");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Starts a command whose standard error goes to a file in `scratch`.
pub(crate) fn spawned(mut command: Command, scratch: &Path) -> Running {
    let file = tempfile::Builder::new().prefix("said-").tempfile_in(scratch).expect("a file");
    let (file, said) = file.keep().expect("a file that stays");
    let child = command.stdout(Stdio::piped()).stderr(file).spawn();
    Running { child: child.expect("statelock can be started"), said }
}
