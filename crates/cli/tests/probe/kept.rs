//! The verdict is kept, and told to who locks there later.

use std::os::unix::fs::PermissionsExt as _;

use crate::stage::{PLACE, Run, Stage, strangers};

const STATE: &str = "s3://tfstate/app/terraform.tfstate";
const WARNING: &str =
    "warning: use_lockfile was found not safe on s3://tfstate by `statelock probe` on ";

#[test]
fn who_locks_on_a_store_that_failed_its_probe_is_warned() {
    let Some((stage, other)) = strangers("warnings") else { return };
    let endpoint = stage.server.endpoint();
    let urls = [endpoint.clone(), format!("http://{}", other.address())];
    let options = ["--endpoint-url", &urls[0], "--endpoint-url", &urls[1]];
    stage.probe(&options).ended(10, "");
    let lock = stage.run(&["lock", STATE]);
    lock.ended(0, WARNING);
    assert_eq!(lock.stderr.matches("found not safe").count(), 1, "{}", lock.stderr);
    assert!(lock.stderr.contains("is not done when several ask at once"), "{}", lock.stderr);
    stage.run(&["unlock", STATE, lock.stdout.trim()]).ended(0, "");
    stage.run(&["run", STATE, "--", "/bin/true"]).ended(0, WARNING);
    // Another address of the same server is another store.
    let proxy = stage.server.proxy();
    let lock = Run::of(stage.command(&proxy.endpoint(), &["run", STATE, "--", "/bin/true"]));
    assert!(!lock.stderr.contains("not safe"), "{}", lock.stderr);
    migrations_are_warned(&stage, &endpoint);
    // A lock table was not tried, so there is nothing to say of it.
    let run = stage.run(&["run", STATE, "--dynamodb-table", "locks", "--", "/bin/true"]);
    assert!(!run.stderr.contains("not safe"), "{}", run.stderr);
    // A later probe counts.
    stage.probe(&[]).ended(0, "");
    let run = stage.run(&["run", STATE, "--", "/bin/true"]);
    assert!(!run.stderr.contains("not safe"), "{}", run.stderr);
}

fn migrations_are_warned(stage: &Stage, endpoint: &str) {
    let directory = stage.scratch.path().join("app");
    std::fs::create_dir(&directory).expect("a directory");
    let block = format!(
        "terraform {{\n  required_version = \">= 1.11\"\n  backend \"s3\" {{\n    bucket = \"tfstate\"\n    key = \
         \"app/terraform.tfstate\"\n    region = \"us-east-1\"\n    dynamodb_table = \"locks\"\n    endpoints = {{ s3 = \
         \"{endpoint}\" }}\n  }}\n}}\n"
    );
    std::fs::write(directory.join("main.tf"), block).expect("a file");
    let plan = stage.run(&["migrate", "plan", "app"]);
    plan.ended(0, WARNING);
    assert_eq!(plan.stderr.matches("found not safe").count(), 1, "{}", plan.stderr);
    stage.run(&["migrate", "apply", "app", "--phase", "dual"]).ended_saying(0, WARNING);
}

#[test]
fn what_is_kept_is_for_its_owner_and_no_condition_of_a_probe() {
    let stage = Stage::statelock();
    stage.probe(&["--time-limit", "0s"]).ended(7, "");
    let directory = stage.kept().join("statelock/probes");
    let files: Vec<_> = std::fs::read_dir(&directory).expect("a directory").collect();
    assert_eq!(files.len(), 1);
    for file in files {
        let mode = file.and_then(|file| file.metadata()).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut command =
        stage.command(&stage.server.endpoint(), &["probe", PLACE, "--time-limit", "0s"]);
    let run = Run::of({
        command.env("XDG_STATE_HOME", "/dev/null/no");
        command
    });
    run.ended(7, "note: the verdict is not kept for other verbs");
}
