//! A `statelock run` of a test: started, signalled, waited for.

use std::fs::{File, read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use statelock_testkit::server_process::{send_signal, wait_until};

/// Generous: two cores may be busy with other tests.
pub(crate) const BOUND: Duration = Duration::from_mins(2);

/// A running command of a test; dropping it kills it.
pub(crate) struct Job {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Job {
    /// Starts a command whose output goes to files that begin with `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let (stdout, stderr) = (log.with_extension("stdout"), log.with_extension("stderr"));
        command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a file for standard output"))
            .stderr(File::create(&stderr).expect("a file for standard error"));
        Self { child: command.spawn().expect("the command can be started"), stdout, stderr }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, self.pid());
    }

    /// What it has said so far.
    pub(crate) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Waits for words on standard error.
    pub(crate) fn await_stderr(&mut self, words: &str) {
        let seen = wait_until(BOUND, || {
            let is_said = self.stderr().contains(words);
            (is_said || self.has_ended()).then_some(is_said)
        });
        assert_eq!(seen, Some(true), "{words:?} was not said:\n{}", self.stderr());
    }

    /// Waits for a file that the command makes.
    pub(crate) fn await_file(&mut self, path: &Path) {
        let seen = wait_until(BOUND, || (path.exists() || self.has_ended()).then(|| path.exists()));
        let path = path.display();
        assert_eq!(seen, Some(true), "{path} was not made:\n{}", self.stderr());
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Ended {
        let status = wait_until(BOUND, || self.child.try_wait().expect("it can be asked"));
        let (stdout, stderr) = (read(&self.stdout).unwrap_or_default(), self.stderr());
        assert!(status.is_some(), "no end after {BOUND:?}:\n{stderr}");
        Ended { status: status.expect("just looked at"), stdout, stderr }
    }

    /// Kills it with SIGKILL, and nothing else; returns where what it has started writes to.
    pub(crate) fn kill_hard(mut self) -> PathBuf {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be reaped");
        self.stdout.clone()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // Both fail only if it has already ended and been reaped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Itself, if it exited with this code.
    #[track_caller]
    pub(crate) fn exited(&self, code: i32) -> &Self {
        assert_eq!(self.code(), Some(code), "signal {:?}:\n{self}", self.status.signal());
        self
    }

    /// Itself, if it said this on standard error.
    #[track_caller]
    pub(crate) fn said(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "{words:?} was not said:\n{self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stdout = String::from_utf8_lossy(&self.stdout);
        write!(f, "{:?}\n--- stdout\n{stdout}\n--- stderr\n{}", self.status, self.stderr)
    }
}

pub(crate) fn text(path: &Path) -> String {
    String::from_utf8_lossy(&read(path).unwrap_or_default()).into_owned()
}
