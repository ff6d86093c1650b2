//! The way back, where the kept bytes alone do not tell what is right.

use std::fs;
use std::path::Path;

use super::super::files::OsFiles;
use super::super::record::{Direction, Home, OpenRecord};
use super::super::stop_notice::StopNotice;
use super::super::survey::LockPhase;
use super::super::writing::{Asked, carry_out};
use super::tests::{BOTH, block, fate, fates, session, to, tree};
use super::*;

fn apply_s3(top: &Path) {
    let mut session = session(top);
    let request =
        Request { allows_unverified: true, includes_unlocked: true, ..to(LockPhase::Lockfile) };
    let changes = session.decide(&request).unwrap();
    let asked = Asked {
        direction: Direction::Forward,
        phase: LockPhase::Lockfile,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
    carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap();
    assert!(!changes.files.is_empty());
}

fn back(phase: LockPhase) -> Request {
    Request { goal: Goal::BackTo(phase), ..Request::default() }
}

fn with_table(table: &str) -> Request {
    Request { table: Some(table.to_owned()), ..back(LockPhase::Dual) }
}

#[test]
fn who_never_had_a_table_does_not_lose_its_lockfile() {
    for own in ["", "    use_lockfile = false\n"] {
        let top = tree(&[("main.tf", &block("a", own))]);
        apply_s3(top.path());
        assert_eq!(fate(top.path(), &back(LockPhase::Dual)), "table_unknown", "{own}");
        let changes = session(top.path()).decide(&with_table("locks")).unwrap();
        let [file] = changes.files.as_slice() else { panic!("{changes:?}") };
        let after = String::from_utf8(file.after.clone()).unwrap();
        let words: Vec<_> = after.split_whitespace().collect();
        assert!(words.join(" ").contains("use_lockfile = true"), "{after}");
        assert!(after.contains("\"locks\""), "{after}");
    }
}

#[test]
fn different_tables_do_not_go_into_one_file() {
    let main = "terraform {\n  required_version = \">= 1.10\"\n  backend \"s3\" {\n    bucket = \"b\"\n    region = \"eu-west-1\"\n    use_lockfile = true\n  }\n}\n";
    let fates_of = |second: &str| {
        let partial =
            |key: &str, table: &str| format!("key = \"{key}\"\ndynamodb_table = \"{table}\"\n");
        let top = tree(&[
            ("main.tf", main),
            ("dev.tfbackend", &partial("dev", "dev-locks")),
            ("prod.tfbackend", &partial("prod", second)),
        ]);
        apply_s3(top.path());
        OpenRecord::open(Home::of_test(top.path()), &OsFiles).unwrap().close().unwrap();
        let found = fates(top.path(), &back(LockPhase::Dual));
        found.into_iter().map(|(_, fate)| fate).collect::<Vec<_>>()
    };
    assert_eq!(fates_of("prod-locks"), ["shared_file", "shared_file"]);
    assert_eq!(fates_of("dev-locks"), ["moves", "moves"]);
}

#[test]
fn an_endpoint_that_an_edit_does_not_bring_back_is_named() {
    let endpoints = "    endpoints = {\n      s3 = \"https://s3.example.com\"\n      dynamodb = \"https://db.example.com\"\n    }\n";
    for (beside, written) in [
        (endpoints, "`dynamodb = \"https://db.example.com\"`"),
        ("    dynamodb_endpoint = \"https://db\"\n", "`dynamodb_endpoint = \"https://db\"`"),
    ] {
        let top = tree(&[("main.tf", &block("a", &format!("{BOTH}{beside}")))]);
        let path = top.path().join("main.tf");
        apply_s3(top.path());
        assert_eq!(fate(top.path(), &back(LockPhase::Dual)), "moves");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("//db"), "{text}");
        fs::write(&path, format!("# new\n{text}")).unwrap();
        let changes = session(top.path()).decide(&back(LockPhase::Dual)).unwrap();
        let Fate::ByHand(places) = &changes.units[0].fate else { panic!("{changes:?}") };
        assert!(places[0].change.contains(written), "{places:?}");
        assert_eq!((places.len(), changes.files.len()), (1, 0));
        // Once that is done, the rest is an edit.
        let text = block("a", &format!("    use_lockfile = true\n{beside}"));
        fs::write(&path, text).unwrap();
        assert_eq!(fate(top.path(), &back(LockPhase::Dual)), "moves");
    }
}

#[test]
fn kept_bytes_that_name_another_table_are_known() {
    let top = tree(&[("main.tf", &block("a", BOTH))]);
    apply_s3(top.path());
    let changes = session(top.path()).decide(&with_table("newlocks")).unwrap();
    let [file] = changes.files.as_slice() else { panic!("{changes:?}") };
    assert!(file.is_restored);
    assert!(file.restores_other_table("newlocks"));
    assert!(!file.restores_other_table("locks"));
}

#[test]
fn nobody_goes_back_to_another_table_than_those_who_have_the_same_state() {
    let with = |table: &str| block("same", &BOTH.replace("locks", table));
    let found = |other: &str| {
        let top = tree(&[("a/main.tf", &with("t1")), ("b/main.tf", &with(other))]);
        let only = vec![top.path().join("a").canonicalize().unwrap()];
        fates(top.path(), &Request { only, ..back(LockPhase::LockTable) })[0].1.clone()
    };
    assert_eq!(found("t2"), "not_exclusive");
    assert_eq!(found("t1"), "moves");
}

#[test]
fn who_has_the_same_state_and_may_lock_in_the_table_keeps_the_table() {
    let open = "    use_lockfile = var.native\n";
    let found = |other: &str, request: &Request| {
        let other = block("same", other);
        let top = tree(&[("a/main.tf", &block("same", BOTH)), ("b/main.tf", &other)]);
        fates(top.path(), request)[0].1.clone()
    };
    let s3 = Request { allows_unverified: true, ..to(LockPhase::Lockfile) };
    let table = format!("    dynamodb_table = \"locks\"\n{open}");
    assert_eq!(found(&table, &s3), "not_exclusive");
    assert_eq!(found(open, &s3), "not_exclusive");
    assert_eq!(found(open, &back(LockPhase::LockTable)), "not_exclusive");
    // Whichever it is, it asks the same table.
    assert_eq!(found(&table, &back(LockPhase::LockTable)), "moves");
}
