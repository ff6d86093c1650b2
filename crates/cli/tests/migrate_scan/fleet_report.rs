//! The whole fleet, against texts that were read by people.

use serde_json::Value;

use crate::stage::{Stage, findings, matches};

#[test]
fn a_fleet_is_shown_as_a_table() {
    let run = Stage::fleet().scan(&[]);
    run.ended(2, "warning: syntax error in ./broken/main.tf:3, column 5: ");
    run.ended(2, "error: one thing could not be read; all the rest was shown");
    matches("fleet.txt", &run.stdout);
}

#[test]
fn a_fleet_is_shown_as_json() {
    let run = Stage::fleet().scan(&["--json"]);
    run.ended(2, "all the rest was shown");
    let mut document = run.json();
    // The parser's words are not ours.
    document["troubles"][0]["text"] = Value::from("…");
    let pretty = serde_json::to_string_pretty(&document).expect("JSON");
    matches("fleet.json", &(pretty + "\n"));
}

#[test]
fn every_style_is_classified() {
    let run = Stage::fleet().scan(&["--json"]);
    for (name, phase, expected) in [
        ("./network", "lock_table", &["caution:client_may_be_old"][..]),
        ("./dns", "dual", &["caution:client_may_be_old"]),
        ("./edge", "lockfile", &[]),
        ("./legacy", "lock_table", &["blocker:old_client"]),
        ("./open", "unlocked", &["caution:unlocked", "caution:client_may_be_old"]),
        ("./twins/one", "lock_table", &["blocker:not_exclusive", "caution:client_may_be_old"]),
        ("./twins/two", "lockfile", &["blocker:not_exclusive"]),
        ("./json", "lock_table", &["caution:client_may_be_old"]),
        ("./overridden", "lock_table", &["caution:client_may_be_old"]),
        ("./store", "lock_table", &["caution:client_may_be_old", "caution:other_store"]),
        ("./role", "lock_table", &["caution:removed_argument"]),
        ("./wrong", "lock_table", &["blocker:bad_argument", "caution:client_may_be_old"]),
    ] {
        let unit = run.unit(name);
        assert_eq!(unit["phase"], phase, "{name}");
        assert_eq!(findings(&unit), expected, "{name}");
    }
    assert_eq!(run.json()["others"][0]["kind"], "http");
}

#[test]
fn permissions_come_and_go_with_the_workspaces_and_the_partition() {
    let unit = Stage::fleet().scan(&["--json"]).unit("./china");
    let gained = &unit["permissions_gained"][0];
    let lockfiles = [
        "arn:aws-cn:s3:::acme-cn/app.tfstate.tflock",
        "arn:aws-cn:s3:::acme-cn/teams/*/app.tfstate.tflock",
    ];
    assert_eq!(gained["resources"], Value::from(lockfiles.to_vec()));
    let actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl"];
    assert_eq!(gained["actions"], Value::from(actions.to_vec()));
    let lost = &unit["permissions_lost"][0]["resources"][0];
    assert_eq!(lost, "arn:aws-cn:dynamodb:cn-north-1:*:table/locks");
}

#[test]
fn what_the_last_init_set_up_otherwise_is_told() {
    let stage = Stage::with(&[("app/main.tf", crate::stage::LOCK_TABLE_BLOCK)]);
    let initialised = |bucket: &str| {
        format!(
            r#"{{"version": 3, "terraform_version": "1.11.4", "backend": {{"type": "s3", "hash": 1, "config":
               {{"bucket": "{bucket}", "key": "app/terraform.tfstate", "region": "us-east-1",
                 "dynamodb_table": "terraform-locks", "use_lockfile": null}}}}}}"#
        )
    };
    stage.write("app/.terraform/terraform.tfstate", &initialised("tfstate"));
    let same = stage.scan(&["--json"]);
    assert_eq!(findings(&same.unit("./app")), ["caution:client_may_be_old"]);
    stage.write("app/.terraform/terraform.tfstate", &initialised("another"));
    let other = stage.scan(&["--json"]).unit("./app");
    assert_eq!(findings(&other), ["caution:client_may_be_old", "caution:initialised_otherwise"]);
    let text = other["findings"][1]["text"].as_str().expect("a text");
    assert!(text.contains("`bucket`"), "{text}");
}

#[test]
fn what_only_the_last_init_knows_is_shown_and_changed_by_hand() {
    let stage = Stage::with(&[("app/main.tf", "terraform {\n  backend \"s3\" {}\n}\n")]);
    let bare = stage.scan(&["--json"]).unit("./app");
    assert_eq!((&bare["phase"], &bare["bucket"]), (&Value::Null, &Value::Null));
    assert_eq!(findings(&bare), ["caution:incomplete", "caution:client_may_be_old"]);
    stage.write(
        "app/.terraform/terraform.tfstate",
        r#"{"version": 3, "backend": {"type": "s3", "hash": 1, "config":
           {"bucket": "b", "key": "k", "region": "us-east-1", "dynamodb_table": "locks", "use_lockfile": null}}}"#,
    );
    let known = stage.scan(&["--json"]).unit("./app");
    assert_eq!(
        (&known["phase"], &known["bucket"]),
        (&Value::from("lock_table"), &Value::from("b"))
    );
    assert_eq!(findings(&known), ["caution:client_may_be_old", "caution:by_hand"]);
    assert_eq!(known["sites"][0]["is"], "init");
}
