//! Stores with a bucket and a lock table, the binary, and an independent look into the bucket.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use statelock_client::protocol::lock::steps::{LockMode, Looked};
use statelock_client::protocol::store::TableName;
use statelock_client::{BackendSettings, Claim, Secret, StateBackend, StaticCredentials};
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) use statelock_testkit::real_clients::terraform::LOCK_TABLE as TABLE;
pub(crate) use statelock_testkit::store_server::BUCKET;

pub(crate) const KEY: &str = "app/terraform.tfstate";

/// Options of each lock mode.
pub(crate) const MODES: [&[&str]; 3] =
    [&[], &["--dynamodb-table", TABLE], &["--dynamodb-table", TABLE, "--use-lockfile"]];

/// One store.
pub(crate) struct Stage {
    server: StoreServer,
    bucket: AmazonS3,
    runtime: Runtime,
    pub(crate) scratch: TempDir,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// Itself, if it ended so and said so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(said), "expected {said:?} in {}", self.stderr);
        self
    }
}

impl Stage {
    /// The state server.
    pub(crate) fn statelock(flags: &[&str]) -> Self {
        Self::on(StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), flags))
    }

    /// moto, unless it cannot be had.
    pub(crate) fn moto(scenario: &str) -> Option<Self> {
        StoreServer::moto(&format!("states on moto: {scenario}")).map(Self::on)
    }

    /// Both, or as many as this machine has.
    pub(crate) fn all(scenario: &str) -> Vec<Self> {
        [Some(Self::statelock(&[])), Self::moto(scenario)].into_iter().flatten().collect()
    }

    fn on(server: StoreServer) -> Self {
        let bucket = crate::bucket::open(server.endpoint(), server.credentials());
        let scratch = TempDir::with_prefix("statelock-state-").expect("a directory");
        Self { server, bucket, runtime: Runtime::new().expect("a runtime"), scratch }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.server.name()
    }

    /// Whether the store judges writes by itself.
    pub(crate) fn has_guard(&self) -> bool {
        self.server.is_statelock()
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Where it listens.
    pub(crate) fn server_address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// A proxy in front of it, to make mistakes.
    pub(crate) fn proxy(&self) -> FaultProxy {
        self.server.proxy()
    }

    /// What an AWS client needs to reach it through an endpoint.
    pub(crate) fn env(&self, endpoint: &str) -> Vec<(String, String)> {
        self.server.client_env(endpoint)
    }

    /// `s3://…` of a key.
    pub(crate) fn address(key: &str) -> String {
        format!("s3://{BUCKET}/{key}")
    }

    pub(crate) fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(args).env_clear().envs(self.env(endpoint)).env("AWS_CONFIG_FILE", "/dev/null");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, endpoint: &str, args: &[&str]) -> Child {
        self.command(endpoint, args).spawn().expect("statelock can be started")
    }

    /// Runs `statelock` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        ended(self.spawn(&self.endpoint(), args))
    }

    /// As [`Self::run`], through a proxy.
    pub(crate) fn run_through(&self, proxy: &FaultProxy, args: &[&str]) -> Run {
        ended(self.spawn(&proxy.endpoint(), args))
    }

    /// Pushes bytes to the usual key, from standard input.
    pub(crate) fn push(&self, bytes: &[u8], options: &[&str]) -> Run {
        self.push_through(&self.endpoint(), bytes, options)
    }

    /// As [`Self::push`], through an endpoint.
    pub(crate) fn push_through(&self, endpoint: &str, bytes: &[u8], options: &[&str]) -> Run {
        let address = Self::address(KEY);
        let args = [&["state", "push", &address, "-"], options].concat();
        let mut child = self.command(endpoint, &args).stdin(Stdio::piped()).spawn().expect("it");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Who refuses its arguments does not read.
        stdin.write_all(bytes).ok();
        drop(stdin);
        ended(child)
    }

    /// Pulls the usual key.
    pub(crate) fn pull(&self, options: &[&str]) -> Run {
        let address = Self::address(KEY);
        self.run(&[&["state", "pull", &address], options].concat())
    }

    /// An object's bytes, if it exists.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let path = Key::parse(key).expect("a key");
        self.runtime.block_on(async {
            match self.bucket.get(&path).await {
                Ok(found) => Some(found.bytes().await.expect("the object's body").to_vec()),
                Err(error) => {
                    let absent = matches!(error, object_store::Error::NotFound { .. });
                    assert!(absent, "cannot read {key}: {error}");
                    None
                }
            }
        })
    }

    /// Writes an object without a condition.
    pub(crate) fn write(&self, key: &str, bytes: &[u8]) {
        let path = Key::parse(key).expect("a key");
        let body = bytes.to_vec().into();
        self.runtime.block_on(self.bucket.put(&path, body)).expect("it is written");
    }

    pub(crate) fn delete(&self, key: &str) {
        let path = Key::parse(key).expect("a key");
        self.runtime.block_on(self.bucket.delete(&path)).expect("it is deleted");
    }

    /// The library's client, in dual mode.
    pub(crate) fn client(&self) -> StateBackend {
        let (access_key, secret_key) = self.server.credentials();
        let mut settings = BackendSettings::lockfile(BUCKET, KEY).expect("a key");
        settings.mode = LockMode::Dual(TableName::new(TABLE));
        settings.stores.region = Some("us-east-1".to_owned());
        settings.stores.endpoint_url = Some(self.endpoint());
        let secret_key = Secret::new(secret_key);
        settings.stores.static_credentials =
            Some(StaticCredentials { access_key, secret_key, token: None });
        self.block_on(StateBackend::connect(settings)).expect("settings are complete")
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Asserts that nobody holds the lock, in either place.
    #[track_caller]
    pub(crate) fn assert_free(&self) {
        let (seen, trouble) = self.block_on(self.client().inspect());
        for (place, looked) in seen.places {
            assert_eq!(looked, Looked::Absent, "{place:?} of {}: {trouble:?}", self.name());
        }
    }

    /// Takes the lock in both places.
    pub(crate) fn hold(&self) -> statelock_client::LockHandle {
        let claim = Claim {
            operation: "test".to_owned(),
            who: "somebody@else".to_owned(),
            version: "0".to_owned(),
            ..Claim::default()
        };
        let client = self.client();
        self.block_on(client.lock(&claim, Duration::ZERO, &mut |_| {})).expect("it is free")
    }
}

/// Waits for the end of a command.
pub(crate) fn ended(child: Child) -> Run {
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Run { code: output.status.code(), stdout: output.stdout, stderr }
}

/// A state in a form that no program writes.
pub(crate) fn state(serial: u64, lineage: &str, value: &str) -> Vec<u8> {
    format!(
        "{{\"version\":4, \"terraform_version\":\"1.11.4\",\n\t\"serial\" : {serial},\"lineage\":\"{lineage}\",\
         \"outputs\":{{\"serial\":{{\"value\":\"{value} é\\u0041\",\"type\":\"string\"}}}},\"resources\":[]}}"
    )
    .into_bytes()
}
