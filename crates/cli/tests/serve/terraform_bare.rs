//! Terraform in an environment that holds nothing about AWS: what is printed must be enough.
//!
//! The testkit's driver sets `AWS_CONFIG_FILE`; a stranger's shell has not even that.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A directory with a configuration.
pub(crate) struct Project<'a>(pub(crate) &'a Path);

impl Project<'_> {
    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::from(self.command(args).output().expect("terraform can be started"))
    }

    /// Starts a command that the caller waits for.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("terraform can be started")
    }

    fn command(&self, args: &[&str]) -> Command {
        let named = std::env::var_os("STATELOCK_TERRAFORM");
        let mut command = Command::new(named.unwrap_or_else(|| "terraform".into()));
        command
            .args(args)
            .current_dir(self.0)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0)
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command
    }
}

/// What a command said, on one line without Terraform's borders.
#[derive(Debug)]
pub(crate) struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).replace(['│', '╷', '╵'], " ");
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }
}

impl Said {
    /// It exited with 0.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// It exited with 1.
    pub(crate) fn failed(self) -> Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        self
    }

    /// Standard output or standard error holds `text`.
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "{text:?} in {self:?}");
        self
    }
}
