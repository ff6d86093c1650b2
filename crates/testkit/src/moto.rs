//! moto, a server of S3 and DynamoDB that is not ours.
//!
//! It checks no signature and no checksum, and its conditional writes are not atomic by themselves:
//! [`Moto::serialised`] puts a proxy in front that lets it work on one request at a time.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::fault_proxy::{FaultProxy, deliver_again};
use crate::real_clients::python::{PythonEnvironment, Unavailable};
use crate::server_process::wait_until;

/// How long a start may take. Python reads much, on two busy cores.
const START_BOUND: Duration = Duration::from_mins(2);

/// A running moto; dropping it kills it.
#[derive(Debug)]
pub struct Moto {
    address: SocketAddr,
    child: Child,
    logs: TempDir,
}

impl Moto {
    /// The version that is installed.
    pub const VERSION: &str = "5.2.1";

    /// Where it is installed, with all that it needs.
    pub(crate) fn environment() -> Result<PythonEnvironment, Unavailable> {
        PythonEnvironment::prepare(&[&format!("moto[server]=={}", Self::VERSION)])
    }

    /// Starts it, installing it first if need be.
    ///
    /// # Errors
    /// [`Unavailable`] if there is no Python, or no way to its packages.
    ///
    /// # Panics
    /// It is installed, and does not start.
    pub fn start() -> Result<Self, Unavailable> {
        let python = Self::environment()?;
        let logs = TempDir::with_prefix("statelock-moto-").expect("a directory for logs");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let log = |name: &str| File::create(logs.path().join(name)).expect("a log file");
        let child = Command::new(python.program("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .current_dir(logs.path())
            .stdin(Stdio::null())
            .stdout(log("stdout"))
            .stderr(log("stderr"))
            .spawn()
            .expect("moto_server is installed");
        let mut moto = Self { address, child, logs };
        let listening = wait_until(START_BOUND, || {
            let ended = moto.child.try_wait().is_ok_and(|status| status.is_some());
            let connected = TcpStream::connect(address).is_ok();
            (ended || connected).then_some(connected)
        });
        let said = std::fs::read_to_string(moto.logs.path().join("stderr")).unwrap_or_default();
        assert_eq!(listening, Some(true), "moto does not listen:\n{said}");
        Ok(moto)
    }

    /// A proxy in front of it that makes its conditional writes atomic.
    pub fn serialised(&self) -> FaultProxy {
        FaultProxy::one_at_a_time(self.address)
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// It is refused.
    pub fn create_bucket(&self, name: &str) {
        self.ask(&format!("PUT /{name} HTTP/1.1"), "s3", &[], "");
    }

    /// Makes a table with the key of lock tables.
    ///
    /// # Panics
    /// It is refused.
    pub fn create_lock_table(&self, name: &str) {
        let body = format!(
            "{{\"TableName\":\"{name}\",\"BillingMode\":\"PAY_PER_REQUEST\",\
             \"KeySchema\":[{{\"AttributeName\":\"LockID\",\"KeyType\":\"HASH\"}}],\
             \"AttributeDefinitions\":[{{\"AttributeName\":\"LockID\",\"AttributeType\":\"S\"}}]}}"
        );
        let target = ("X-Amz-Target", "DynamoDB_20120810.CreateTable");
        let kind = ("Content-Type", "application/x-amz-json-1.0");
        self.ask("POST / HTTP/1.1", "dynamodb", &[target, kind], &body);
    }

    /// Sends one request. moto looks at the service in the signature, and not at the signature.
    fn ask(&self, line: &str, service: &str, headers: &[(&str, &str)], body: &str) {
        let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
        let more: String =
            headers.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect();
        let request = format!(
            "{line}\r\nHost: {}\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={scope}, SignedHeaders=host, Signature=0\r\n{more}\r\n{body}",
            self.address,
            body.len()
        );
        let status = deliver_again(self.address, request.as_bytes()).expect("moto answers");
        assert_eq!(status, 200, "moto: {line}");
    }

    /// The environment that an AWS client needs to reach it through `endpoint`, and nothing else.
    pub fn client_env(endpoint: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
