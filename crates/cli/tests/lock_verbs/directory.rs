//! Directories that name the state, and such that do not.

use std::path::{Path, PathBuf};

use statelock_testkit::real_clients::terraform::{Backend, Terraform, TerraformProject};

use crate::stage::{BUCKET, KEY, Stage};

fn directory(stage: &Stage, name: &str, main: &str) -> PathBuf {
    let path = stage.scratch.path().join(name);
    std::fs::create_dir(&path).expect("a directory");
    std::fs::write(path.join("main.tf"), main).expect("a file");
    path
}

fn s3(more: &str) -> String {
    format!("terraform {{\n  backend \"s3\" {{\n{more}\n  }}\n}}\n")
}

#[test]
fn a_directory_before_its_init_is_enough() {
    let stage = Stage::statelock();
    let block = s3("bucket = \"tfstate\"\nkey = \"app/terraform.tfstate\"\nuse_lockfile = true");
    let here = directory(&stage, "written", &block);
    let id = stage.run_in(&here, &["lock"]);
    id.ended(0, "");
    let name = here.display().to_string();
    stage.run(&["unlock", &name, id.stdout.trim_end()]).ended(0, "released");
    let partial = directory(&stage, "partial", &s3("use_lockfile = true"));
    stage.run_in(&partial, &["status"]).ended(2, "--backend-config");
    let more =
        ["--backend-config", "bucket=tfstate", "--backend-config", "key=app/terraform.tfstate"];
    stage.run_in(&partial, &[&["status"], &more[..]].concat()).ended(0, "");
}

#[test]
fn what_terraform_does_not_lock_is_told() {
    let stage = Stage::statelock();
    let block = s3("bucket = \"tfstate\"\nkey = \"app/terraform.tfstate\"");
    let here = directory(&stage, "unlocked", &block);
    stage.run_in(&here, &["status"]).ended(0, "warning: Terraform itself does not lock this state");
    let other = s3("bucket = \"tfstate\"\nkey = \"k\"\ndynamodb_table = \"terraform-locks\"");
    let other = directory(&stage, "other", &other);
    stage.run_in(&other, &["lock", "--use-lockfile"]).ended(2, "leave the options out");
}

#[test]
fn directories_that_name_no_state_in_s3_are_refused() {
    let stage = Stage::statelock();
    let empty = stage.scratch.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let status = |path: &Path| stage.run_in(path, &["status"]);
    status(&empty).ended(2, "is not a Terraform directory").ended(2, "s3://BUCKET/KEY");
    status(&directory(&stage, "none", "")).ended(2, "configures no backend");
    let http =
        "terraform {\n  backend \"http\" {\n    address = \"http://127.0.0.1:1/x\"\n  }\n}\n";
    status(&directory(&stage, "http", http)).ended(2, "`http`").ended(2, "--endpoint-url");
    status(&directory(&stage, "broken", "terraform {")).ended(2, "main.tf");
    let insecure = s3("bucket = \"b\"\nkey = \"k\"\ninsecure = true");
    status(&directory(&stage, "insecure", &insecure)).ended(2, "custom_ca_bundle");
    stage.run(&["status", "no/such/directory"]).ended(2, "there is no directory");
    stage.run(&["status", "gs://bucket/key"]).ended(2, "s3://BUCKET/KEY");
}

#[test]
fn a_broken_or_outdated_initialisation_is_told() {
    let Some(terraform) = Terraform::find("a broken .terraform") else { return };
    let stage = Stage::statelock();
    let env = stage.env(&stage.endpoint());
    let project = TerraformProject::with_backend(Backend::Dual, &terraform, &env, BUCKET, KEY, "");
    project.init();
    let here = project.path();
    stage.run_in(here, &["status"]).ended(0, "");
    project.use_backend(Backend::Dual, BUCKET, "moved/terraform.tfstate");
    let status = stage.run_in(here, &["status"]);
    status.ended(0, "warning:").ended(0, "terraform init");
    assert!(status.stdout.contains(KEY), "what was initialised counts: {}", status.stdout);
    std::fs::write(here.join(".terraform/terraform.tfstate"), "{").expect("a file");
    stage.run_in(here, &["status"]).ended(2, "is damaged").ended(2, "terraform init");
}
