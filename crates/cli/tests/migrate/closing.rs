//! When `finish` may say that a table is not used any more, and close the record of a migration.

use serde_json::Value;
use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{BOUND, BUCKET, DUAL, DUAL_OPTIONS, LOCKFILE, Stage, TABLE};

const FINISH: [&str; 4] = ["migrate", "finish", "live", "--yes"];
pub(crate) const DENIED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: \
                      67\r\n\r\n{\"__type\":\"x#AccessDeniedException\",\"message\":\"not for you, sorry\"}";

/// Units that have moved, with a record of the lock table that they had.
fn moved(stage: &Stage, names: &[&str]) {
    let module = |name: &str, lock: &str| {
        stage.module(&format!("live/{name}"), &format!("{name}/x.tfstate"), lock);
    };
    for name in names {
        module(name, DUAL);
    }
    stage.run(&["migrate", "verify", "live"]).ended_saying(0, "verified");
    for name in names {
        module(name, LOCKFILE);
    }
}

/// Changes the record: this unit had that table.
fn remember(stage: &Stage, unit: &str, table: &str) {
    let path = stage.path().join("live/.statelock/record.json");
    let record = std::fs::read(&path).expect("a record");
    let mut record: Value = serde_json::from_slice(&record).expect("JSON");
    record["units"][unit]["table"] = table.into();
    std::fs::write(&path, record.to_string()).expect("it is written");
}

#[test]
fn whatever_may_still_lock_by_the_table_keeps_it() {
    for stage in Stage::all("a table that may be in use") {
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        let finish = [&FINISH[..], &["--dynamodb-table", TABLE]].concat();
        let arn = format!("arn:aws:dynamodb:us-east-1:123456789012:table/{TABLE}");
        let block = |arguments: &str| {
            format!("terraform {{\n  backend \"s3\" {{\n    {arguments}\n  }}\n}}\n")
        };
        let whole =
            |more: &str| block(&format!("bucket = \"{BUCKET}\"\n    key = \"ci\"\n    {more}"));
        for (text, why) in [
            (whole(""), "its files name no lock"),
            (whole(&format!("dynamodb_table = \"{arn}\"")), "is this one"),
            (block(""), "nothing was seen to complete it"),
            (block("use_lockfile = true"), "nothing was seen to complete it"),
        ] {
            stage.write("live/ci/main.tf", &text);
            let run = stage.run(&finish);
            run.ended_saying(5, "one still names it, or may, so nothing was removed");
            run.ended_saying(5, "`live/ci` (live/ci/main.tf:");
            run.ended_saying(5, why);
            assert!(!run.stdout.contains("delete-table"), "{run:?}");
        }
        // Its table is another one, or in another region.
        for other in ["dynamodb_table = \"others\"", "region = \"eu-north-1\""] {
            stage.write("live/ci/main.tf", &whole(other));
            let dry = stage.run(&[&finish[..3], &finish[4..]].concat());
            dry.ended_saying(0, "1 digest to be removed");
        }
        // By another name of it.
        stage.write("live/ci/main.tf", &whole(DUAL));
        stage.run(&[&FINISH[..], &["--dynamodb-table", &arn]].concat()).ended_saying(5, "live/ci");
        std::fs::remove_dir_all(stage.path().join("live/ci")).expect("it is removed");
        stage.run(&finish).ended_saying(0, "1 of 1 digest removed.");
    }
}

#[test]
fn a_table_that_is_not_found_is_not_taken_for_retired() {
    for stage in Stage::all("a table that is not found") {
        moved(&stage, &["app"]);
        remember(&stage, "app", "gone");
        let missing = stage.run(&FINISH);
        let place = format!("there is no lock table `gone` in us-east-1 of {}", stage.endpoint());
        missing.ended_saying(6, &place);
        missing.ended_saying(6, "--table-deleted");
        assert!(!missing.stdout.contains("is closed"), "{missing:?}");

        let deleted = [&FINISH[..], &["--table-deleted"]].concat();
        stage.module("live/late", "late/x.tfstate", &DUAL.replace(TABLE, "gone"));
        stage.run(&FINISH).ended_saying(6, "`live/late` (live/late/main.tf:6)");
        let named = stage.run(&deleted);
        named.ended_saying(5, "`live/late` (live/late/main.tf:6)");
        assert!(!named.stdout.contains("nothing left to do"), "{named:?}");
        std::fs::remove_dir_all(stage.path().join("live/late")).expect("it is removed");

        stage
            .run(&["migrate", "finish", "live", "--table-deleted"])
            .ended_saying(0, "Nothing was changed");
        let done = stage.run(&deleted);
        done.ended_saying(0, "is closed: the original files are forgotten");
        done.ended_saying(0, &place.replace("there", "There"));
    }
}

#[test]
fn the_record_of_another_table_stays_open() {
    for stage in Stage::all("a record of two tables") {
        moved(&stage, &["app", "net"]);
        remember(&stage, "net", "others");
        let one = stage.run(&[&FINISH[..], &["--dynamodb-table", TABLE]].concat());
        one.ended_saying(0, "stays open: it is also about lock tables that were not finished here");
        one.ended_saying(0, "    others");
        assert!(!one.stdout.contains("is closed"), "{one:?}");
        let json = [&FINISH[..], &["--dynamodb-table", TABLE, "--json"]].concat();
        let record = stage.run(&json).ended_saying(0, "").json()["records"][0].clone();
        assert_eq!((&record["closed"], &record["tables"][0]), (&false.into(), &"others".into()));
        remember(&stage, "net", TABLE);
        let all = stage.run(&FINISH);
        all.ended_saying(0, "is closed: the original files are forgotten");
    }
}

#[test]
fn a_digest_that_is_written_after_its_removal_is_told() {
    for stage in Stage::all("a digest written again") {
        moved(&stage, &["app"]);
        stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
        let proxy = stage.proxy();
        let first = std::sync::atomic::AtomicBool::new(true);
        proxy.inject_on(Fault::HoldRequest, 1, move |request: &Request| {
            request.operation == "Scan" && !first.swap(false, std::sync::atomic::Ordering::SeqCst)
        });
        let running = stage.spawn_through(&proxy, &[&FINISH[..], &["--json"]].concat());
        assert!(proxy.await_held(BOUND), "the second look");
        stage.push("app/x.tfstate", 2, &DUAL_OPTIONS);
        proxy.let_go();
        let run = running.end();
        run.ended_saying(5, "one digest was written meanwhile");
        let table = &run.json()["tables"][0];
        assert_eq!((&table["removed"], &table["remaining"]), (&1.into(), &1.into()));
        assert_eq!(table["changed"][0], "tfstate/app/x.tfstate-md5");
        assert_eq!(table["retire"].as_array().map(Vec::len), Some(0));
        assert_eq!(run.json()["records"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn a_lock_that_is_taken_meanwhile_is_told() {
    let stage = Stage::statelock();
    moved(&stage, &["app"]);
    stage.push("app/x.tfstate", 1, &DUAL_OPTIONS);
    let proxy = stage.proxy();
    let first = std::sync::atomic::AtomicBool::new(true);
    proxy.inject_on(Fault::HoldRequest, 1, move |request: &Request| {
        request.operation == "Scan" && !first.swap(false, std::sync::atomic::Ordering::SeqCst)
    });
    let running = stage.spawn_through(&proxy, &FINISH);
    assert!(proxy.await_held(BOUND), "the second look");
    let address = format!("s3://{BUCKET}/app/x.tfstate");
    let lock = stage.run(&[&["lock", &address], &DUAL_OPTIONS[..]].concat());
    let id = lock.ended_saying(0, "").stdout.trim_end().to_owned();
    proxy.let_go();
    let run = running.end();
    run.ended_saying(3, "one lock was taken meanwhile");
    run.ended_saying(3, &id);
    assert!(!run.stdout.contains("Refused"), "{run:?}");
    assert!(!run.stdout.contains("delete-table"), "{run:?}");
    stage.run(&[&["unlock", &address, &id], &DUAL_OPTIONS[..]].concat()).ended_saying(0, "");
}

#[test]
fn a_lock_of_a_killed_proof_that_stays_is_told() {
    for stage in Stage::all("a leftover that stays") {
        moved(&stage, &["app"]);
        stage.module("live/app", "app/x.tfstate", DUAL);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::HoldRequest, 1, |request| request.operation == "DeleteItem");
        let killed = stage.spawn_through(&proxy, &["migrate", "verify", "live"]);
        assert!(proxy.await_held(BOUND), "it releases");
        killed.kill();
        stage.module("live/app", "app/x.tfstate", LOCKFILE);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::Answer(DENIED), 9, |request| request.operation == "DeleteItem");
        let run = stage.run_through(&proxy, &FINISH);
        run.ended_saying(9, "1 of 1 lock of a proof that was killed could not be removed");
        run.ended_saying(9, "0 of 1 lock of a proof that was killed: removed");
        assert!(!run.stdout.contains("is closed"), "{run:?}");
        stage.run(&FINISH).ended_saying(0, "1 of 1 lock of a proof that was killed: removed");
        assert_eq!(stage.keys(), crate::stage::NOTHING, "on {}", stage.name());
    }
}
