//! Drives the real `terraform` binary: finds it, gives it a scratch project, keeps all it says.
//!
//! Projects use `terraform_data` only, so nothing is downloaded. The environment is cleared and built
//! up from what a user of the server needs, so that no setting of the developer's machine leaks in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use crate::skip::skip;

mod backend;
mod chain;
mod command;
mod library;

pub use backend::{Backend, LOCK_TABLE, http_address, http_block};
pub use chain::{CHAIN, verify_chain};
pub use command::{Output, Running};

/// A terraform binary that runs on this machine.
#[derive(Clone, Debug)]
pub struct Terraform {
    binary: PathBuf,
}

impl Terraform {
    /// Finds it by `STATELOCK_TERRAFORM`, then on the `PATH`; else records that `what` was skipped.
    pub fn find(what: &str) -> Option<Self> {
        let named = std::env::var_os("STATELOCK_TERRAFORM").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .map(|directory| directory.join("terraform"))
            .find(|candidate| candidate.is_file());
        let binary = named.or(found);
        if binary.is_none() {
            skip(what, "no terraform: neither STATELOCK_TERRAFORM nor the PATH has one");
        }
        Some(Self { binary: binary? })
    }

    /// The program itself, for a test that brings its own directory and environment.
    pub fn binary(&self) -> &Path {
        &self.binary
    }
}

/// A scratch directory with a terraform configuration on a backend of the server.
#[derive(Debug)]
pub struct TerraformProject {
    terraform: Terraform,
    directory: TempDir,
    env: Vec<(String, String)>,
    runs: AtomicUsize,
}

impl TerraformProject {
    /// As [`Self::with_backend`], locking with `use_lockfile`.
    pub fn new(
        terraform: &Terraform,
        env: &[(String, String)],
        bucket: &str,
        key: &str,
        config: &str,
    ) -> Self {
        Self::with_backend(Backend::Lockfile, terraform, env, bucket, key, config)
    }

    /// Writes `backend.tf` for this kind of backend, and `main.tf` with `config`.
    ///
    /// `env` is added to a cleared environment: usually `ServerProcess::client_env`.
    pub fn with_backend(
        backend: Backend,
        terraform: &Terraform,
        env: &[(String, String)],
        bucket: &str,
        key: &str,
        config: &str,
    ) -> Self {
        let project = Self::without_backend(terraform, env, config);
        project.use_backend(backend, bucket, key);
        project
    }

    /// As [`Self::new`], with terraform's local state.
    pub fn without_backend(terraform: &Terraform, env: &[(String, String)], config: &str) -> Self {
        let project = Self {
            terraform: terraform.clone(),
            directory: TempDir::with_prefix("statelock-terraform-").expect("a scratch directory"),
            env: env.to_vec(),
            runs: AtomicUsize::new(0),
        };
        project.write("main.tf", config);
        project
    }

    /// Configures the backend; an existing project then needs `init -migrate-state`, or
    /// `-reconfigure` where the new one keeps the same state.
    pub fn use_backend(&self, backend: Backend, bucket: &str, key: &str) {
        let endpoint = self.env.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL");
        let endpoint = endpoint.map_or("", |(_, endpoint)| endpoint);
        self.write("backend.tf", &backend.block(endpoint, bucket, key));
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).expect("a project file");
    }

    /// The project's directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Adds an environment variable for all later commands.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.spawn(args).wait()
    }

    /// `terraform init`, which must succeed.
    pub fn init(&self) -> Output {
        let output = self.run(&["init", "-input=false", "-no-color"]);
        output.succeeded();
        output
    }

    /// `terraform apply -auto-approve` with more arguments.
    pub fn apply(&self, more: &[&str]) -> Output {
        self.spawn_apply(more).wait()
    }

    /// Starts `terraform apply -auto-approve` with more arguments.
    pub fn spawn_apply(&self, more: &[&str]) -> Running {
        let mut args = vec!["apply", "-auto-approve", "-input=false", "-no-color"];
        args.extend_from_slice(more);
        self.spawn(&args)
    }

    /// Starts a command. Its output goes to files in the project's directory.
    #[expect(clippy::disallowed_methods, reason = "elapsed time of a real process")]
    pub fn spawn(&self, args: &[&str]) -> Running {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let log = |stream: &str| self.directory.path().join(format!("run-{number}.{stream}"));
        let (stdout, stderr) = (log("stdout"), log("stderr"));
        let mut command = Command::new(&self.terraform.binary);
        command
            .args(args)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a file for standard output"))
            .stderr(File::create(&stderr).expect("a file for standard error"));
        Running {
            child: command.spawn().expect("terraform can be started"),
            command: format!("terraform {}", args.join(" ")),
            stdout,
            stderr,
            started: Instant::now(),
        }
    }
}

/// A configuration of `count` resources, each holding `input_kib` KiB, changed by `-var revision=…`.
///
/// Terraform stores the text twice (input and output), so the state is a little larger than
/// `count × input_kib × 2` KiB. The text is sensitive only so that plans do not print it.
pub fn resources(count: usize, input_kib: usize) -> String {
    assert!(input_kib <= 1024, "terraform's range() makes at most 1024 elements");
    let kib = "0123456789abcdef".repeat(64);
    format!(
        "variable \"revision\" {{\n  default = \"one\"\n}}\n\n\
         resource \"terraform_data\" \"unit\" {{\n  count = {count}\n  \
         input = sensitive(join(\"\", concat([\"${{var.revision}}/${{count.index}}/\"],\n    \
         [for i in range({input_kib}) : \"{kib}\"])))\n}}\n"
    )
}
