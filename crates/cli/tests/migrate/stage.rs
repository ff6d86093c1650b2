//! A store with a bucket and a lock table, a directory of root modules, and the binary.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use futures::TryStreamExt as _;
use object_store::ObjectStore as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use serde_json::Value;
use statelock_protocol::state::Digest;
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::signed_client::SignedClient;
use statelock_testkit::sigv4::Signer;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

pub(crate) use statelock_testkit::command::{BOUND, Run, Running};
pub(crate) use statelock_testkit::real_clients::terraform::LOCK_TABLE as TABLE;
pub(crate) use statelock_testkit::store_server::BUCKET;

/// The lock arguments of each phase.
pub(crate) const LOCK_TABLE: &str = "dynamodb_table = \"terraform-locks\"";
pub(crate) const DUAL: &str = "dynamodb_table = \"terraform-locks\"\n    use_lockfile = true";
pub(crate) const LOCKFILE: &str = "use_lockfile = true";

/// Options that lock in both places.
pub(crate) const DUAL_OPTIONS: [&str; 3] = ["--dynamodb-table", TABLE, "--use-lockfile"];

/// No key, and no lock.
pub(crate) const NOTHING: [&str; 0] = [];

/// One store, and a directory for root modules.
pub(crate) struct Stage {
    server: StoreServer,
    scratch: TempDir,
}

impl Stage {
    /// The state server.
    pub(crate) fn statelock() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self::on(StoreServer::statelock(binary, &[]))
    }

    /// moto, whose lockfiles and lock table know nothing of each other, unless it cannot be had.
    pub(crate) fn moto(scenario: &str) -> Option<Self> {
        StoreServer::moto(&format!("migration on moto: {scenario}")).map(Self::on)
    }

    fn on(server: StoreServer) -> Self {
        Self { server, scratch: TempDir::with_prefix("statelock-migrate-").expect("a directory") }
    }

    /// Both, or as many as this machine has.
    pub(crate) fn all(scenario: &str) -> Vec<Self> {
        [Some(Self::statelock()), Self::moto(scenario)].into_iter().flatten().collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.server.name()
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// A proxy in front of it, to make mistakes.
    pub(crate) fn proxy(&self) -> FaultProxy {
        self.server.proxy()
    }

    /// What a client needs in its environment, and nothing else.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        self.server.client_env(&self.endpoint())
    }

    /// Where root modules are.
    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Writes a file of a root module.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    }

    /// Makes a root module whose state has this key, with these lock arguments.
    pub(crate) fn module(&self, directory: &str, key: &str, lock: &str) {
        let block = format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket = \"{BUCKET}\"\n    key = \"{key}\"\n    region = \
             \"us-east-1\"\n    {lock}\n  }}\n}}\n"
        );
        self.write(&format!("{directory}/main.tf"), &block);
    }

    fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(args).env_clear().envs(self.server.client_env(endpoint));
        command.env("AWS_CONFIG_FILE", "/dev/null").env("HOME", self.path());
        // git finds its own way otherwise, and the terraform that --init runs.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TF_CLI_CONFIG_FILE", "/dev/null").env("CHECKPOINT_DISABLE", "1");
        command.stdin(Stdio::null()).current_dir(self.path());
        command
    }

    /// `statelock` where the modules are, for somebody who has no credentials.
    pub(crate) fn without_credentials(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.endpoint(), args);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs `statelock` where the modules are, to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(&self.endpoint(), args))
    }

    /// As [`Self::run`], through a proxy.
    pub(crate) fn run_through(&self, proxy: &FaultProxy, args: &[&str]) -> Run {
        Run::of(self.command(&proxy.endpoint(), args))
    }

    /// Starts `statelock` where the modules are.
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        Running::start(self.command(&self.endpoint(), args))
    }

    /// Starts `statelock` where the modules are, through a proxy.
    pub(crate) fn spawn_through(&self, proxy: &FaultProxy, args: &[&str]) -> Running {
        Running::start(self.command(&proxy.endpoint(), args))
    }

    /// Stores a state, and its digest if the options name the table: as Terraform does, whatever the table
    /// shows already.
    #[track_caller]
    pub(crate) fn push(&self, key: &str, serial: u64, options: &[&str]) {
        let lineage = "3f1a3b5e-0000-4000-8000-000000000001";
        let state = format!(
            "{{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":{serial},\"lineage\":\"{lineage}\",\
             \"outputs\":{{}},\"resources\":[]}}"
        );
        self.write("pushed.tfstate.json", &state);
        let address = format!("s3://{BUCKET}/{key}");
        self.run(&[&["state", "push", &address, "pushed.tfstate.json"], options].concat())
            .ended_saying(0, "");
        if options.contains(&TABLE) {
            let item = serde_json::json!({
                "LockID": { "S": format!("{BUCKET}/{key}-md5") },
                "Digest": { "S": Digest::of(state.as_bytes()).to_string() },
            });
            let body = serde_json::json!({ "TableName": TABLE, "Item": item }).to_string();
            let (id, secret) = self.server.credentials();
            let mut client = SignedClient::new(self.server.address(), Signer::new(&id, &secret));
            let put = client.dynamodb("PutItem", body.as_bytes()).expect("an answer");
            assert_eq!(put.status(), 200, "{}", put.text());
        }
    }

    /// Writes an object past everything.
    pub(crate) fn write_object(&self, key: &str, bytes: &'static [u8]) {
        let bucket = crate::bucket::open(self.endpoint(), self.server.credentials());
        let path = Key::parse(key).expect("a key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bucket.put(&path, bytes.into())).expect("it is written");
    }

    /// The keys of all objects, by a client that is not ours.
    pub(crate) fn keys(&self) -> Vec<String> {
        let bucket = crate::bucket::open(self.endpoint(), self.server.credentials());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let all = runtime.block_on(bucket.list(None).try_collect::<Vec<_>>()).expect("a listing");
        all.into_iter().map(|object| object.location.to_string()).collect()
    }

    /// Makes moto's bucket keep versions.
    pub(crate) fn enable_versioning(&self) {
        let body = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>\
                    </VersioningConfiguration>";
        let answer = self.ask_moto(&format!("PUT /{BUCKET}?versioning"), body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// How many versions and delete markers moto keeps under a prefix.
    pub(crate) fn versions(&self, prefix: &str) -> usize {
        let answer = self.ask_moto(&format!("GET /{BUCKET}?versions&prefix={prefix}"), "");
        assert!(answer.contains("<ListVersionsResult"), "{answer}");
        answer.matches("<Version>").count() + answer.matches("<DeleteMarker>").count()
    }

    /// Sends a request that moto takes without a signature.
    fn ask_moto(&self, line: &str, body: &str) -> String {
        let endpoint = self.endpoint();
        let address = endpoint.trim_start_matches("http://");
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: \
             AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, \
             Signature=0\r\n\r\n{body}",
            body.len()
        );
        let mut connection = std::net::TcpStream::connect(address).expect("a connection");
        connection.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// The address of every lock that stands in either place, with the places.
    #[track_caller]
    pub(crate) fn locks(&self) -> Vec<String> {
        let address = format!("s3://{BUCKET}");
        let run = self.run(&["ls", &address, "--held", "--json", "--dynamodb-table", TABLE]);
        let document = run.ended_saying(0, "").json();
        let states = document["states"].as_array().expect("states").clone();
        let line = |state: &Value| {
            format!("{} {}", state["key"].as_str().unwrap_or_default(), state["locks"][0]["facets"])
        };
        states.iter().map(line).collect()
    }
}
