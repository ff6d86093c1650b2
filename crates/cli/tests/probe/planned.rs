//! What a probe would do, told to programs.

use serde_json::Value;

use crate::stage::{PLACE, Stage, TABLE};

#[test]
fn a_plan_is_a_document_whose_members_mean_what_they_mean_in_a_report() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    let args = ["--dynamodb-table", TABLE, "--json", "--endpoint-url", &proxy.endpoint()];
    let run = stage.probe(&[&args[..], &["--dry-run", "--time-limit", "90s"]].concat());
    run.ended(0, "note: nothing was sent");
    assert!(proxy.requests().is_empty(), "nothing was sent");
    assert!(!stage.kept().exists(), "no verdict is kept");
    let plan = run.json();
    assert_eq!((&plan["dry_run"], &plan["seconds_max"]), (&Value::Bool(true), &90.0.into()));
    assert_eq!(plan["endpoints"], serde_json::json!([{ "url": proxy.endpoint() }]));
    assert!(plan["written_max"].as_u64() > Some(100), "{plan:#}");

    let report = stage.probe(&args).json();
    assert_eq!(report["dry_run"], false);
    for same in [
        "schema",
        "statelock_version",
        "bucket",
        "prefix",
        "dynamodb_table",
        "writers",
        "rounds",
        "requests_max",
        "command_to_clean",
    ] {
        assert_eq!(plan[same], report[same], "{same}");
        assert_ne!(plan[same], Value::Null, "{same}");
    }
    let below = format!("team/.statelock-probe/{}/", plan["probe_id"].as_str().expect("an id"));
    assert_eq!(plan["keys_below"], below.as_str());
    let names = |document: &Value| {
        let all = document["operations"].as_array().expect("operations").iter();
        let mut names: Vec<_> = all
            .map(|one| (one["operation"].clone().to_string(), one["title"].clone().to_string()))
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&plan), names(&report), "a bucket with versions has all");
    let at_once = plan["operations"].as_array().expect("operations").iter();
    assert_eq!(at_once.filter(|one| one["at_once"] == true).count(), 4);
}

#[test]
fn a_probe_that_fails_prints_no_document() {
    let stage = Stage::statelock();
    let run = stage.run(&["probe", PLACE, "--json", "--endpoint-url", "http://127.0.0.1:1"]);
    run.ended(8, "error: nothing could be tried");
    assert_eq!(run.stdout, "");
    let table = ["--dynamodb-table", "nowhere", "--json"];
    let run = stage.probe(&table);
    run.ended(6, "check the table's name");
    assert_eq!(run.stdout, "");
}
