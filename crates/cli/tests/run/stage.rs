//! What every scenario stands on: a server, and `statelock run` for one state on it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::real_clients::terraform::{
    Backend, LOCK_TABLE, Terraform, TerraformProject,
};
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

use crate::job::{Ended, Job, text};

pub(crate) const BUCKET: &str = "tfstate";
pub(crate) const KEY: &str = "app/terraform.tfstate";
pub(crate) const ADDRESS: &str = "s3://tfstate/app/terraform.tfstate";
const BINARY: &str = env!("CARGO_BIN_EXE_statelock");

/// The backends whose locks `run` can take.
pub(crate) const KINDS: [Backend; 3] = [Backend::Lockfile, Backend::LockTable, Backend::Dual];

/// Makes one thing, then holds on until a file appears (or a minute has passed), then writes its state.
const WORK: &str = r#"
resource "terraform_data" "before" {
  input = "made"
}
resource "terraform_data" "work" {
  depends_on = [terraform_data.before]
  provisioner "local-exec" {
    command = "echo $STATELOCK_LOCK_ID > $STARTED.new; mv $STARTED.new $STARTED; n=0; until [ -e $RELEASE ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;

/// A running server, and a scratch directory.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    pub(crate) kind: Backend,
    pub(crate) scratch: TempDir,
    jobs: AtomicUsize,
}

impl Stage {
    pub(crate) fn new(kind: Backend) -> Self {
        let scratch = TempDir::with_prefix("statelock-run-").expect("a scratch directory");
        let server = ServerProcess::start(Path::new(BINARY), &scratch.path().join("data"), &[]);
        Self { server, kind, scratch, jobs: AtomicUsize::new(0) }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A command with the environment of a user of this server, and nothing else.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.scratch.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.scratch.path())
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("STARTED", self.started())
            .env("RELEASE", self.release())
            .envs(self.server.client_env());
        command
    }

    /// `statelock run ADDRESS OPTIONS -- WORDS`.
    pub(crate) fn run_command(&self, options: &[&str], words: &[&str]) -> Command {
        let mut command = self.command(BINARY);
        command.args(["run", ADDRESS]).args(self.mode()).args(options).arg("--").args(words);
        command
    }

    pub(crate) fn start(&self, options: &[&str], words: &[&str]) -> Job {
        self.start_command(self.run_command(options, words))
    }

    pub(crate) fn start_command(&self, command: Command) -> Job {
        let number = self.jobs.fetch_add(1, Ordering::Relaxed);
        Job::start(command, &self.file(&format!("job-{number}.log")))
    }

    /// As [`Self::start`], to its end.
    pub(crate) fn run(&self, options: &[&str], words: &[&str]) -> Ended {
        self.start(options, words).wait()
    }

    /// The options that name this stage's locks.
    pub(crate) fn mode(&self) -> Vec<&'static str> {
        match self.kind {
            Backend::Lockfile | Backend::Http => vec![],
            Backend::LockTable => vec!["--dynamodb-table", LOCK_TABLE],
            Backend::Dual => vec!["--dynamodb-table", LOCK_TABLE, "--use-lockfile"],
        }
    }

    /// Asserts that the lock is free: taking it is the proof.
    #[track_caller]
    pub(crate) fn assert_free(&self) {
        self.run(&[], &["true"]).exited(0);
    }

    /// A shell script with this name in the scratch directory.
    pub(crate) fn script(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.file(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("it can be made executable");
    }

    /// Removes the lock as a person does who is in the wrong.
    #[track_caller]
    pub(crate) fn remove_lock(&self, id: &str) {
        let mut command = self.command(BINARY);
        command.args(["force-unlock", ADDRESS]).args(self.mode()).args([id, "--yes"]);
        self.start_command(command).wait().exited(0);
    }

    /// The ID of the lock that is held, as whoever is refused is shown it.
    #[track_caller]
    pub(crate) fn held_id(&self) -> String {
        let refused = self.run(&[], &["true"]);
        refused.exited(3).said("the lock is held");
        let line = refused.stderr.lines().find_map(|line| line.trim().strip_prefix("ID:"));
        line.expect("the ID is shown").trim().to_owned()
    }

    /// Made by a command that has begun; holds the lock ID in its environment.
    pub(crate) fn started(&self) -> PathBuf {
        self.file("started")
    }

    /// Lets the command end.
    pub(crate) fn release(&self) -> PathBuf {
        self.file("release")
    }

    pub(crate) fn let_go(&self) {
        std::fs::write(self.release(), "").expect("the release file");
    }

    /// The lock ID in the environment of the command.
    pub(crate) fn started_under(&self) -> String {
        text(&self.started()).trim().to_owned()
    }

    /// An initialised project that works as [`WORK`] says; `None` if there is no terraform.
    pub(crate) fn project(&self, scenario: &str) -> Option<TerraformProject> {
        let terraform = Terraform::find(&format!("run: {scenario}"))?;
        let env = self.server.client_env();
        let project =
            TerraformProject::with_backend(self.kind, &terraform, &env, BUCKET, KEY, WORK);
        project.init();
        Some(project)
    }

    /// Terraform under `run`, in the project's directory.
    pub(crate) fn start_terraform(
        &self,
        project: &TerraformProject,
        options: &[&str],
        words: &[&str],
    ) -> Job {
        let terraform = std::env::var("STATELOCK_TERRAFORM");
        let mut line = vec![terraform.as_deref().unwrap_or("terraform")];
        line.extend_from_slice(words);
        let mut command = self.run_command(options, &line);
        command.current_dir(project.path());
        self.start_command(command)
    }

    /// `terraform apply` under `run`, in the middle of its work.
    pub(crate) fn apply_at_work(&self, project: &TerraformProject, options: &[&str]) -> Job {
        let mut job = self.start_terraform(project, options, &APPLY);
        job.await_file(&self.started());
        job
    }

    /// A proxy in front of the server.
    pub(crate) fn proxy(&self) -> FaultProxy {
        FaultProxy::start(self.server.address())
    }
}

pub(crate) const APPLY: [&str; 4] = ["apply", "-auto-approve", "-input=false", "-no-color"];

/// A shell command that says that it has begun, and ends when it may.
pub(crate) const HOLD: &str = "echo $STATELOCK_LOCK_ID > $STARTED.new; mv $STARTED.new $STARTED; \
                               until [ -e $RELEASE ]; do sleep 0.05; done";

/// The addresses in the stored state, as terraform reads it.
pub(crate) fn resources(project: &TerraformProject) -> Vec<String> {
    let listed = project.run(&["state", "list"]);
    listed.succeeded();
    listed.stdout.lines().map(str::to_owned).collect()
}
