//! Commands of tests: one that ended, and one that runs.

use std::io::Read as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempPath;

use crate::server_process::{send_signal, wait_until};

/// How long anything may take that should happen soon.
pub const BOUND: Duration = Duration::from_mins(1);

/// A command that ended.
#[derive(Debug)]
pub struct Run {
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// It cannot be started, or says what is no text.
    pub fn of(mut command: Command) -> Self {
        Self::from_output(command.output().expect("it can be started"))
    }

    /// What a command left behind.
    ///
    /// # Panics
    /// It says what is no text.
    pub fn from_output(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// As [`Self::ended_saying`], to go on with.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "a test may end with it")]
    pub fn having_said(self, code: i32, said: &str) -> Self {
        self.ended_saying(code, said);
        self
    }

    /// Itself, if it ended so and said so on standard error.
    #[track_caller]
    pub fn ended(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(said), "expected {said:?} in {}", self.stderr);
        self
    }

    /// Itself, if it ended so and said so on standard output or standard error.
    #[track_caller]
    pub fn ended_saying(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        let has = self.stdout.contains(said) || self.stderr.contains(said);
        assert!(has, "expected {said:?} in\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The document that it printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout);
        assert!(document.is_ok(), "no JSON: {self:?}");
        document.unwrap_or_default()
    }
}

/// A command that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    said: TempPath,
}

impl Running {
    /// Starts a command. Its standard error goes to a file: nobody has to read it meanwhile.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start(mut command: Command) -> Self {
        let file = tempfile::Builder::new().prefix("statelock-said-").tempfile().expect("a file");
        let (file, said) = file.into_parts();
        let child = command.stdout(Stdio::piped()).stderr(file).spawn();
        Self { child: child.expect("it can be started"), said }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        send_signal(name, self.child.id());
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub fn await_said(&self, text: &str) {
        let said = || std::fs::read_to_string(&self.said).unwrap_or_default();
        let found = wait_until(BOUND, || said().contains(text).then_some(()));
        assert!(found.is_some(), "expected {text:?} in {}", said());
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    /// It cannot be asked.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    /// Ends it as a lost CI runner would.
    ///
    /// # Panics
    /// It cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be reaped");
    }

    /// Its end, which has to come.
    #[track_caller]
    pub fn end(mut self) -> Run {
        let status = wait_until(BOUND, || self.child.try_wait().expect("it can be asked"));
        let stderr = std::fs::read_to_string(&self.said).unwrap_or_default();
        assert!(status.is_some(), "it does not end: {stderr}");
        let mut stdout = String::new();
        let pipe = self.child.stdout.as_mut().expect("a pipe");
        pipe.read_to_string(&mut stdout).expect("what it printed");
        Run { code: status.and_then(|status| status.code()), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
