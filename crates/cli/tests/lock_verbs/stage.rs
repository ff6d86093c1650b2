//! A store with a bucket and a lock table, the binary, and a way past it to put lockfiles.

use std::path::Path;
use std::process::{Command, Stdio};

use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use serde_json::Value;
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

pub(crate) use statelock_testkit::command::{BOUND, Run, Running};
pub(crate) use statelock_testkit::real_clients::terraform::LOCK_TABLE as TABLE;
pub(crate) use statelock_testkit::store_server::BUCKET;

pub(crate) const KEY: &str = "app/terraform.tfstate";
pub(crate) const ADDRESS: &str = "s3://tfstate/app/terraform.tfstate";

pub(crate) const LOCKFILE: &[&str] = &[];
pub(crate) const LOCK_TABLE: &[&str] = &["--dynamodb-table", TABLE];
pub(crate) const DUAL: &[&str] = &["--dynamodb-table", TABLE, "--use-lockfile"];
/// Options of each lock mode.
pub(crate) const MODES: [&[&str]; 3] = [LOCKFILE, LOCK_TABLE, DUAL];

/// One store.
pub(crate) struct Stage {
    server: StoreServer,
    pub(crate) scratch: TempDir,
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
        Run::of(self.command(args))
    }

    /// As [`Self::run`], in a directory.
    pub(crate) fn run_in(&self, directory: &Path, args: &[&str]) -> Run {
        let mut command = self.command(args);
        command.current_dir(directory);
        Run::of(command)
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
        Running::start(self.command(args))
    }

    /// As [`Self::spawn`], through a proxy.
    pub(crate) fn spawn_through(&self, proxy: &FaultProxy, args: &[&str]) -> Running {
        Running::start(self.command_through(&proxy.endpoint(), args))
    }

    /// Writes an object past everything.
    pub(crate) fn write(&self, key: &str, bytes: &'static [u8]) {
        let bucket = crate::bucket::open(self.endpoint(), self.server.credentials());
        let path = Key::parse(key).expect("a key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bucket.put(&path, bytes.into())).expect("it is written");
    }
}
