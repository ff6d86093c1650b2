//! What is decided for small trees of files. The store is never asked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::files::OsFiles;
use super::super::record::{Direction, Home, Homes, MovedUnit, OpenRecord, Run, Verified};
use super::super::session::{Selection, Session};
use super::super::stop_notice::StopNotice;
use super::super::survey::LockPhase;
use super::super::writing::{Asked, carry_out};
use super::*;

/// A tree of files, each given as its path and text.
pub(super) fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = top.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    top
}

pub(super) fn session(top: &Path) -> Session {
    let directories = vec![top.to_owned()];
    Session::open(&Selection { directories, ..Selection::default() }).unwrap()
}

pub(super) fn block(key: &str, rest: &str) -> String {
    format!(
        "terraform {{\n  required_version = \">= 1.10.0\"\n  backend \"s3\" {{\n    bucket = \"b\"\n    key    = \"{key}\"\n    region = \"eu-west-1\"\n{rest}  }}\n}}\n"
    )
}

const TABLE: &str = "    dynamodb_table = \"locks\"\n";
pub(super) const BOTH: &str = "    dynamodb_table = \"locks\"\n    use_lockfile = true\n";

pub(super) fn to(phase: LockPhase) -> Request {
    Request { goal: Goal::To(phase), ..Request::default() }
}

/// Each unit's directory with what becomes of it.
pub(super) fn fates(top: &Path, request: &Request) -> Vec<(String, String)> {
    let mut session = session(top);
    let changes = session.decide(request).unwrap();
    let named = session.survey.units.iter().zip(&changes.units).map(|(unit, change)| {
        let directory = unit.directory.strip_prefix(top).unwrap().display().to_string();
        let fate = match &change.fate {
            Fate::Blocked(all) => all.iter().map(|one| one.id.name()).collect::<Vec<_>>().join(","),
            other => other.name().to_owned(),
        };
        (directory, fate)
    });
    named.collect()
}

pub(super) fn fate(top: &Path, request: &Request) -> String {
    let all = fates(top, request);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].1.clone()
}

#[test]
fn each_goes_to_its_next_phase() {
    let top = tree(&[
        ("a/main.tf", &block("a", TABLE)),
        ("b/main.tf", &block("b", BOTH)),
        ("c/main.tf", &block("c", "    use_lockfile = true\n")),
        ("d/main.tf", &block("d", "")),
    ]);
    let request = Request { allows_unverified: true, ..Request::default() };
    let expected = [("a", "moves"), ("b", "moves"), ("c", "there"), ("d", "left_out")]
        .map(|(a, b)| (a.into(), b.into()));
    assert_eq!(fates(top.path(), &request), expected);
    let mut session = session(top.path());
    let changes = session.decide(&request).unwrap();
    let phases: Vec<_> =
        changes.files.iter().map(|file| (file.name.as_str(), file.phase)).collect();
    assert_eq!(phases, [("a/main.tf", LockPhase::Dual), ("b/main.tf", LockPhase::Lockfile)]);
    let request = Request { includes_unlocked: true, ..request };
    assert_eq!(fates(top.path(), &request)[3].1, "moves");
}

#[test]
fn nobody_skips_the_dual_phase() {
    let top = tree(&[("main.tf", &block("a", TABLE))]);
    assert_eq!(fate(top.path(), &to(LockPhase::Lockfile)), "not_dual");
    let top = tree(&[("main.tf", &block("a", "    use_lockfile = true\n"))]);
    let back = |phase| Request {
        goal: Goal::BackTo(phase),
        table: Some("locks".to_owned()),
        ..Request::default()
    };
    assert_eq!(fate(top.path(), &back(LockPhase::LockTable)), "not_dual");
    assert_eq!(fate(top.path(), &back(LockPhase::Dual)), "moves");
    let unnamed = Request { table: None, ..back(LockPhase::Dual) };
    assert_eq!(fate(top.path(), &unnamed), "table_unknown");
}

#[test]
fn the_table_goes_only_after_a_proof_on_this_backend() {
    let top = tree(&[("main.tf", &block("a", BOTH))]);
    let s3 = to(LockPhase::Lockfile);
    assert_eq!(fate(top.path(), &s3), "not_verified");
    let unverified = Request { allows_unverified: true, ..to(LockPhase::Lockfile) };
    assert_eq!(fate(top.path(), &unverified), "moves");
    let prove = |key: &str, store: &str| {
        let mut record = OpenRecord::open(Home::of_test(top.path()), &OsFiles).unwrap();
        let proof = Verified {
            phase: LockPhase::Dual,
            bucket: "b".to_owned(),
            key: key.to_owned(),
            table: Some("locks".to_owned()),
            at: "2026-01-01T00:00:00Z".to_owned(),
            store: store.to_owned(),
        };
        record.mark_verified(".", proof).unwrap();
    };
    prove("another", "account 123456789012");
    assert_eq!(fate(top.path(), &s3), "not_verified");
    prove("a", "http://localhost:9000");
    assert_eq!(fate(top.path(), &s3), "not_verified");
    prove("a", "account 123456789012");
    assert_eq!(fate(top.path(), &s3), "moves");
}

#[test]
fn old_clients_block_and_only_those_that_may_run_can_be_allowed() {
    let of = |constraint: &str| {
        let text = block("a", TABLE).replace(">= 1.10.0", constraint);
        tree(&[("main.tf", &text)])
    };
    let dual = to(LockPhase::Dual);
    let allowed = Request { allowed: vec![ObstacleId::OldClientPossible], ..to(LockPhase::Dual) };
    let sometimes = of(">= 1.5");
    assert_eq!(fate(sometimes.path(), &dual), "old_client_possible");
    assert_eq!(fate(sometimes.path(), &allowed), "moves");
    let never = of("~> 1.5.0");
    assert_eq!(fate(never.path(), &dual), "old_client");
    assert_eq!(fate(never.path(), &allowed), "old_client");
}

#[test]
fn whoever_has_the_same_state_must_be_kept_out_by_the_new_phase() {
    let files = |other: &str| {
        tree(&[
            ("a/main.tf", &block("same", BOTH)),
            ("b/main.tf", &block("same", other)),
            ("c/main.tf", &block("c", BOTH)),
        ])
    };
    let request = Request { allows_unverified: true, ..to(LockPhase::Lockfile) };
    let top = files(TABLE);
    let found = fates(top.path(), &request);
    assert_eq!(found[0].1, "not_exclusive");
    assert_eq!(found[2].1, "moves");
    let top = files(BOTH);
    assert!(fates(top.path(), &request).iter().all(|(_, fate)| fate == "moves"));
}

#[test]
fn a_file_that_two_link_to_is_changed_once_and_only_for_both() {
    let top = tree(&[("shared/backend.tf", &block("same", TABLE)), ("a/a.tf", ""), ("b/b.tf", "")]);
    for unit in ["a", "b"] {
        let link = top.path().join(unit).join("backend.tf");
        std::os::unix::fs::symlink("../shared/backend.tf", link).unwrap();
    }
    let dual = to(LockPhase::Dual);
    let found = fates(top.path(), &dual);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|(_, fate)| fate == "moves"), "{found:?}");
    let mut session = session(top.path());
    let changes = session.decide(&dual).unwrap();
    let [file] = changes.files.as_slice() else { panic!("{changes:?}") };
    assert_eq!(file.name, "shared/backend.tf");
    let held = Obstacle::new(ObstacleId::LockHeld, "held", "wait");
    let request = Request { also: BTreeMap::from([(1, vec![held])]), ..to(LockPhase::Dual) };
    let found = fates(top.path(), &request);
    let found: Vec<_> = found.iter().map(|(_, fate)| fate.as_str()).collect();
    assert_eq!(found, ["shared_file", "lock_held", "shared_file"]);
    assert_eq!(session.decide(&request).unwrap().files, []);
}

#[test]
fn only_the_named_modules_move() {
    let top = tree(&[("a/main.tf", &block("a", TABLE)), ("b/main.tf", &block("b", TABLE))]);
    let only = vec![top.path().join("a").canonicalize().unwrap()];
    let request = Request { only, ..to(LockPhase::Dual) };
    let found = fates(top.path(), &request);
    assert_eq!((found[0].1.as_str(), found[1].1.as_str()), ("moves", "left_out"));
}

#[test]
fn links_out_of_the_tree_and_read_only_files_are_left_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let outside = tree(&[("backend.tf", &block("a", TABLE))]);
    let top = tree(&[("a/x.tf", "")]);
    symlink(outside.path().join("backend.tf"), top.path().join("a/backend.tf")).unwrap();
    assert_eq!(fate(top.path(), &to(LockPhase::Dual)), "by_hand");
    let top = tree(&[("a/main.tf", &block("a", TABLE))]);
    let path = top.path().join("a/main.tf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(fate(top.path(), &to(LockPhase::Dual)), "not_writable");
}

#[test]
fn the_way_back_restores_the_very_bytes_and_else_makes_the_reverse_edit() {
    let original = block("a", "    dynamodb_table = \"locks\" # ours\n").replace('\n', "\r\n");
    let top = tree(&[("main.tf", &original)]);
    let path = top.path().join("main.tf");
    let on = |phase: LockPhase| {
        let mut session = session(top.path());
        let request = Request { allows_unverified: true, ..to(phase) };
        let changes = session.decide(&request).unwrap();
        let asked = Asked {
            direction: Direction::Forward,
            phase,
            branch: None,
            inits: false,
            stop: &StopNotice::never(),
        };
        carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap();
    };
    let back = |phase: LockPhase| {
        let mut session = session(top.path());
        let changes =
            session.decide(&Request { goal: Goal::BackTo(phase), ..Request::default() }).unwrap();
        let asked = Asked {
            direction: Direction::Back,
            phase,
            branch: None,
            inits: false,
            stop: &StopNotice::never(),
        };
        carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap();
        changes.files.iter().all(|file| file.is_restored)
    };
    on(LockPhase::Dual);
    let dual = fs::read_to_string(&path).unwrap();
    on(LockPhase::Lockfile);
    assert!(!fs::read_to_string(&path).unwrap().contains("dynamodb_table"));
    assert!(back(LockPhase::Dual));
    assert_eq!(fs::read_to_string(&path).unwrap(), dual);
    assert!(back(LockPhase::LockTable));
    assert_eq!(fs::read_to_string(&path).unwrap(), original);
    // The same once more, with a change of somebody's own in between.
    on(LockPhase::Dual);
    on(LockPhase::Lockfile);
    let changed = format!("# new\r\n{}", fs::read_to_string(&path).unwrap());
    fs::write(&path, changed).unwrap();
    assert!(!back(LockPhase::Dual));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# new\r\n"), "{text}");
    assert!(text.contains("dynamodb_table = \"locks\""), "{text}");
    assert_eq!(session(top.path()).survey.units[0].phase, Some(LockPhase::Dual));
}

#[test]
fn a_table_goes_back_into_the_file_that_it_came_from() {
    let top = tree(&[
        (
            "main.tf",
            "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    use_lockfile = true\n  }\n}\n",
        ),
        ("one.tfbackend", "key = \"one\"\nregion = \"eu-west-1\"\ndynamodb_table = \"locks\"\n"),
    ]);
    let mut homes = Homes::new(&[top.path().to_owned()]).unwrap();
    let before = fs::read_to_string(top.path().join("one.tfbackend")).unwrap();
    let mut session = session(top.path());
    let request = Request { allows_unverified: true, ..to(LockPhase::Lockfile) };
    let changes = session.decide(&request).unwrap();
    let asked = Asked {
        direction: Direction::Forward,
        phase: LockPhase::Lockfile,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
    carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap();
    assert_ne!(fs::read_to_string(top.path().join("one.tfbackend")).unwrap(), before);
    let mut session = self::session(top.path());
    let changes = session
        .decide(&Request { goal: Goal::BackTo(LockPhase::Dual), ..Request::default() })
        .unwrap();
    let [file] = changes.files.as_slice() else { panic!("{changes:?}") };
    assert!(file.path.ends_with("one.tfbackend"));
    assert_eq!(String::from_utf8(file.after.clone()).unwrap(), before);
    let home = homes.of(&top.path().canonicalize().unwrap()).unwrap().unwrap();
    assert_eq!(file.home, home);
}

#[test]
fn who_shares_a_file_moves_together_or_not_at_all() {
    let partial = "terraform {\n  required_version = \">= 1.10\"\n  backend \"s3\" {\n    bucket = \"b\"\n    dynamodb_table = \"locks\"\n  }\n}\n";
    let top = tree(&[
        ("main.tf", partial),
        ("env/one.tfbackend", "key = \"one\"\nregion = \"eu-west-1\"\n"),
        ("env/two.tfbackend", "key = \"two\"\nregion = \"eu-west-1\"\n"),
    ]);
    let dual = to(LockPhase::Dual);
    let found = fates(top.path(), &dual);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(_, fate)| fate == "moves"), "{found:?}");
    let mut session = session(top.path());
    assert_eq!(session.decide(&dual).unwrap().files.len(), 1);
    // One of them cannot move: the other one stays, too.
    let held = Obstacle::new(ObstacleId::LockHeld, "held", "wait");
    let request = Request { also: BTreeMap::from([(1, vec![held])]), ..to(LockPhase::Dual) };
    let found = fates(top.path(), &request);
    assert_eq!((found[0].1.as_str(), found[1].1.as_str()), ("shared_file", "lock_held"));
    assert_eq!(session.decide(&request).unwrap().files, []);
}

#[test]
fn an_unfinished_run_of_another_kind_stops_a_new_one() {
    let top = tree(&[("main.tf", &block("a", TABLE))]);
    let mut record = OpenRecord::open(Home::of_test(top.path()), &OsFiles).unwrap();
    let units = BTreeMap::from([(".".to_owned(), MovedUnit { table: None, files: Vec::new() })]);
    let run = Run {
        phase: LockPhase::Lockfile,
        direction: Direction::Forward,
        branch: None,
        steps: Vec::new(),
        units,
    };
    record.begin(run, &[]).unwrap();
    drop(record);
    let mut session = session(top.path());
    let changes = session.decide(&to(LockPhase::Dual)).unwrap();
    let asked = Asked {
        direction: Direction::Forward,
        phase: LockPhase::Dual,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
    let error = carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap_err();
    assert!(error.to_string().contains("apply --phase s3"), "{error}");
}
