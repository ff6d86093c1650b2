//! What every scenario stands on: a server, terraform projects of each kind, and a holder.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use statelock_testkit::real_clients::terraform::{
    Backend, Output, Running, Terraform, TerraformProject,
};
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

use crate::look::{BUCKET, Look};

/// The state that most scenarios use.
pub(crate) const KEY: &str = "app/terraform.tfstate";

/// Says who wrote last; with `hold`, an apply works until a file appears (or a minute has passed).
pub(crate) const CONFIG: &str = r#"
variable "revision" { default = "one" }
variable "hold" { default = "" }
output "revision" { value = var.revision }
resource "terraform_data" "held" {
  count            = var.hold == "" ? 0 : 1
  triggers_replace = var.hold
  provisioner "local-exec" {
    command = "touch ${var.hold}.started; n=0; until [ -e ${var.hold}.go ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;

/// How long an apply may take to begin its work.
const START_BOUND: Duration = Duration::from_mins(1);

/// Scenarios that load both cores or depend on timing take turns.
pub(crate) fn heavy() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server with an empty bucket.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    pub(crate) terraform: Terraform,
    pub(crate) look: Look,
    scratch: TempDir,
}

impl Stage {
    /// Starts a server, or records that `scenario` is skipped because there is no terraform.
    pub(crate) fn new(scenario: &str) -> Option<Self> {
        Some(Self::with(Terraform::find(&format!("kinds of client: {scenario}"))?))
    }

    /// Starts a server for this terraform.
    pub(crate) fn with(terraform: Terraform) -> Self {
        let scratch = TempDir::with_prefix("statelock-kinds-").expect("a scratch directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &scratch.path().join("data"), &[]);
        let look = Look::at(&server);
        Self { server, terraform, look, scratch }
    }

    /// An initialised project of this kind on the usual state.
    pub(crate) fn project(&self, kind: Backend) -> TerraformProject {
        self.project_through(&self.server.endpoint(), kind, KEY, CONFIG)
    }

    /// An initialised project that reaches this server through `endpoint`.
    pub(crate) fn project_through(
        &self,
        endpoint: &str,
        kind: Backend,
        key: &str,
        config: &str,
    ) -> TerraformProject {
        let env = self.server.client_env_through(endpoint);
        let terraform = &self.terraform;
        let project = TerraformProject::with_backend(kind, terraform, &env, BUCKET, key, config);
        project.init();
        project
    }

    /// A path for a scenario's own file.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts an apply of a project with [`CONFIG`] and waits until it is at work, holding the lock.
    pub(crate) fn hold(&self, project: &TerraformProject, name: &str) -> Holder {
        let mark = self.scratch.path().join(name);
        let hold = format!("hold={}", mark.display());
        let mut running = project.spawn_apply(&["-var", &hold, "-var", &revision(name)]);
        running.await_file(&mark.with_extension("started"), START_BOUND);
        Holder { running, go: mark.with_extension("go") }
    }

    /// The stored state as JSON.
    pub(crate) fn state(&self, key: &str) -> Value {
        let bytes = self.look.object(key).expect("a state is stored");
        serde_json::from_slice(&bytes).expect("the state is JSON")
    }

    /// The stored state's serial; 0 if there is none.
    pub(crate) fn serial(&self, key: &str) -> u64 {
        let Some(bytes) = self.look.object(key) else { return 0 };
        let state: Value = serde_json::from_slice(&bytes).expect("the state is JSON");
        state["serial"].as_u64().expect("the state has a serial")
    }

    /// The revision that the stored state was written with.
    pub(crate) fn revision(&self) -> String {
        let state = self.state(KEY);
        state["outputs"]["revision"]["value"].as_str().expect("a revision").to_owned()
    }
}

/// An apply in the middle of its work.
pub(crate) struct Holder {
    running: Running,
    go: PathBuf,
}

impl Holder {
    /// Lets its work end, and waits for its end.
    pub(crate) fn finish(self) -> Output {
        std::fs::write(&self.go, "").expect("a file");
        self.running.wait()
    }

    /// Kills it with SIGKILL: its lock becomes an orphan. The command that it had started ends too.
    pub(crate) fn kill(self) {
        self.running.kill_hard();
        std::fs::write(&self.go, "").expect("a file");
    }
}

/// The argument of `-var`.
pub(crate) fn revision(name: &str) -> String {
    format!("revision={name}")
}

/// The exit code of a command that ended by itself.
pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.and_then(|status| status.code())
}

/// Asserts that this kind of client was refused the lock and told who holds it.
pub(crate) fn assert_refused(output: &Output, kind: Backend, holder: &str) {
    output.failed().shows("Error acquiring the state lock");
    match kind {
        Backend::Lockfile | Backend::Dual => {
            output.shows("StatusCode: 412").shows(&format!("ID: {holder}"));
        }
        Backend::LockTable => {
            output.shows("ConditionalCheckFailedException").shows(&format!("ID: {holder}"));
        }
        Backend::Http => {
            output.shows(&format!("HTTP remote state already locked: ID={holder}"));
        }
    }
}
