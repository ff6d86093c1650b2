//! The write guard and locks that were removed while their holder worked.

use std::path::PathBuf;
use std::time::Duration;

use statelock_testkit::real_clients::terraform::{Backend, Running, TerraformProject};

use crate::stage::{BUCKET, Stage, heavy};

/// An apply that holds the lock until a file appears (or a minute has passed), and then writes.
const WORK: &str = r#"
variable "by" {}
resource "terraform_data" "work" {
  input            = var.by
  triggers_replace = var.by
  provisioner "local-exec" {
    command = "touch $STARTED; n=0; until [ -e $RELEASE ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
output "by" { value = var.by }
"#;

/// A client in the middle of its apply.
struct Worker {
    project: TerraformProject,
    running: Running,
    release: PathBuf,
}

impl Worker {
    fn start(stage: &Stage, backend: Backend, key: &str, name: &str, more: &[&str]) -> Self {
        let file = |what: &str| stage.scratch.path().join(format!("{name}-{what}"));
        let (started, release) = (file("started"), file("release"));
        let env = stage.server.client_env();
        let mut project =
            TerraformProject::with_backend(backend, &stage.terraform, &env, BUCKET, key, WORK);
        project.set_env("STARTED", &started.display().to_string());
        project.set_env("RELEASE", &release.display().to_string());
        project.init();
        let by = format!("by={name}");
        let mut running = project.spawn_apply(&[&["-var", &by], more].concat());
        running.await_file(&started, Duration::from_secs(30));
        Self { project, running, release }
    }

    /// Lets the work end; the apply then writes its state.
    fn finish(self) -> (TerraformProject, statelock_testkit::real_clients::terraform::Output) {
        std::fs::write(&self.release, "").expect("the release file");
        (self.project, self.running.wait())
    }
}

/// A state to start from, so that all who come share its lineage.
fn begin(stage: &Stage, key: &str) -> TerraformProject {
    let project = stage.project(key, "output \"by\" { value = \"start\" }\n");
    project.init();
    project.apply(&[]).succeeded();
    project
}

fn by(stage: &Stage, key: &str) -> String {
    stage.state(key)["outputs"]["by"]["value"].as_str().expect("an output").to_owned()
}

#[test]
fn p6_who_writes_after_a_force_unlock_and_a_whole_apply_loses_nothing_of_others() {
    let _turn = heavy();
    let Some(stage) = Stage::new("force-unlock, then a whole apply") else {
        return;
    };
    let key = "late/terraform.tfstate";
    let other = begin(&stage, key);
    let first = Worker::start(&stage, Backend::Lockfile, key, "first", &[]);
    other.run(&["force-unlock", "-force", &stage.lock_id(key)]).succeeded();
    other.write("main.tf", "output \"by\" { value = \"other\" }\n");
    other.apply(&[]).succeeded();
    let stored = stage.object(key);

    let (project, output) = first.finish();
    output.failed().shows("api error StateWriteRefused");
    output.shows("the stored state already has serial 2, with other content");
    assert_eq!(stage.object(key), stored, "nothing of the other apply is lost");
    // Nor is anything of the late one: terraform keeps it too.
    assert!(project.path().join("errored.tfstate").is_file(), "{output}");
    let pushed = project.run(&["state", "push", "-no-color", "errored.tfstate"]);
    pushed.failed();
    assert_eq!(stage.object(key), stored);
    stage.assert_no_lock();
}

#[test]
fn p6_who_lost_its_lock_does_not_write_under_the_next_holder() {
    let _turn = heavy();
    let Some(stage) = Stage::new("force-unlock, then a holder at work") else {
        return;
    };
    let key = "fenced/terraform.tfstate";
    let other = begin(&stage, key);
    let first = Worker::start(&stage, Backend::Lockfile, key, "first", &[]);
    let lost = stage.lock_id(key);
    other.run(&["force-unlock", "-force", &lost]).succeeded();
    let second = Worker::start(&stage, Backend::Lockfile, key, "second", &[]);
    let held = stage.lock_id(key);

    let (project, output) = first.finish();
    output.failed().shows("api error StateWriteRefused");
    output.shows(&format!("with lock ID {held}"));
    output.shows(&format!("this client's own lock {lost} was removed by somebody else"));
    assert!(project.path().join("errored.tfstate").is_file(), "{output}");
    assert_eq!(by(&stage, key), "start", "the late writer replaced nothing");
    assert_eq!(stage.lock_id(key), held, "nor did it release the other's lock");

    let (_, output) = second.finish();
    output.succeeded();
    assert_eq!((by(&stage, key).as_str(), stage.serial(key)), ("second", 2));
    stage.assert_no_lock();
}

#[test]
fn p6_without_a_lock_nobody_writes_what_an_http_client_holds() {
    let _turn = heavy();
    let Some(stage) = Stage::new("-lock=false beside an http holder") else {
        return;
    };
    let key = "mixed/terraform.tfstate";
    let other = begin(&stage, key);
    let holder = Worker::start(&stage, Backend::Http, key, "holder", &[]);
    other.write("main.tf", "output \"by\" { value = \"other\" }\n");
    let refused = other.apply(&["-lock=false"]);
    refused.failed().shows("its holder writes through the http backend");
    assert_eq!(by(&stage, key), "start");
    let (_, output) = holder.finish();
    output.succeeded();
    assert_eq!(by(&stage, key), "holder");
    stage.assert_no_lock();
}

#[test]
fn p6_an_http_client_that_lost_its_lock_does_not_write() {
    let _turn = heavy();
    let Some(stage) = Stage::new("http after a force-unlock") else {
        return;
    };
    let key = "http-late/terraform.tfstate";
    begin(&stage, key);
    let first = Worker::start(&stage, Backend::Http, key, "first", &[]);
    let unlocker = TerraformProject::with_backend(
        Backend::Lockfile,
        &stage.terraform,
        &stage.server.client_env(),
        BUCKET,
        key,
        WORK,
    );
    unlocker.init();
    unlocker.run(&["force-unlock", "-force", &stage.lock_id(key)]).succeeded();
    let (project, output) = first.finish();
    output.failed();
    assert!(project.path().join("errored.tfstate").is_file(), "{output}");
    assert_eq!(by(&stage, key), "start");
    stage.assert_no_lock();
}
