//! Starts the built `statelock` binary on a free port, kills and restarts it.
//!
//! Standard output and standard error go to files, so that the server never blocks on a full pipe and
//! a failing test can show everything it said. Dropping a [`ServerProcess`] kills the server.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

mod waiting;

pub use waiting::{POLL_INTERVAL, wait_until};

/// How long a start may take. Generous: two cores may be busy with other tests.
const START_BOUND: Duration = Duration::from_mins(1);
/// How long a drain may take after SIGTERM.
const STOP_BOUND: Duration = Duration::from_mins(1);
/// The line that `serve` prints once it answers requests begins so.
const LISTENING: &str = "statelock is listening on http://";

/// A running `statelock serve` of this test.
#[derive(Debug)]
pub struct ServerProcess {
    binary: PathBuf,
    data: PathBuf,
    extra: Vec<String>,
    logs: TempDir,
    address: SocketAddr,
    child: Option<Child>,
    starts: usize,
}

impl ServerProcess {
    /// Starts `binary serve --listen 127.0.0.1:0 --data DATA EXTRA…` and waits until it serves.
    ///
    /// # Panics
    /// If it ends or stays silent for a minute; the message holds all it wrote.
    pub fn start(binary: &Path, data: &Path, extra: &[&str]) -> Self {
        let mut server = Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            extra: extra.iter().map(ToString::to_string).collect(),
            logs: TempDir::with_prefix("statelock-server-").expect("a directory for logs"),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: None,
            starts: 0,
        };
        server.launch();
        server
    }

    /// Starts it again, on the same data directory and the same port.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "restart of a server that still runs");
        self.launch();
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The environment that an AWS client and terraform's `http` backend need, and nothing else.
    pub fn client_env(&self) -> Vec<(String, String)> {
        self.client_env_through(&self.endpoint())
    }

    /// As [`Self::client_env`], with the endpoint of a proxy in front of the server.
    pub fn client_env_through(&self, endpoint: &str) -> Vec<(String, String)> {
        let credentials = self.credentials_file().display().to_string();
        let (username, password) = self.credentials();
        [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TF_HTTP_USERNAME", &username),
            ("TF_HTTP_PASSWORD", &password),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The AWS shared credentials file that the first start wrote.
    pub fn credentials_file(&self) -> PathBuf {
        self.data.join("credentials")
    }

    /// Access key and secret key, read from the credentials file.
    pub fn credentials(&self) -> (String, String) {
        let path = self.credentials_file();
        let text = std::fs::read_to_string(&path).expect("the credentials file can be read");
        let value = |wanted: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(name, _)| name.trim() == wanted)
                .map_or_else(
                    || panic_with(&format!("{} lacks {wanted}", path.display())),
                    |(_, value)| value.trim().to_owned(),
                )
        };
        (value("aws_access_key_id"), value("aws_secret_access_key"))
    }

    /// Kills it with SIGKILL, as a crash would, and reaps it.
    pub fn kill_hard(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server can be reaped");
        }
    }

    /// Sends SIGTERM and waits for the server to drain and end.
    ///
    /// # Panics
    /// If it does not run, or not end within a minute.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("a running server");
        send_signal("TERM", child.id());
        let ended = wait_until(STOP_BOUND, || child.try_wait().expect("the server can be reaped"));
        ended.unwrap_or_else(|| {
            self.child = Some(child); // so that Drop kills it
            panic_with(&format!("the server ignored SIGTERM for {STOP_BOUND:?}\n{}", self.said()))
        })
    }

    /// Everything it wrote to standard error, over all starts.
    pub fn stderr(&self) -> String {
        read_lossy(&self.logs.path().join("stderr"))
    }

    /// Everything the latest start wrote to standard output.
    pub fn stdout(&self) -> String {
        read_lossy(&self.stdout_path())
    }

    fn stdout_path(&self) -> PathBuf {
        self.logs.path().join(format!("stdout.{}", self.starts))
    }

    fn launch(&mut self) {
        self.starts += 1;
        let stderr_path = self.logs.path().join("stderr");
        let stderr = OpenOptions::new().create(true).append(true).open(stderr_path);
        let stdout = File::create(self.stdout_path());
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .args(["--listen", &self.address.to_string(), "--data"])
            .arg(&self.data)
            .args(&self.extra)
            .stdin(Stdio::null())
            .stdout(stdout.expect("a file for standard output"))
            .stderr(stderr.expect("a file for standard error"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STATELOCK_") {
                command.env_remove(name); // the developer's own settings are not the test's
            }
        }
        self.child = Some(command.spawn().expect("the binary can be started"));
        self.address = self.await_listening();
    }

    fn await_listening(&mut self) -> SocketAddr {
        let answer = wait_until(START_BOUND, || {
            let child = self.child.as_mut()?;
            if let Some(status) = child.try_wait().expect("the server can be asked") {
                return Some(Err(format!("the server ended with {status} before it listened")));
            }
            first_line(&self.stdout()).map(|line| listening_address(&line))
        });
        match answer {
            Some(Ok(address)) => address,
            Some(Err(reason)) => panic_with(&format!("{reason}\n{}", self.said())),
            None => panic_with(&format!("not listening after {START_BOUND:?}\n{}", self.said())),
        }
    }

    fn said(&self) -> String {
        format!("--- stdout\n{}\n--- stderr\n{}", self.stdout(), self.stderr())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill_hard();
    }
}

/// Sends a signal by name; `unsafe` is forbidden here, so the shell does it.
pub fn send_signal(signal: &str, pid: u32) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{signal} {pid}")).status();
    assert!(sent.expect("sh can be started").success(), "cannot send SIG{signal} to {pid}");
}

fn first_line(text: &str) -> Option<String> {
    text.split_once('\n').map(|(line, _)| line.to_owned())
}

fn listening_address(line: &str) -> Result<SocketAddr, String> {
    line.strip_prefix(LISTENING)
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| format!("the first line is not \"{LISTENING}ADDRESS:PORT\": {line:?}"))
}

fn read_lossy(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

#[expect(clippy::panic, reason = "a server that does not start ends the test")]
fn panic_with<T>(message: &str) -> T {
    panic!("{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_line_and_nothing_else_is_accepted() {
        let address = listening_address("statelock is listening on http://127.0.0.1:9000").unwrap();
        assert_eq!(address, SocketAddr::from(([127, 0, 0, 1], 9000)));
        assert!(listening_address("listening on http://127.0.0.1:9000").is_err());
        assert!(listening_address("statelock is listening on http://127.0.0.1:9000/").is_err());
        assert_eq!(first_line("half a line"), None);
    }
}
