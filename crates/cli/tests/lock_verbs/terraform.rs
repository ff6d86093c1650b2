//! Together with the real terraform on one state, in each lock mode and in both directions.

use std::path::PathBuf;
use std::time::Duration;

use statelock_testkit::real_clients::terraform::{Backend, Running, Terraform, TerraformProject};

use crate::stage::{BUCKET, KEY, Stage};

/// With `hold`, an apply works until a file appears (or a minute has passed).
const CONFIG: &str = r#"
variable "hold" { default = "" }
resource "terraform_data" "held" {
  count            = var.hold == "" ? 0 : 1
  triggers_replace = var.hold
  provisioner "local-exec" {
    command = "touch ${var.hold}.started; n=0; until [ -e ${var.hold}.go ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;

const KINDS: [Backend; 3] = [Backend::Lockfile, Backend::LockTable, Backend::Dual];

fn project(stage: &Stage, terraform: &Terraform, kind: Backend) -> TerraformProject {
    let env = stage.env(&stage.endpoint());
    let project = TerraformProject::with_backend(kind, terraform, &env, BUCKET, KEY, CONFIG);
    project.init();
    project
}

/// An apply in the middle of its work, and the file that lets it end.
fn holding(stage: &Stage, project: &TerraformProject, name: &str) -> (Running, PathBuf) {
    let mark = stage.scratch.path().join(name);
    let hold = format!("hold={}", mark.display());
    let mut running = project.spawn_apply(&["-var", &hold]);
    running.await_file(&mark.with_extension("started"), Duration::from_mins(1));
    (running, mark.with_extension("go"))
}

#[test]
fn p11_terraform_is_kept_out_by_our_lock_and_shows_it() {
    let Some(terraform) = Terraform::find("our lock keeps terraform out") else { return };
    for kind in KINDS {
        let stage = Stage::statelock();
        let project = project(&stage, &terraform, kind);
        let here = project.path();
        let taken = stage.run_in(here, &["lock", "--reason", "moving; house"]);
        taken.ended(0, "statelock unlock ");
        let id = taken.stdout.trim_end();
        let refused = project.apply(&[]);
        refused.failed().shows("Error acquiring the state lock").shows(id).shows("moving; house");
        let status = stage.run_in(here, &["status"]);
        status.ended(0, "");
        assert!(status.stdout.contains(id), "{}", status.stdout);
        stage.run_in(here, &["unlock", id]).ended(0, "released");
        project.apply(&[]).succeeded();

        let taken = stage.run_in(here, &["lock"]);
        let id = taken.stdout.trim_end();
        project.run(&["force-unlock", "-force", id]).succeeded();
        stage.run_in(here, &["unlock", id]).ended(4, "not held");
        project.apply(&[]).succeeded();
        let shown = stage.run_in(here, &["status", "--json"]).json();
        assert_eq!(shown["lock"], "free");
        assert_eq!(shown["state"]["terraform_version"], "1.11.4");
        match kind {
            Backend::LockTable | Backend::Dual => assert_eq!(shown["digest"]["agrees"], true),
            Backend::Lockfile | Backend::Http => {
                assert_eq!(shown["digest"]["stored"], serde_json::Value::Null);
            }
        }
    }
}

#[test]
fn p11_we_are_kept_out_by_terraform_and_wait_for_it() {
    let Some(terraform) = Terraform::find("terraform's lock keeps us out") else { return };
    for kind in KINDS {
        let stage = Stage::statelock();
        let project = project(&stage, &terraform, kind);
        let here = project.path();
        let (running, go) = holding(&stage, &project, "first");
        let shown = stage.run_in(here, &["status", "--json"]).json();
        assert_eq!(shown["lock"], "held");
        let holder = &shown["locks"][0]["holder"];
        assert_eq!(holder["operation"], "OperationTypeApply");
        assert_eq!(holder["version"], "1.11.4");
        assert_eq!(holder["life"], "unknown", "terraform does not say which process it is");
        let id = shown["locks"][0]["lock_id"].as_str().expect("an ID");
        stage.run_in(here, &["lock"]).ended(3, id);
        stage.run_in(here, &["wait", "--timeout", "0s"]).ended(3, id);
        stage.run_in(here, &["force-unlock", id]).ended(3, "left alone");
        stage.run_in(here, &["unlock", id]).ended(3, "was taken by a command of Terraform");
        let mut command = stage.command(&["lock", "--wait", "2m"]);
        command.current_dir(here);
        let waiting = crate::stage::Running::start(command);
        waiting.await_said(id);
        std::fs::write(&go, "").expect("a file");
        running.wait().succeeded();
        let taken = waiting.end();
        taken.ended(0, "");
        stage.run_in(here, &["unlock", taken.stdout.trim_end()]).ended(0, "released");
    }
}

#[test]
fn p11_a_lock_of_a_killed_terraform_is_removed() {
    let Some(terraform) = Terraform::find("a killed terraform's lock") else { return };
    for kind in KINDS {
        let stage = Stage::statelock();
        let project = project(&stage, &terraform, kind);
        let here = project.path();
        let (running, go) = holding(&stage, &project, "killed");
        running.kill_hard();
        std::fs::write(&go, "").expect("a file");
        let shown = stage.run_in(here, &["status", "--json"]).json();
        let id = shown["locks"][0]["lock_id"].as_str().expect("an ID").to_owned();
        stage.run_in(here, &["force-unlock", &id]).ended(3, "--yes");
        stage.run_in(here, &["force-unlock", &id, "--yes"]).ended(0, "released");
        project.apply(&[]).succeeded();
    }
}

#[test]
fn the_selected_workspace_is_the_one_that_is_locked() {
    let Some(terraform) = Terraform::find("the selected workspace") else { return };
    let stage = Stage::statelock();
    let project = project(&stage, &terraform, Backend::Lockfile);
    let here = project.path();
    project.run(&["workspace", "new", "dev"]).succeeded();
    let key = |args: &[&str]| {
        let run = stage.run_in(here, &[&["status", "--json"], args].concat());
        run.ended(0, "").json()["key"].as_str().expect("a key").to_owned()
    };
    assert_eq!(key(&[]), format!("env:/dev/{KEY}"));
    assert_eq!(key(&["--workspace", "default"]), KEY);
    let mut command = stage.command(&["status", "--json"]);
    command.current_dir(here).env("TF_WORKSPACE", "prod");
    assert_eq!(crate::stage::Run::of(command).json()["key"], format!("env:/prod/{KEY}"));
    let taken = stage.run_in(here, &["lock"]);
    project.apply(&[]).failed().shows(taken.stdout.trim_end());
    project.run(&["workspace", "select", "default"]).succeeded();
    project.apply(&[]).succeeded();
}
