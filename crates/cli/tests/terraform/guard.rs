//! The write guard and what people do on purpose: pushes, rollbacks, workspaces, long applies.

use std::process::{Command, Output};

use statelock_testkit::real_clients::terraform::resources;

use crate::stage::{BUCKET, Stage, heavy, instances};

/// Runs `statelock` as a user of this server would.
fn statelock(stage: &Stage, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(args).env_clear().envs(stage.server.client_env());
    command.output().expect("statelock can be started")
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn allow_overwrite(stage: &Stage, key: &str) {
    let address = format!("s3://{BUCKET}/{key}");
    let args = ["state", "allow-overwrite", &address, "--for", "5m", "--reason", "a rollback"];
    let allowed = statelock(stage, &args);
    assert!(allowed.status.success(), "{:?}", said(&allowed));
}

const OUTPUT: &str = "variable \"v\" { default = \"0\" }\noutput \"o\" { value = var.v }\n";

#[test]
fn p7_a_forced_push_of_an_older_state_needs_a_permission() {
    let Some(stage) = Stage::new("state push -force") else {
        return;
    };
    let key = "forced/terraform.tfstate";
    let project = stage.project(key, OUTPUT);
    project.init();
    project.apply(&["-var", "v=1"]).succeeded();
    let first = project.run(&["state", "pull"]);
    project.write("first.tfstate", &first.stdout);
    for revision in ["v=2", "v=3", "v=4"] {
        project.apply(&["-var", revision]).succeeded();
    }
    let before = stage.object(key);
    let push = ["state", "push", "-no-color", "-force", "first.tfstate"];
    let refused = project.run(&push);
    refused.failed().shows("api error StateWriteRefused").shows("StatusCode: 409");
    refused.shows("the stored state has serial 4, which is newer than the offered serial 2");
    refused.shows(&format!("statelock state allow-overwrite s3://{BUCKET}/{key} --for 5m"));
    assert_eq!(stage.object(key), before);
    stage.assert_no_lock();

    // What was refused is not lost.
    let address = format!("s3://{BUCKET}/{key}");
    let listed = statelock(&stage, &["state", "quarantine", "list", &address]);
    let (listed, _) = said(&listed);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let id = listed.split("  ").next().expect("an id");
    let got = statelock(&stage, &["state", "quarantine", "get", &address, "--version-id", id]);
    let kept: serde_json::Value = serde_json::from_slice(&got.stdout).expect("a state");
    assert_eq!((kept["serial"].as_u64(), &kept["outputs"]["o"]["value"]), (Some(2), &"1".into()));

    allow_overwrite(&stage, key);
    project.run(&push).succeeded();
    assert_eq!(stage.state(key)["outputs"]["o"]["value"], "1");
    // One write was permitted, and terraform goes on from it as from any other.
    project.apply(&["-var", "v=5"]).succeeded();
    assert_eq!(stage.serial(key), 3);
    project.run(&push).failed().shows("api error StateWriteRefused");
    stage.assert_no_lock();
}

#[test]
fn p7_a_permission_is_not_given_without_a_state_or_a_reason() {
    let Some(stage) = Stage::new("allow-overwrite") else {
        return;
    };
    let address = format!("s3://{BUCKET}/none/terraform.tfstate");
    let ask = |more: &[&str]| {
        let output = statelock(&stage, &[&["state", "allow-overwrite"], more].concat());
        (output.status.code(), said(&output).1)
    };
    let (code, message) = ask(&[&address, "--for", "5m", "--reason", "x"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("no such object"), "{message}");
    for bad in [
        &["--for", "5m", "--reason", "x"][..],
        &[&address, "--for", "5m"],
        &[&address, "--reason", "x"],
        &[&address, "--for", "25h", "--reason", "x"],
        &[&address, "--for", "5m", "--reason", " "],
    ] {
        assert_eq!(ask(bad).0, Some(2), "{bad:?}");
    }
}

#[test]
fn p7_an_older_state_of_many_mebibytes_is_refused_in_parts() {
    let _turn = heavy();
    let Some(stage) = Stage::new("large state push -force") else {
        return;
    };
    let key = "forced-large/terraform.tfstate";
    let project = stage.project(key, &resources(4, 1024));
    project.init();
    project.apply(&[]).succeeded();
    project.write("first.tfstate", &project.run(&["state", "pull"]).stdout);
    project.apply(&["-var", "revision=two"]).succeeded();
    project.apply(&["-var", "revision=three"]).succeeded();
    let before = stage.etag(key);
    let push = ["state", "push", "-no-color", "-force", "first.tfstate"];
    let refused = project.run(&push);
    refused.failed().shows("CompleteMultipartUpload").shows("api error StateWriteRefused");
    refused.shows("the stored state has serial 3, which is newer than the offered serial 2");
    assert_eq!(stage.etag(key), before);
    allow_overwrite(&stage, key);
    project.run(&push).succeeded();
    assert_eq!(stage.serial(key), 2);
    stage.assert_no_lock();
}

#[test]
fn states_move_into_new_workspaces_and_backends() {
    let Some(stage) = Stage::new("migration") else {
        return;
    };
    let key = "moved/terraform.tfstate";
    let project = stage.project("moved-from/terraform.tfstate", &resources(2, 1));
    project.init();
    project.apply(&[]).succeeded();

    // To another key of the backend.
    let backend = statelock_testkit::real_clients::terraform::Backend::Lockfile;
    project.use_backend(backend, BUCKET, key);
    let migrate = ["init", "-input=false", "-no-color", "-migrate-state", "-force-copy"];
    project.run(&migrate).succeeded();
    assert_eq!(instances(&stage.state(key)), 2);

    // Into a workspace that is new: its own empty state, of another lineage, gives way.
    project.write("moved.tfstate", &project.run(&["state", "pull"]).stdout);
    project.run(&["workspace", "new", "staging"]).succeeded();
    let staging = format!("env:/staging/{key}");
    assert_ne!(stage.state(&staging)["lineage"], stage.state(key)["lineage"]);
    project.run(&["state", "push", "moved.tfstate"]).succeeded();
    assert_eq!(instances(&stage.state(&staging)), 2);

    project.run(&["workspace", "select", "default"]).succeeded();
    project.run(&["workspace", "delete", "-force", "staging"]).succeeded();
    project.run(&["workspace", "new", "staging"]).succeeded();
    project.apply(&[]).succeeded();
    stage.assert_no_lock();
}

/// The second resource is done more than twenty seconds after the first, when terraform writes a state
/// in the middle of an apply.
const LONG: &str = r#"
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  input = terraform_data.first.id
  provisioner "local-exec" { command = "sleep 21" }
}
resource "terraform_data" "next" {
  input = terraform_data.slow.id
  provisioner "local-exec" { command = "sleep 1" }
}
"#;

#[test]
fn states_written_in_the_middle_of_a_long_apply_pass() {
    let Some(stage) = Stage::new("long apply") else {
        return;
    };
    let key = "long/terraform.tfstate";
    let project = stage.project(key, LONG);
    project.init();
    project.apply(&[]).succeeded();
    assert_eq!(stage.serial(key), 2, "one state was written in between");
    assert_eq!(instances(&stage.state(key)), 3);
    stage.assert_no_lock();
}
