//! A store, the binary, and a way past it to set and see what a bucket has.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use statelock_testkit::fault_proxy::{FaultProxy, deliver_again};
use statelock_testkit::store_server::StoreServer;

pub(crate) const BUCKET: &str = "s3://acme-tfstate";
pub(crate) const TABLE: &[&str] = &["--dynamodb-table", "acme-locks"];
/// moto forgets how many of the newest versions a rule keeps.
pub(crate) const NO_NEWEST: &[&str] = &["--keep-versions", "0"];

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }

    /// Itself, if it ended so and said so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32, said: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}\n---\n{}", self.stdout, self.stderr);
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(said), "expected {said:?} in {all}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout);
        assert!(document.is_ok(), "no JSON: {self:?}");
        document.unwrap_or_default()
    }

    /// How each step ended: name and ending.
    #[track_caller]
    pub(crate) fn steps(&self) -> Vec<(String, String)> {
        let document = self.json();
        let steps = document["steps"].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        steps.iter().map(|step| (text(&step["step"]), text(&step["ending"]))).collect()
    }

    /// How this step ended.
    #[track_caller]
    pub(crate) fn step(&self, name: &str) -> String {
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
    pub(crate) fn bootstrap(&self, options: &[&[&str]]) -> Said {
        self.bootstrap_through(&self.server.endpoint(), options)
    }

    pub(crate) fn bootstrap_through(&self, endpoint: &str, options: &[&[&str]]) -> Said {
        let arguments = [&["bootstrap", BUCKET][..], &options.concat()].concat();
        Said::of(&self.command(endpoint, &arguments).output().expect("the binary starts"))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(&self.server.endpoint(), arguments);
        Said::of(&command.output().expect("the binary starts"))
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
