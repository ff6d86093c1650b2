//! A running server, a client of it that takes locks, and the command under test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use serde_json::Value;
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server on an empty data directory.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    client: AmazonS3,
    runtime: Runtime,
    _data: TempDir,
}

impl Stage {
    pub(crate) fn start() -> Self {
        let data = TempDir::with_prefix("statelock-audit-").expect("a data directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, data.path(), &[]);
        let (access_key, secret_key) = server.credentials();
        let client = crate::bucket::open(server.endpoint(), (access_key, secret_key));
        Self { server, client, runtime: Runtime::new().expect("a runtime"), _data: data }
    }

    /// Takes the lock on a state as Terraform does.
    pub(crate) fn acquire(&self, state: &str, id: &str, who: &str) {
        let info = serde_json::json!({
            "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": who,
            "Version": "1.11.4", "Created": "2026-11-21T23:58:59.285210551Z",
            "Path": format!("tfstate/{state}"),
        });
        let key = Key::from(format!("{state}.tflock"));
        let body = info.to_string().into();
        let made = self.client.put_opts(&key, body, PutMode::Create.into());
        self.runtime.block_on(made).expect("the lock is free");
    }

    /// Gives it back.
    pub(crate) fn release(&self, state: &str) {
        let key = Key::from(format!("{state}.tflock"));
        self.runtime.block_on(self.client.delete(&key)).expect("the lock is removed");
    }

    /// Takes a lock and gives it back.
    pub(crate) fn cycle(&self, state: &str, id: &str, who: &str) {
        self.acquire(state, id, who);
        self.release(state);
    }

    /// `statelock audit ARGS…` for this server.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = audit(args);
        command.envs(self.server.client_env());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        ended(&self.command(args).output().expect("the binary can be started"))
    }

    /// Its standard output, where it must end well.
    pub(crate) fn shown(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout
    }

    /// The document that `--json` prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let shown = self.shown(&[&["--json"], args].concat());
        serde_json::from_str(&shown).expect("one JSON document")
    }
}

/// `statelock audit ARGS…` that knows no server and no key.
pub(crate) fn audit(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("STATELOCK_") || text.starts_with("AWS_") || text.ends_with("_PROXY") {
            command.env_remove(name); // the developer's own settings are not the test's
        }
    }
    command.arg("audit").args(args).env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// How a command ended, and all it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// It refused: this code, and one message with all of `phrases`.
    pub(crate) fn refused(&self, code: i32, phrases: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.matches("error: ").count(), 1, "one message: {self:?}");
        for phrase in phrases {
            assert!(self.stderr.contains(phrase), "{phrase:?} is not said: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
    }
}

/// Sends one request, and returns status line, header and body of the answer.
pub(crate) fn exchange(address: SocketAddr, method: &str, target: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let request =
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server that answers one request with these bytes, and its address.
pub(crate) fn canned(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    // Ends with its one request, or with the test's process.
    drop(std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut head = Vec::new();
        let mut piece = [0; 1024];
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let size = stream.read(&mut piece).expect("a request");
            assert!(size > 0, "the client went away");
            head.extend_from_slice(&piece[..size]);
        }
        stream.write_all(answer.as_bytes()).expect("the client reads");
    }));
    format!("http://{address}")
}
