//! What is shown, to people and to programs.

use serde_json::Value;

use crate::stage::Stage;

const STATE: &str = "network/terraform.tfstate";
const ADDRESS: &str = "s3://tfstate/network/terraform.tfstate";

fn actions(document: &Value) -> Vec<&str> {
    let records = document["records"].as_array().expect("records");
    records.iter().map(|record| record["action"].as_str().expect("an action")).collect()
}

#[test]
fn p10_a_lock_cycle_is_shown_with_who_did_it_and_which_lock() {
    let stage = Stage::start();
    stage.cycle(STATE, "id-1", "you@laptop");

    let shown = stage.shown(&[ADDRESS]);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].starts_with("NUMBER  TIME (UTC)"), "{shown}");
    for (line, action) in [(lines[1], "lock_acquired"), (lines[2], "lock_released")] {
        for part in
            [action, "  done  ", "you@laptop (127.0.0.1)", ADDRESS, "lock id-1, by lockfile"]
        {
            assert!(line.contains(part), "{part:?} is missing in {line}");
        }
    }
    let column = |line: &str| line.find("s3://");
    assert_eq!(column(lines[1]), column(lines[2]), "columns are aligned");
}

#[test]
fn p10_records_name_principal_address_and_client_and_no_secret() {
    let stage = Stage::start();
    stage.cycle(STATE, "id-1", "you@laptop");

    let document = stage.json(&[ADDRESS]);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["truncated"], false);
    assert_eq!(actions(&document), ["lock_acquired", "lock_released"]);
    let (id, secret) = stage.server.credentials();
    let record = &document["records"][0];
    assert_eq!(record["principal"], *id);
    assert_eq!(record["peer"], "127.0.0.1");
    assert_eq!(record["protocol"], "s3");
    assert_eq!(record["lock_id"], "id-1");
    assert_eq!(record["bucket"], "tfstate");
    assert_eq!(record["key"], STATE);
    assert!(record["user_agent"].as_str().is_some_and(|name| name.contains("object_store")));
    assert!(!document.to_string().contains(&secret));
}

#[test]
fn p10_the_first_record_is_the_bucket_that_the_server_made() {
    let stage = Stage::start();
    let record = &stage.json(&[])["records"][0];
    assert_eq!((&record["number"], &record["action"]), (&1.into(), &"bucket_created".into()));
    assert_eq!((record.get("principal"), record.get("protocol")), (None, None));
}

#[test]
fn filters_show_what_they_name() {
    let stage = Stage::start();
    stage.cycle(STATE, "id-1", "you@laptop");
    stage.cycle("env:/dev/network/terraform.tfstate", "id-2", "you@laptop");
    stage.cycle("other", "id-3", "you@laptop");

    let ids = |args: &[&str]| {
        let document = stage.json(args);
        let records = document["records"].as_array().expect("records").iter();
        let ids = records.map(|record| record["lock_id"].as_str().unwrap_or("none").to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&[ADDRESS]), ["id-1", "id-1"]);
    assert_eq!(ids(&[ADDRESS, "--workspace", "dev"]), ["id-2", "id-2"]);
    assert_eq!(ids(&["--lock-id", "id-3"]), ["id-3", "id-3"]);
    assert_eq!(ids(&[ADDRESS, "--lock-id", "id-3"]), <[&str; 0]>::default());
    assert_eq!(ids(&["--lock-id", "id-1", "--since", "1h"]), ["id-1", "id-1"]);
    assert_eq!(ids(&["--since", "2100-01-01T00:00:00Z"]), <[&str; 0]>::default());
    assert_eq!(stage.shown(&["--lock-id", "nobody's"]), "");
}

#[test]
fn a_limit_keeps_the_newest_and_says_so() {
    let stage = Stage::start();
    for number in 0..5 {
        stage.cycle(STATE, &format!("id-{number}"), "you@laptop");
    }
    let document = stage.json(&["--limit", "3", "--lock-id", "id-4"]);
    assert_eq!(actions(&document), ["lock_acquired", "lock_released"]);

    let ended = stage.run(&["--limit", "3"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ids: Vec<_> = ended
        .stdout
        .lines()
        .skip(1)
        .filter_map(|line| line.split("lock id-").nth(1)?.chars().next())
        .collect();
    assert_eq!(ids, ['3', '4', '4'], "{}", ended.stdout);
    assert!(ended.stderr.contains("note: there may be older ones: --limit is 3"), "{ended:?}");
}

#[test]
fn all_that_came_since_or_after_a_record_is_shown_however_much_it_is() {
    let stage = Stage::start();
    for number in 0..30 {
        stage.cycle(&format!("s{number}"), &format!("id-{number}"), "you@laptop");
    }
    let numbers = |document: &Value| {
        let records = document["records"].as_array().expect("records").iter();
        records.map(|record| record["number"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    let newest = stage.json(&["--limit", "1"])["head"]["number"].as_u64().expect("a number");
    assert!(newest > 60, "more than are shown unless more are asked for: {newest}");

    let everything: Vec<_> = (1..=newest).collect();
    for args in [["--since", "1h"], ["--after", "0"]] {
        let document = stage.json(&args);
        assert_eq!(numbers(&document), everything, "{args:?}");
        assert_eq!(
            (&document["truncated"], &document["head"]["number"]),
            (&false.into(), &newest.into())
        );
        let ended = stage.run(&args);
        assert_eq!(ended.stdout.lines().count(), everything.len() + 1, "{args:?}");
        assert_eq!(ended.stderr, "", "{args:?}");
    }
    assert_eq!(numbers(&stage.json(&["--after", "5"])), everything[5..]);
    assert_eq!(
        numbers(&stage.json(&["--after", "5", "s3://tfstate/s29", "--lock-id", "id-29"])),
        everything[everything.len() - 2..]
    );

    let few = stage.json(&["--after", "5", "--limit", "3"]);
    assert_eq!(
        (numbers(&few), &few["truncated"]),
        (everything[everything.len() - 3..].to_vec(), &true.into())
    );
    let last = (newest - 2).to_string();
    let few = stage.json(&["--after", &last, "--limit", "3"]);
    assert_eq!((numbers(&few), &few["truncated"]), (vec![newest - 1, newest], &false.into()));

    let beyond = stage.run(&["--after", "1000"]);
    assert_eq!((beyond.code, beyond.stdout.as_str()), (Some(0), ""));
    assert!(
        beyond.stderr.contains(&format!("no record 1000: the newest one is {newest}")),
        "{beyond:?}"
    );
}

#[test]
fn what_a_client_calls_itself_cannot_take_over_the_terminal() {
    let stage = Stage::start();
    stage.cycle(STATE, "id-1", "you\u{1b}[2J\nroot@host");
    let shown = stage.shown(&[ADDRESS]);
    assert!(shown.contains("you\\u{1b}[2J\\nroot@host"), "{shown}");
    assert_eq!(shown.lines().count(), 3, "{shown}");
}

#[test]
fn p10_records_survive_a_kill() {
    let mut stage = Stage::start();
    stage.acquire(STATE, "id-1", "you@laptop");
    let before = stage.json(&[]);
    stage.server.kill_hard();
    stage.server.restart();
    assert_eq!(stage.json(&[])["records"], before["records"]);
    stage.release(STATE);
    assert_eq!(actions(&stage.json(&[ADDRESS])), ["lock_acquired", "lock_released"]);
    assert!(stage.shown(&["--verify"]).starts_with("the audit log is whole: "));
}
