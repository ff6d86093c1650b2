//! The commands of an ordinary day: init, plan, apply, change, state surgery, workspaces, destroy.

use statelock_testkit::real_clients::terraform::{Backend, TerraformProject, resources};

use crate::stage::{Stage, code, instances};

#[test]
fn a_state_lives_from_init_to_destroy() {
    let Some(stage) = Stage::new("life of a state") else {
        return;
    };
    let key = "app/terraform.tfstate";
    let project = stage.project(key, &resources(2, 1));
    project.init().shows("Successfully configured the backend \"s3\"");

    let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
    let first_plan = project.run(&plan);
    assert_eq!(code(&first_plan), Some(2), "changes are planned: {first_plan}");
    first_plan.shows("Plan: 2 to add, 0 to change, 0 to destroy.");
    assert_eq!(stage.object(key), None, "a plan writes no state");
    stage.assert_no_lock();

    project.apply(&[]).succeeded().shows("Apply complete! Resources: 2 added");
    let first = stage.state(key);
    assert_eq!((first["serial"].as_u64(), instances(&first)), (Some(1), 2));
    let settled = project.run(&plan);
    assert_eq!(code(&settled), Some(0), "nothing to change: {settled}");

    project.apply(&["-var", "revision=two"]).succeeded().shows("2 changed");
    let second = stage.state(key);
    assert_eq!((second["serial"].as_u64(), instances(&second)), (Some(2), 2));
    assert_eq!(second["lineage"], first["lineage"]);

    let destroy = ["destroy", "-auto-approve", "-input=false", "-no-color"];
    project.run(&destroy).succeeded().shows("2 destroyed");
    let last = stage.state(key);
    assert_eq!((last["serial"].as_u64(), instances(&last)), (Some(3), 0));
    stage.assert_no_lock();
}

#[test]
fn p11_states_pass_byte_for_byte_through_pull_mv_rm_and_push() {
    let Some(stage) = Stage::new("state commands") else {
        return;
    };
    let key = "surgery/terraform.tfstate";
    let project = stage.project(key, &resources(3, 1));
    project.init();
    project.apply(&[]).succeeded();

    let pulled = project.run(&["state", "pull"]);
    pulled.succeeded();
    let stored = String::from_utf8(stage.object(key).unwrap()).unwrap();
    assert_eq!(pulled.stdout, format!("{stored}\n"), "pull shows the stored bytes");

    project.run(&["state", "mv", "terraform_data.unit[0]", "terraform_data.kept"]).succeeded();
    project.run(&["state", "rm", "terraform_data.unit[2]"]).succeeded();
    let listed = project.run(&["state", "list"]);
    listed.succeeded();
    assert_eq!(listed.stdout, "terraform_data.kept\nterraform_data.unit[1]\n");
    assert_eq!(stage.serial(key), 3);

    project.write("older.tfstate", &stored);
    let push = project.run(&["state", "push", "older.tfstate"]);
    push.failed().shows("cannot import state with serial 1 over newer state with serial 3");
    assert_eq!(stage.serial(key), 3, "a refused push writes nothing");
    stage.assert_no_lock();
}

#[test]
fn state_push_writes_a_newer_state() {
    let Some(stage) = Stage::new("state push") else {
        return;
    };
    let key = "push/terraform.tfstate";
    let project = stage.project(key, &resources(1, 1));
    project.init();
    project.apply(&[]).succeeded();
    let mut newer = stage.state(key);
    newer["serial"] = 41.into();
    newer["outputs"]["note"] = serde_json::json!({ "value": "pushed", "type": "string" });
    project.write("newer.tfstate", &newer.to_string());
    project.run(&["state", "push", "newer.tfstate"]).succeeded();
    let stored = stage.state(key);
    assert_eq!(stored["serial"], 42, "terraform stores the pushed serial plus one");
    assert_eq!(stored["outputs"]["note"]["value"], "pushed");
    stage.assert_no_lock();
}

#[test]
fn workspaces_are_made_listed_selected_and_deleted() {
    let Some(stage) = Stage::new("workspaces") else {
        return;
    };
    let key = "ws/terraform.tfstate";
    let project = stage.project(key, &resources(1, 1));
    project.init();
    project.run(&["workspace", "new", "staging"]).succeeded().shows("switched to workspace");
    project.apply(&[]).succeeded();
    assert_eq!(instances(&stage.state("env:/staging/ws/terraform.tfstate")), 1);
    assert_eq!(workspaces(&project), ["default", "* staging"]);

    project.run(&["workspace", "select", "default"]).succeeded();
    assert_eq!(workspaces(&project), ["* default", "staging"]);
    project.run(&["workspace", "delete", "staging"]).failed().shows("Workspace is not empty");
    project.run(&["workspace", "delete", "-force", "staging"]).succeeded();
    assert_eq!(workspaces(&project), ["* default"]);
    assert_eq!(stage.keys(), Vec::<String>::new(), "nothing of the workspace is left");
}

fn workspaces(project: &TerraformProject) -> Vec<String> {
    let listed = project.run(&["workspace", "list"]);
    listed.succeeded();
    let lines = listed.stdout.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_local_state_migrates_to_the_server() {
    let Some(stage) = Stage::new("migration from local state") else {
        return;
    };
    let key = "migrated/terraform.tfstate";
    let env = stage.server.client_env();
    let local = TerraformProject::without_backend(&stage.terraform, &env, &resources(2, 1));
    local.init();
    local.apply(&[]).succeeded();
    let before = std::fs::read(local.path().join("terraform.tfstate")).unwrap();
    let before: serde_json::Value = serde_json::from_slice(&before).unwrap();

    local.use_backend(Backend::Lockfile, crate::stage::BUCKET, key);
    let migrate = ["init", "-migrate-state", "-force-copy", "-input=false", "-no-color"];
    local.run(&migrate).succeeded().shows("Successfully configured the backend \"s3\"");
    assert_eq!(stage.state(key)["resources"], before["resources"]);
    let plan = local.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    assert_eq!(code(&plan), Some(0), "nothing to change after the migration: {plan}");
    stage.assert_no_lock();
}

#[test]
fn encrypt_is_accepted_and_a_key_of_ones_own_is_refused() {
    let Some(stage) = Stage::new("encryption settings") else {
        return;
    };
    let project = stage.project("encrypted/terraform.tfstate", &resources(1, 1));
    let init = ["init", "-input=false", "-no-color", "-reconfigure"];
    project.run(&[&init[..], &["-backend-config=encrypt=true"]].concat()).succeeded();
    project.apply(&[]).succeeded();

    let key = "-backend-config=sse_customer_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = project.run(&[&init[..], &["-backend-config=encrypt=true", key]].concat());
    assert_eq!(code(&refused), Some(1), "{refused}");
    refused.shows("StatusCode: 501");
    stage.assert_no_lock();
}
