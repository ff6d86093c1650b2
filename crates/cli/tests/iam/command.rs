//! What the verb prints, and how it ends.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const ADDRESS: &str = "s3://tfstate/network/terraform.tfstate";

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run_in(directory: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(args).env_clear().current_dir(directory).stdin(Stdio::null());
    let output = command.output().expect("statelock can be started");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Run {
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(said), "expected {said:?} in {}", self.stderr);
        self
    }
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
