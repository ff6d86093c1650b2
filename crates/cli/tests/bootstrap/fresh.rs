//! A name that nobody has yet, and the same again.

use serde_json::json;

use crate::stage::{BUCKET, NO_NEWEST, Stage, Steps as _, TABLE, writes};

const ALL: [&str; 10] = [
    "bucket",
    "ownership",
    "public_access",
    "versioning",
    "encryption",
    "tls_only",
    "old_versions",
    "lock_table",
    "billing",
    "deletion_protection",
];

#[test]
fn a_bucket_and_a_table_are_made_and_found_made() {
    for stage in Stage::all("fresh, and twice") {
        let options = [TABLE, NO_NEWEST, &["--tls-only", "--point-in-time-recovery"]];
        let said = stage.bootstrap(&options).having_said(0, "done        bucket");
        assert!(said.stderr.contains("bucket         = \"acme-tfstate\""), "{}", said.stderr);
        assert!(said.stderr.contains("dynamodb_table = \"acme-locks\""), "{}", said.stderr);
        assert!(!said.stdout.contains("failed"), "{}", said.stdout);
        let proxy = stage.proxy();
        let json = [TABLE, NO_NEWEST, &["--tls-only", "--point-in-time-recovery", "--json"]];
        let again = stage.bootstrap_through(&proxy.endpoint(), &json).having_said(0, "");
        let expected: Vec<_> = ALL.iter().chain(&["point_in_time_recovery"]).collect();
        let steps = again.steps();
        let names: Vec<_> = steps.iter().map(|step| &step.0).collect();
        assert_eq!(names, expected, "{}", stage.server.name());
        assert!(steps.iter().all(|step| step.1 == "already"), "{steps:?}");
        assert_eq!(again.json()["as_wanted"], true);
        assert_eq!(writes(&proxy), [""; 0], "{}", stage.server.name());
        stage.bootstrap(&options).having_said(0, "everything was as wanted; nothing was changed");
    }
}

#[test]
fn a_dry_run_asks_and_changes_nothing() {
    for stage in Stage::all("a dry run") {
        let proxy = stage.proxy();
        let options =
            [TABLE, &["--dry-run", "--json", "--tls-only", "--point-in-time-recovery"][..]];
        let said = stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "");
        let steps = said.steps();
        assert!(steps.iter().all(|step| step.1 == "would_do"), "{steps:?}");
        assert_eq!(steps.len(), 8, "{steps:?}");
        assert_eq!(writes(&proxy), [""; 0]);
        stage.run(&["ls", BUCKET]).having_said(6, "");
        stage
            .bootstrap(&[&["--dry-run"]])
            .having_said(0, "nothing was changed; without --dry-run it is");
    }
}

#[test]
fn what_the_state_server_only_shows_is_said() {
    let stage = Stage::statelock();
    for _ in 0..2 {
        let said = stage.bootstrap(&[&["--tls-only", "--json"]]).having_said(0, "");
        let document = said.json();
        let steps = document["steps"].as_array().expect("steps");
        let without_effect: Vec<_> = steps
            .iter()
            .filter(|step| step["not_applied"].is_string())
            .map(|step| &step["step"])
            .collect();
        assert_eq!(
            without_effect,
            [&json!("encryption"), &json!("tls_only"), &json!("old_versions")]
        );
    }
    stage.bootstrap(&[&["--tls-only"]]).having_said(0, "without effect: ");
}

#[test]
fn a_store_without_tls_does_not_get_locked_up() {
    for stage in Stage::all("no TLS") {
        let said = stage.bootstrap(&[NO_NEWEST]).having_said(0, "left out    TLS only");
        assert!(said.stdout.contains("--tls-only sets it nevertheless"), "{}", said.stdout);
    }
}

#[test]
fn what_was_made_holds_state_and_locks() {
    for stage in Stage::all("used") {
        stage.bootstrap(&[TABLE]).having_said(0, "");
        let address = format!("{BUCKET}/app/terraform.tfstate");
        let dual = ["--dynamodb-table", "acme-locks", "--use-lockfile"];
        let id = stage.run(&[&["lock", &address], &dual[..]].concat()).having_said(0, "").stdout;
        stage
            .run(&[&["unlock", &address, id.trim_end()], &dual[..]].concat())
            .having_said(0, "released");
    }
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_asked() {
    let stage = Stage::statelock();
    for (address, said) in [
        ("acme", "not of the form s3://BUCKET"),
        ("s3://acme-tfstate/app/x.tfstate", "without a key"),
        ("s3://Acme", "no name of a bucket"),
    ] {
        stage.run(&["bootstrap", address]).having_said(2, said);
    }
    let days = ["bootstrap", BUCKET, "--noncurrent-days", "0"];
    stage.run(&days).having_said(2, "--noncurrent-days");
    stage
        .run(&["bootstrap", BUCKET, "--point-in-time-recovery"])
        .having_said(2, "--dynamodb-table");
}

#[test]
fn the_code_needs_neither_a_store_nor_credentials() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_statelock"))
        .args(["bootstrap", BUCKET, "--region", "eu-central-1", "--terraform"])
        .args(TABLE)
        .env_clear()
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{output:?}");
    let code = String::from_utf8(output.stdout).expect("text");
    let expected = include_str!("state-bucket.tf");
    assert_eq!(
        code, expected,
        "if that is right, write it to crates/cli/tests/bootstrap/state-bucket.tf"
    );
}
