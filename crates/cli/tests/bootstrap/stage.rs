//! A store, the binary, and a way past it to set and see what a bucket has.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use statelock_testkit::command::Run;
use statelock_testkit::fault_proxy::{FaultProxy, deliver_again};
use statelock_testkit::store_server::StoreServer;

pub(crate) const BUCKET: &str = "s3://acme-tfstate";
pub(crate) const TABLE: &[&str] = &["--dynamodb-table", "acme-locks"];
/// moto forgets how many of the newest versions a rule keeps.
pub(crate) const NO_NEWEST: &[&str] = &["--keep-versions", "0"];

/// What the document says of each step.
pub(crate) trait Steps {
    /// How each step ended: name and ending.
    fn steps(&self) -> Vec<(String, String)>;

    /// How this step ended.
    fn step(&self, name: &str) -> String;
}

impl Steps for Run {
    #[track_caller]
    fn steps(&self) -> Vec<(String, String)> {
        let document = self.json();
        let steps = document["steps"].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        steps.iter().map(|step| (text(&step["step"]), text(&step["ending"]))).collect()
    }

    #[track_caller]
    fn step(&self, name: &str) -> String {
        let found = self.steps().into_iter().find(|step| step.0 == name);
        found.unwrap_or_default().1
    }
}

/// One store.
pub(crate) struct Stage {
    pub(crate) server: StoreServer,
}

impl Stage {
    pub(crate) fn statelock() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self { server: StoreServer::statelock(binary, &[]) }
    }

    pub(crate) fn moto(what: &str) -> Option<Self> {
        let server = StoreServer::moto(&format!("bootstrap: {what}"))?;
        Some(Self { server })
    }

    /// Both, or as many as this machine has.
    pub(crate) fn all(what: &str) -> Vec<Self> {
        [Some(Self::statelock()), Self::moto(what)].into_iter().flatten().collect()
    }

    fn command(&self, endpoint: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(arguments).env_clear().envs(self.server.client_env(endpoint));
        command.env("AWS_CONFIG_FILE", "/dev/null").stdin(Stdio::null()).current_dir("/");
        command
    }

    /// `statelock bootstrap s3://acme-tfstate OPTIONS`
    pub(crate) fn bootstrap(&self, options: &[&[&str]]) -> Run {
        self.bootstrap_through(&self.server.endpoint(), options)
    }

    pub(crate) fn bootstrap_through(&self, endpoint: &str, options: &[&[&str]]) -> Run {
        let arguments = [&["bootstrap", BUCKET][..], &options.concat()].concat();
        Run::of(self.command(endpoint, &arguments))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(&self.server.endpoint(), arguments))
    }

    /// A proxy that records what is asked.
    pub(crate) fn proxy(&self) -> FaultProxy {
        self.server.proxy()
    }

    /// Sets something past the binary; moto looks at no signature.
    pub(crate) fn put_to_moto(&self, path: &str, body: &str) {
        let endpoint = self.server.endpoint();
        let address: SocketAddr =
            endpoint.trim_start_matches("http://").parse().expect("an address");
        let request = format!(
            "PUT /acme-tfstate{path} HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let status = deliver_again(address, request.as_bytes()).expect("moto answers");
        assert!((200..300).contains(&status), "{status} for PUT {path}");
    }
}

/// The requests that may change something.
pub(crate) fn writes(proxy: &FaultProxy) -> Vec<String> {
    let reads = ["DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive"];
    let requests = proxy.requests().into_iter();
    let writes = requests.filter(|one| match one.method.as_str() {
        "GET" | "HEAD" => false,
        // STS is asked by POST, without a target.
        "POST" => !one.operation.is_empty() && !reads.contains(&one.operation.as_str()),
        _ => true,
    });
    writes.map(|one| format!("{} {} {}", one.method, one.path, one.operation)).collect()
}
