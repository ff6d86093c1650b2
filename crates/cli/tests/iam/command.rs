//! What the verb prints, and how it ends.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use statelock_testkit::command::Run;
use tempfile::TempDir;

const ADDRESS: &str = "s3://tfstate/network/terraform.tfstate";

pub(crate) fn run_in(directory: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(args).env_clear().current_dir(directory).stdin(Stdio::null());
    Run::of(command)
}

#[test]
fn a_policy_goes_through_its_own_check() {
    let scratch = TempDir::with_prefix("statelock-iam-").expect("a directory");
    let run = |args: &[&str]| run_in(scratch.path(), args);
    for role in ["plan", "apply", "unlock", "migrate", "bootstrap", "gc"] {
        let printed = run(&["iam", ADDRESS, "--role", role]);
        printed.ended(0, "");
        std::fs::write(scratch.path().join("policy.json"), &printed.stdout).expect("a file");
        let check = ["iam", "check", "policy.json", "--for", ADDRESS, "--role", role];
        let checked = run(&check);
        checked.ended(0, "");
        assert!(
            checked.stdout.contains("This is enough, and no more than that."),
            "{}",
            checked.stdout
        );
        let json = run(&[&check[..], &["--json"]].concat());
        let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!((&document["schema"], &document["sufficient"]), (&1.into(), &true.into()));
    }
}

#[test]
fn that_other_keys_are_reached_is_said() {
    let scratch = TempDir::with_prefix("statelock-iam-").expect("a directory");
    let run = |args: &[&str]| run_in(scratch.path(), &[&["iam", ADDRESS], args].concat());
    let note = "`env:/*/network/terraform.tfstate` also takes in the workspaces of keys that end in \
                `/network/terraform.tfstate`, as `env:/dev/other/network/terraform.tfstate`";
    run(&["--role", "plan"]).ended(0, note);
    run(&["--role", "apply", "--explain"]).ended(0, note);
    let table = ["--role", "unlock", "--mode", "lock_table", "--dynamodb-table", "locks"];
    run(&table).ended(0, note);
    let json = run(&["--role", "gc", "--json"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(document["notes"][0].as_str().is_some_and(|text| text.contains(note)), "{document}");
    run(&["--role", "plan", "--workspace-key-prefix", ""]).ended(
        0,
        "`*/network/terraform.tfstate` also takes in the states and workspaces of keys that end in",
    );
    for quiet in [&["--role", "plan", "--workspaces", "dev,prod"][..], &["--role", "bootstrap"][..]]
    {
        let stderr = run(quiet).stderr;
        assert!(!stderr.contains("also takes in"), "{quiet:?}: {stderr}");
    }
}

#[test]
fn a_policy_that_cannot_work_is_not_enough() {
    let scratch = TempDir::with_prefix("statelock-iam-").expect("a directory");
    let write = |text: &str| {
        std::fs::write(scratch.path().join("policy.json"), text).expect("a file");
    };
    let check = |more: &[&str]| {
        let args = ["iam", "check", "policy.json", "--for", ADDRESS, "--role", "plan"];
        run_in(scratch.path(), &[&args[..], more].concat())
    };
    write(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
            "Action":["s3:ListBucket","s3:GetObject","s3:PutObject","s3:DeleteObject"],
            "Resource":["arn:aws:s3:::tfstate","arn:aws:s3:::tfstate/*"],
            "Condition":{"StringLike":{"s3:prefix":["env:/*","network/*"]}}}}"#,
    );
    check(&["--workspaces", "none"]).ended(9, "permissions are lacking");
    write(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
            "Principal":{"AWS":"arn:aws:iam::111122223333:root"},
            "Resource":["arn:aws:s3:::tfstate","arn:aws:s3:::tfstate/*"]}}"#,
    );
    let role = ["--principal", "arn:aws:iam::111122223333:role/ci"];
    let delegated = check(&role);
    delegated.ended(0, "");
    assert!(
        delegated.stdout.contains("an account in `Principal` only delegates"),
        "{}",
        delegated.stdout
    );
    check(&[&role[..], &["--strict"]].concat()).ended(9, "permissions are lacking");
}

#[test]
fn what_is_lacking_ends_with_9_and_what_is_no_policy_with_2() {
    let scratch = TempDir::with_prefix("statelock-iam-").expect("a directory");
    let write =
        |name: &str, text: &str| std::fs::write(scratch.path().join(name), text).expect("a file");
    let check = |file: &str| {
        run_in(scratch.path(), &["iam", "check", file, "--for", ADDRESS, "--role", "apply"])
    };
    write(
        "reads.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#,
    );
    let lacking = check("reads.json");
    lacking.ended(9, "permissions are lacking");
    assert!(lacking.stdout.contains("apply succeeds, and the lock stays"), "{}", lacking.stdout);
    write("typo.json", "{\"Version\": \"2012-10-17\",\n \"Statement\": [{\"Efect\": \"Allow\"}]}");
    check("typo.json")
        .ended(2, "`typo.json` is no policy: line 2, column 17: a statement has no `Efect`");
    write("cut.json", "{\"Version\": ");
    check("cut.json").ended(2, "line 1, column 13: the text ends too early");
    check("missing.json").ended(2, "could not read `missing.json`");
    let run = |args: &[&str]| run_in(scratch.path(), args);
    run(&["iam", ADDRESS]).ended(2, "no role is named");
    run(&["iam", ADDRESS, "--role", "plan", "--mode", "dual"]).ended(2, "--dynamodb-table");
    run(&["iam", ADDRESS, "--role", "apply", "--no-lock"])
        .ended(2, "--no-lock is for the role `plan`");
    run(&["iam", ADDRESS, "--role", "plan", "--account", "1"]).ended(2, "12 digits");
    run(&["iam", ADDRESS, "--role", "plan", "--kms-key", "alias/state"]).ended(2, "is an alias");
    run(&["iam", "--role", "plan"]).ended(2, "not a Terraform directory");
}
