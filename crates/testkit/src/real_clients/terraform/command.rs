//! One terraform command: running in the background, and what it said in the end.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::server_process::wait_until;

/// How long one terraform command may run before it is killed and the test fails.
const COMMAND_BOUND: Duration = Duration::from_mins(4);

/// A terraform command that runs in the background; dropping it kills it.
#[derive(Debug)]
pub struct Running {
    pub(super) child: Child,
    pub(super) command: String,
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
    pub(super) started: Instant,
}

impl Running {
    /// Waits for its end; kills it and fails the test after a generous bound.
    pub fn wait(mut self) -> Output {
        let status = wait_until(COMMAND_BOUND, || self.ended());
        let output = self.output(status);
        assert!(status.is_some(), "no end after {COMMAND_BOUND:?}: {output}");
        output
    }

    /// Kills it with SIGKILL, as a lost CI runner would be.
    pub fn kill_hard(mut self) -> Output {
        self.child.kill().expect("terraform can be killed");
        let status = self.child.wait().expect("terraform can be reaped");
        self.output(Some(status))
    }

    /// Waits until `path` exists; fails the test if the command ends before, or after `bound`.
    pub fn await_file(&mut self, path: &Path, bound: Duration) {
        let seen = wait_until(bound, || {
            let exists = path.exists();
            (exists || self.ended().is_some()).then_some(exists)
        });
        let output = self.output(None);
        assert_eq!(seen, Some(true), "{} was not written: {output}", path.display());
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("terraform can be asked")
    }

    fn output(&self, status: Option<ExitStatus>) -> Output {
        let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into();
        Output {
            command: self.command.clone(),
            status,
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
            elapsed: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has already ended and been reaped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a terraform command said and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command line.
    pub command: String,
    /// How it ended; `None` if it was still running.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Wall time from its start.
    pub elapsed: Duration,
}

impl Output {
    /// Whether it exited with 0.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Itself, if it exited with 0; else the test fails and shows it.
    pub fn succeeded(&self) -> &Self {
        assert!(self.is_success(), "expected exit code 0: {self}");
        self
    }

    /// Itself, if it exited with 1; else the test fails and shows it.
    pub fn failed(&self) -> &Self {
        let code = self.status.and_then(|status| status.code());
        assert_eq!(code, Some(1), "expected exit code 1: {self}");
        self
    }

    /// Asserts that `text` is on standard output or standard error.
    ///
    /// Terraform breaks lines and draws a border in its messages; both are ignored.
    pub fn shows(&self, text: &str) -> &Self {
        let said = flowing(&format!("{}\n{}", self.stdout, self.stderr));
        assert!(said.contains(&flowing(text)), "expected to see {text:?}: {self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, status, stdout, stderr, elapsed } = self;
        writeln!(f, "$ {command}\n{status:?} after {elapsed:?}")?;
        write!(f, "--- stdout\n{}\n--- stderr\n{}", shortened(stdout), shortened(stderr))
    }
}

/// Only the ends of a long output are shown; a big state need not fill the terminal.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 8 * 1024;
    let count = text.chars().count();
    if count <= 2 * SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(count - SHOWN).collect();
    format!("{head}\n[… {} characters …]\n{tail}", count - 2 * SHOWN)
}

fn flowing(text: &str) -> String {
    let without_border = text.replace(['│', '╷', '╵'], " ");
    without_border.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_across_terraforms_line_breaks_and_borders() {
        let said = flowing("╷\n│ Error: Error acquiring the\n│ state lock\n│ \n");
        assert!(said.contains("Error acquiring the state lock"));
    }

    #[test]
    fn only_the_ends_of_a_long_output_are_shown() {
        let long = "ä".repeat(100_000);
        let shown = shortened(&long);
        assert!(shown.chars().count() < 20_000 && shown.contains("[… 83616 characters …]"));
        assert_eq!(shortened("short"), "short");
    }
}
