//! What `finish` removes from a lock table, and what keeps it from that.

use serde_json::Value;
use statelock_testkit::fault_proxy::{Fault, Request};

use crate::closing::DENIED;
use crate::stage::{BOUND, BUCKET, DUAL, DUAL_OPTIONS, LOCKFILE, Run, Running, Stage, TABLE};

const FINISH: [&str; 5] = ["migrate", "finish", "live", "--dynamodb-table", TABLE];

/// A unit that has arrived, with states of two workspaces and their digests, and somebody else's state.
fn arrived(stage: &Stage) {
    stage.module("live/app", "app/x.tfstate", LOCKFILE);
    for key in ["app/x.tfstate", "env:/dev/app/x.tfstate", "others/x.tfstate"] {
        stage.push(key, 1, &DUAL_OPTIONS);
    }
}

fn finish(stage: &Stage, more: &[&str]) -> Value {
    let run = stage.run(&[&FINISH[..], more, &["--json"]].concat());
    run.ended_saying(0, "");
    run.json()["tables"][0].clone()
}

fn list(value: &Value) -> Vec<&str> {
    let mut texts: Vec<_> =
        value.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

const OURS: [&str; 2] = ["tfstate/app/x.tfstate-md5", "tfstate/env:/dev/app/x.tfstate-md5"];
const OTHERS: [&str; 1] = ["tfstate/others/x.tfstate-md5"];

#[test]
fn only_digests_of_states_that_moved_are_removed_and_not_before_yes() {
    for stage in Stage::all("finishing") {
        arrived(&stage);
        for _ in 0..2 {
            let dry = finish(&stage, &[]);
            assert_eq!((list(&dry["digests"]), &dry["removed"]), (OURS.to_vec(), &0.into()));
            assert_eq!(list(&dry["digests_of_others"]), OTHERS);
            assert_eq!(dry["remaining"], 3, "on {}", stage.name());
            assert_eq!(list(&dry["retire"]), [""; 0], "others may use it");
        }
        stage
            .run(&FINISH)
            .ended_saying(0, "Nothing was changed. To do it: the same command with --yes");

        let done = finish(&stage, &["--yes"]);
        assert_eq!((&done["removed"], &done["remaining"]), (&2.into(), &1.into()));
        for _ in 0..2 {
            let again = finish(&stage, &["--yes"]);
            assert_eq!((list(&again["digests"]), &again["remaining"]), (vec![], &1.into()));
            assert_eq!(list(&again["digests_of_others"]), OTHERS);
        }
        // The states are what they were.
        assert!(stage.keys().iter().filter(|key| key.ends_with("x.tfstate")).count() == 3);
    }
}

#[test]
fn an_empty_table_is_shown_to_be_so_with_the_way_to_retire_it() {
    for stage in Stage::all("an empty table") {
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        let run = stage.run(&[&FINISH[..], &["--yes"]].concat());
        run.ended_saying(0, "The table is empty.");
        run.ended_saying(0, "aws dynamodb create-backup --table-name terraform-locks");
        run.ended_saying(
            0,
            "aws dynamodb delete-table --table-name terraform-locks --region us-east-1",
        );
        run.ended_saying(0, "deletion_protection_enabled = false");
        let backup = run.stdout.find("create-backup").expect("a backup");
        assert!(backup < run.stdout.find("delete-table").expect("a deletion"));
    }
}

#[test]
fn nothing_is_removed_while_a_module_names_the_table_or_a_lock_stands_in_it() {
    for stage in Stage::all("a table in use") {
        arrived(&stage);
        stage.module("live/late", "late/x.tfstate", DUAL);
        let named = stage.run(&[&FINISH[..], &["--yes"]].concat());
        named.ended_saying(5, "`live/late` (live/late/main.tf:6)");
        std::fs::remove_dir_all(stage.path().join("live/late")).expect("it is removed");

        stage.write("live/open/main.tf", &format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket = \"{BUCKET}\"\n    key = \"o\"\n    dynamodb_table = \
             local.table\n  }}\n}}\n"
        ));
        stage.run(&[&FINISH[..], &["--yes"]].concat()).ended_saying(5, "may be this one");
        std::fs::remove_dir_all(stage.path().join("live/open")).expect("it is removed");

        stage.write("live/broken/main.tf", "terraform {\n  backend \"s3\" {\n");
        stage.run(&[&FINISH[..], &["--yes"]].concat()).ended_saying(2, "broken/main.tf");
        std::fs::remove_dir_all(stage.path().join("live/broken")).expect("it is removed");

        // Of a state that nobody here names: the table is in use all the same.
        let address = format!("s3://{BUCKET}/others/x.tfstate");
        let lock = stage.run(&["lock", &address, "--dynamodb-table", TABLE]);
        let id = lock.ended_saying(0, "").stdout.trim_end().to_owned();
        let held = stage.run(&[&FINISH[..], &["--yes"]].concat());
        held.ended_saying(3, "Refused: it holds locks");
        held.ended_saying(3, &id);
        stage.run(&["unlock", &address, &id, "--dynamodb-table", TABLE]).ended_saying(0, "");

        assert_eq!(finish(&stage, &[])["remaining"], 3, "nothing was removed until now");
        assert_eq!(finish(&stage, &["--yes"])["removed"], 2);
    }
}

fn is_removal(request: &Request) -> bool {
    request.operation == "DeleteItem"
}

#[test]
fn a_digest_that_is_written_meanwhile_stays_and_is_told() {
    for stage in Stage::all("a digest written meanwhile") {
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::HoldRequest, 1, is_removal);
        let running = stage.spawn_through(&proxy, &[&FINISH[..], &["--yes"]].concat());
        assert!(proxy.await_held(BOUND), "it removes");
        stage.push("app/x.tfstate", 2, &DUAL_OPTIONS);
        proxy.let_go();
        let run = running.end();
        run.ended_saying(5, "one digest was written meanwhile");
        assert_eq!(finish(&stage, &[])["remaining"], 1, "on {}", stage.name());
        let address = format!("s3://{BUCKET}/app/x.tfstate");
        let status = stage.run(&[&["status", &address, "--json"], &DUAL_OPTIONS[..]].concat());
        assert_eq!(status.json()["digest"]["agrees"], true, "readers are served");
    }
}

#[test]
fn killed_between_two_removals_it_is_finished_by_the_next_run() {
    for stage in Stage::all("a killed finish") {
        arrived(&stage);
        let proxy = stage.proxy();
        let first = std::sync::atomic::AtomicBool::new(true);
        proxy.inject_on(Fault::HoldRequest, 1, move |request| {
            is_removal(request) && !first.swap(false, std::sync::atomic::Ordering::SeqCst)
        });
        let killed = stage.spawn_through(&proxy, &[&FINISH[..], &["--yes"]].concat());
        assert!(proxy.await_held(BOUND), "the second removal");
        killed.kill();
        assert_eq!(finish(&stage, &[])["remaining"], 2, "on {}", stage.name());
        let done = finish(&stage, &["--yes"]);
        assert_eq!((&done["removed"], &done["remaining"]), (&1.into(), &1.into()));
    }
}

#[test]
fn a_lost_answer_to_a_removal_is_no_change_by_somebody_else() {
    for stage in Stage::all("a lost answer to a removal") {
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::LoseResponse, 1, is_removal);
        let run = stage.run_through(&proxy, &[&FINISH[..], &["--yes", "--json"]].concat());
        let done = run.ended_saying(0, "").json()["tables"][0].clone();
        assert_eq!((&done["removed"], &done["remaining"]), (&1.into(), &0.into()));
    }
}

#[test]
fn without_a_table_there_is_nothing_to_finish() {
    let stage = Stage::statelock();
    stage.module("live/app", "app/x.tfstate", LOCKFILE);
    stage.run(&["migrate", "finish", "live"]).ended_saying(6, "--dynamodb-table TABLE");
    let unknown = ["migrate", "finish", "live", "--dynamodb-table", "no-such-table"];
    let run = stage.run(&unknown);
    run.ended_saying(6, "check the table's name and the region");
    assert!(!run.stdout.contains("No digest"), "nothing was read: {run:?}");
    std::fs::create_dir(stage.path().join("empty")).expect("a directory");
    stage.run(&["migrate", "finish", "empty"]).ended_saying(6, "no root module");
}

#[test]
fn of_a_table_that_could_not_be_read_nothing_is_claimed() {
    let stage = Stage::statelock();
    stage.module("live/app", "app/x.tfstate", LOCKFILE);
    for yes in [None, Some("--yes")] {
        let proxy = stage.proxy();
        proxy.inject_on(Fault::Answer(DENIED), 9, |request| request.operation == "Scan");
        let words: Vec<_> = FINISH.into_iter().chain(yes).collect();
        let run = stage.run_through(&proxy, &words);
        run.ended_saying(9, "dynamodb:Scan");
        assert!(!run.stdout.contains("No digest") && !run.stdout.contains("no lock"), "{run:?}");
        let alone = Running::start(stage.without_credentials(&words)).end();
        alone.ended_saying(9, "no usable credentials");
        assert!(!alone.stdout.contains("No digest"), "{alone:?}");
    }
}

/// Holds the first removal of a `finish`, and lets it go after something else was done.
fn held_at_its_first_removal(stage: &Stage, words: &[&str], meanwhile: impl FnOnce()) -> Run {
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, is_removal);
    let running = stage.spawn_through(&proxy, words);
    assert!(proxy.await_held(BOUND), "the first removal");
    meanwhile();
    proxy.let_go();
    running.end()
}

#[test]
fn what_a_twin_has_removed_is_not_told_as_written() {
    for stage in Stage::all("two at once without a record") {
        arrived(&stage);
        let words = [&FINISH[..], &["--yes"]].concat();
        let first = held_at_its_first_removal(&stage, &words, || {
            stage.run(&words).ended_saying(0, "2 of 2 digests removed");
        });
        first.ended_saying(0, "of 2 digests removed");
        assert!(!first.stdout.contains("wrote them"), "{first:?}");
        // The state server knows the digest of a state by itself, and lets it be removed again.
        if stage.name() == "moto" {
            first.ended_saying(0, "0 of 2 digests removed");
            first.ended_saying(0, "Removed meanwhile by somebody else");
            first.ended_saying(0, OURS[0]);
        }
    }
}

#[test]
fn a_second_one_on_the_same_record_is_refused() {
    for stage in Stage::all("two at once on a record") {
        stage.module("live/app", "app/x.tfstate", DUAL);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        stage.run(&["migrate", "verify", "live"]).ended_saying(0, "verified");
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        let words = ["migrate", "finish", "live", "--yes"];
        let first = held_at_its_first_removal(&stage, &words, || {
            stage.run(&words).ended_saying(8, "another migration is at work in");
        });
        first.ended_saying(0, "is closed: the original files are forgotten");
        stage.run(&words).ended_saying(0, "No digest of a state of these backends is left");
    }
}

#[test]
fn what_names_the_table_is_shown_where_it_stands_with_the_init_that_mends_it() {
    let stage = Stage::statelock();
    stage.module("live/app", "app/x.tfstate", LOCKFILE);
    stage.module("live/ci", "ci/x.tfstate", LOCKFILE);
    stage.write(
        "live/ci/deploy.sh",
        &format!("#!/bin/sh\nterraform init -backend-config=dynamodb_table={TABLE}\n"),
    );
    stage.write(
        "live/old/main.tf",
        "terraform {\n  backend \"s3\" {\n    region = \"us-east-1\"\n  }\n}\n",
    );
    stage.write(
        "live/old/prod.tfbackend",
        &format!("bucket = \"{BUCKET}\"\nkey = \"old\"\nuse_lockfile = true\n"),
    );
    stage.write(
        "live/old/.terraform/terraform.tfstate",
        &format!(
            r#"{{"version":3,"terraform_version":"1.11.4","backend":{{"type":"s3","config":{{"bucket":"{BUCKET}","key":"old","region":"us-east-1","dynamodb_table":"{TABLE}"}},"hash":1}}}}"#
        ),
    );
    let run = stage.run(&FINISH);
    run.ended_saying(5, "`live/ci` (live/ci/deploy.sh:2): its `dynamodb_table` is this one");
    let init = "terraform -chdir=live/old init -reconfigure -backend-config=prod.tfbackend";
    run.ended_saying(5, &format!("it is still initialised with this one; run: {init}"));
}
