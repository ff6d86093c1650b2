//! Verdicts about stores that do as they should, and about two that do not know of each other.

use serde_json::Value;

use statelock_testkit::fault_proxy::Fault;

use crate::stage::{
    BUCKET, PLACE, QUICK, Run, Stage, TABLE, finding, not_enforced, strangers, verdict,
};

/// Of a store that is busy.
const UNAVAILABLE: &str =
    "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOTHING: Vec<(String, String)> = Vec::new();

#[test]
fn a_state_server_is_safe_and_nothing_is_left_there() {
    let stage = Stage::statelock();
    let run = stage.probe(&["--json", "--dynamodb-table", TABLE]);
    run.ended(0, "sends            at most");
    let document = run.json();
    assert_eq!(not_enforced(&document), NOTHING);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["statelock_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&document["bucket"], &document["prefix"]), (&BUCKET.into(), &"team".into()));
    assert_eq!(document["versioning"], "enabled");
    assert_eq!(document["complete"], true);
    assert_eq!(document["exit_code"], 0);
    for way in ["use_lockfile", "dynamodb_table"] {
        assert_eq!(document["conclusions"][way]["verdict"], "safe", "{way}");
    }
    assert_eq!(document["left"], Value::Array(Vec::new()));
    assert_eq!(document["skipped"], Value::Array(Vec::new()), "a bucket with versions has all");
    let (sent, max) = (&document["requests"], &document["requests_max"]);
    assert!(sent.as_u64() > Some(100) && sent.as_u64() <= max.as_u64(), "{sent} of {max}");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn who_knows_no_lockfile_is_given_a_block_of_its_own() {
    let stage = Stage::statelock();
    let run = stage.probe(&["--json", "--dynamodb-table", TABLE]);
    let endpoint = stage.server.endpoint();
    let document = run.json();
    assert_eq!(document["endpoints"][0]["url"], endpoint.as_str(), "as it is in the environment");
    let advice = &document["advice"];
    let block = |name: &str| advice[name].as_str().expect("a block").to_owned();
    let (new, old) = (block("backend"), block("backend_with_dynamodb_table"));
    assert!(new.contains("use_lockfile") && !new.contains("dynamodb"), "{new}");
    assert!(old.contains("dynamodb_table") && !old.contains("use_lockfile"), "{old}");
    assert!(old.contains(&format!("dynamodb = \"{endpoint}\"")), "{old}");
    let without = stage.probe(&["--json"]).json();
    assert_eq!(without["advice"]["backend_with_dynamodb_table"], Value::Null);
}

#[test]
fn where_no_lock_is_known_to_be_safe_nobody_is_told_to_write_as_they_are() {
    let stage = Stage::statelock();
    stage.probe(&[]).ended_saying(0, "write here as they are");
    let proxy = stage.server.proxy();
    let is_race = |method: &str, path: &str| method == "PUT" && path.contains("/race-");
    proxy.inject(Fault::Answer(UNAVAILABLE), usize::MAX, is_race);
    let args = [&["probe", PLACE], QUICK].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended_saying(7, "whether use_lockfile is safe here is not known");
    assert!(!run.stdout.contains("write here"), "{}", run.stdout);
}

#[test]
fn every_race_has_one_winner_in_each_round() {
    let stage = Stage::statelock();
    let document = stage.probe(&["--json", "--dynamodb-table", TABLE]).json();
    for (operation, rounds) in [
        ("put_if_absent_concurrent", 2),
        ("put_if_absent_after_delete_marker_concurrent", 1),
        ("put_if_match_concurrent", 2),
        ("item_put_if_absent_concurrent", 2),
    ] {
        let told = &finding(&document, operation)["rounds"];
        assert_eq!(told["writers"], 32, "{operation}");
        assert_eq!(told["winners"], Value::from(vec![1; rounds]), "{operation}");
        let answers = told["answers"].as_object().expect("answers");
        let losers: u64 = answers
            .iter()
            .filter(|(answer, _)| *answer != "done")
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        // And one of each round who came when it was decided.
        assert_eq!(usize::try_from(losers), Ok(32 * rounds), "{operation}: {answers:?}");
        assert_eq!(told["late_winners"], 0, "{operation}");
    }
}

#[test]
fn a_bucket_without_versions_is_used_as_it_is() {
    let stage = Stage::statelock();
    let made = stage.client().s3("PUT", "/plain", &[], b"").expect("an answer");
    assert_eq!(made.status(), 200);
    let run = stage.run(&["probe", "s3://plain", "--rounds", "1", "--json"]);
    run.ended(0, "");
    let document = run.json();
    assert_eq!(document["versioning"], "off");
    assert_eq!(not_enforced(&document), NOTHING);
    let skipped = document["skipped"].as_array().expect("skipped");
    let skipped: Vec<_> = skipped.iter().map(|one| &one["operation"]).collect();
    assert_eq!(
        skipped,
        ["put_if_absent_after_delete_marker", "put_if_absent_after_delete_marker_concurrent"]
    );
    assert_eq!(document["conclusions"]["dynamodb_table"], Value::Null);
    let said = stage.client().s3("GET", "/plain?versioning", &[], b"").expect("an answer").text();
    assert!(!said.contains("Status"), "its versioning stays as it was: {said}");
    stage.assert_nothing_left("plain");
}

#[test]
fn the_report_for_people_says_how_to_configure_a_client() {
    let stage = Stage::statelock();
    let endpoint = stage.server.endpoint();
    let run = stage.probe(&["--endpoint-url", &endpoint]);
    run.ended(0, "");
    for line in [
        "use_lockfile is safe here: nothing was found against it".to_owned(),
        "    key                         = \"team/NAME/terraform.tfstate\"".to_owned(),
        "    use_lockfile                = true".to_owned(),
        format!("    endpoints                   = {{ s3 = \"{endpoint}\" }}"),
        "  OpenTofu 1.10 and newer: write here as they are".to_owned(),
        format!("  32 writers at {endpoint}"),
    ] {
        assert!(run.stdout.contains(&line), "expected {line:?} in\n{}", run.stdout);
    }
}

#[test]
fn a_store_that_ignores_what_locks_do_not_need_is_safe_with_a_word_of_caution() {
    let Some(stage) = Stage::moto("cautions") else { return };
    let run = stage.probe(&["--json", "--dynamodb-table", TABLE]);
    run.ended(0, "");
    let document = run.json();
    for operation in ["put_if_absent", "put_if_absent_concurrent", "item_put_if_absent_concurrent"]
    {
        assert_eq!(verdict(&document, operation), "enforced", "{operation}");
    }
    for operation in ["complete_if_match", "checksum_trailer_verified", "md5_verified"] {
        assert_eq!(verdict(&document, operation), "ignored", "{operation}");
    }
    let cautions = document["advice"]["cautions"].to_string();
    assert!(cautions.contains("damaged on its way"), "{cautions}");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn endpoints_that_do_not_know_of_each_other_are_racy() {
    let Some((stage, other)) = strangers("racy") else { return };
    let urls = [stage.server.endpoint(), format!("http://{}", other.address())];
    let options = ["--endpoint-url", &urls[0], "--endpoint-url", &urls[1]];
    let options = [&options[..], &["--dynamodb-table", TABLE, "--json"]].concat();
    let run = stage.probe(&options);
    run.ended(10, "");
    let document = run.json();
    assert_eq!(verdict(&document, "put_if_absent"), "enforced", "alone all is well");
    for operation in ["put_if_absent_concurrent", "item_put_if_absent_concurrent"] {
        assert_eq!(verdict(&document, operation), "racy");
        let winners = &finding(&document, operation)["rounds"]["winners"];
        assert!(winners.as_array().expect("winners").iter().any(|won| *won == 2), "{winners}");
    }
    // What one of them was told, the other one never shows.
    assert_eq!(verdict(&document, "read_after_write"), "ignored");
    assert_eq!(document["conclusions"]["use_lockfile"]["verdict"], "not_safe");
    assert_eq!(document["conclusions"]["dynamodb_table"]["verdict"], "not_safe");
    assert_eq!(document["advice"]["backend"], Value::Null, "there is no safe block");
    let writers: Vec<_> = document["endpoints"]
        .as_array()
        .expect("endpoints")
        .iter()
        .map(|endpoint| &endpoint["writers"])
        .collect();
    assert_eq!(writers, [16, 16]);
    // What is at the one is not at the other: both are cleaned.
    assert_eq!(document["left"], serde_json::json!([]));
    stage.assert_nothing_left(BUCKET);
    assert_eq!(stage.left_at(other.address(), BUCKET), Vec::<String>::new());
}

#[test]
fn writers_speak_to_every_address_that_answers() {
    let stage = Stage::statelock();
    let port = crate::stage::address(&stage.server.endpoint()).port();
    let url = format!("http://localhost:{port}");
    let options = ["--endpoint-url", &url, "--use-path-style", "--json"];
    let run = stage.probe(&options);
    run.ended(0, "");
    let endpoint = &run.json()["endpoints"][0];
    // `::1` may be another address of that name; nobody listens there.
    assert_eq!(endpoint["addresses"], serde_json::json!(["127.0.0.1"]), "{endpoint}");
    assert_eq!(endpoint["writers"], 32);
}
