//! Starts the built binary with any arguments and any environment, and sees how it ends.
//!
//! The testkit's `ServerProcess` is for servers that run; this is for those that must not, and for
//! those that need settings in their environment.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use statelock_testkit::server_process::{send_signal, wait_until};
use tempfile::TempDir;

/// Generous: two cores may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The first line on stdout begins so.
const LISTENING: &str = "statelock is listening on http://";

/// A started `statelock`; dropping it kills it.
pub(crate) struct Launched {
    child: Child,
    output: TempDir,
}

/// How a `statelock` ended, and all it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Starts `statelock ARGS…`; no `STATELOCK_…` variable reaches it but those of `env`.
pub(crate) fn launch(args: &[&str], env: &[(&str, &str)]) -> Launched {
    let output = TempDir::with_prefix("statelock-launch-").expect("a directory for output");
    let file = |name| File::create(output.path().join(name)).expect("a file for output");
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STATELOCK_") {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"));
    Launched { child: command.spawn().expect("the binary can be started"), output }
}

impl Launched {
    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Ended {
        let status = wait_until(PATIENCE, || self.child.try_wait().expect("it can be asked"));
        let (stdout, stderr) = (self.said("stdout"), self.said("stderr"));
        assert!(status.is_some(), "still running after {PATIENCE:?}\n{stdout}\n{stderr}");
        Ended { code: status.and_then(|status| status.code()), stdout, stderr }
    }

    /// Waits until it says where it listens, or has ended.
    pub(crate) fn listens_or_ends(&mut self) -> Option<SocketAddr> {
        let address = wait_until(PATIENCE, || {
            let ended = self.child.try_wait().expect("it can be asked").is_some();
            let text = self.said("stdout");
            let line = text.split_once('\n').map(|(line, _)| line);
            let address = line.and_then(|line| line.strip_prefix(LISTENING)?.parse().ok());
            (ended || address.is_some()).then_some(address)
        });
        address.flatten()
    }

    /// Waits until it says where it listens.
    #[expect(clippy::panic, reason = "a server that does not start ends the test")]
    pub(crate) fn listens(&mut self) -> SocketAddr {
        let address = self.listens_or_ends();
        address.unwrap_or_else(|| panic!("not listening: {}", self.said("stderr")))
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        send_signal("TERM", self.child.id());
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to a stream so far.
    pub(crate) fn said(&self, stream: &str) -> String {
        let bytes = std::fs::read(self.output.path().join(stream)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // Both fail only if it has already ended and been reaped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    /// It refused: this code, nothing on stdout, and on stderr one message with all of `phrases`.
    pub(crate) fn refused(&self, code: i32, phrases: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.matches("error: ").count(), 1, "one message: {self:?}");
        for phrase in phrases {
            assert!(self.stderr.contains(phrase), "{phrase:?} is not said: {self:?}");
        }
        // What belongs to us and not to whoever started the program.
        for noise in ["panicked", "RUST_BACKTRACE", "crates/", ".rs:", "Os {", "Error("] {
            assert!(!self.stderr.contains(noise), "{noise:?} is shown: {self:?}");
        }
    }

    /// As [`Self::refused`], and the message is the first thing said.
    pub(crate) fn refused_at_once(&self, code: i32, phrases: &[&str]) {
        self.refused(code, phrases);
        assert!(self.stderr.starts_with("error: "), "something was said before: {self:?}");
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is text")
}

/// Each file of `directory` with its length and a hash of its bytes: equal if nothing was changed.
pub(crate) fn contents(directory: &Path) -> Vec<(String, usize, u64)> {
    let entries = std::fs::read_dir(directory).expect("the directory can be read");
    let mut found: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            (path.display().to_string(), bytes.len(), hasher.finish())
        })
        .collect();
    found.sort();
    found
}
