//! Records: what is kept, and that no end of a process loses it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::files::stopping::StoppingFiles;
use super::super::files::{Files, OsFiles, hash};
use super::super::survey::LockPhase;
use super::*;

fn a_run() -> Run {
    let step = Step { file: "a/main.tf".to_owned(), from: hash(b"old"), to: hash(b"new") };
    let moved = MovedUnit { table: Some("locks".to_owned()), files: vec!["a/main.tf".to_owned()] };
    Run {
        phase: LockPhase::Dual,
        direction: Direction::Forward,
        branch: None,
        steps: vec![step],
        units: BTreeMap::from([("a".to_owned(), moved)]),
    }
}

fn proof(phase: LockPhase, at: &str) -> Verified {
    Verified {
        phase,
        bucket: "b".to_owned(),
        key: "k".to_owned(),
        table: Some("locks".to_owned()),
        at: at.to_owned(),
        store: "account 123456789012".to_owned(),
    }
}

#[test]
fn what_was_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    assert_eq!(read(&home).unwrap(), None);
    let mut record = OpenRecord::open(home.clone(), &OsFiles).unwrap();
    record.begin(a_run(), &[b"old", b"new"]).unwrap();
    assert_eq!(record.content(&hash(b"old")).unwrap(), b"old");
    assert_eq!(read(&home).unwrap().unwrap().run, Some(a_run()));
    record.complete(&a_run().steps).unwrap();
    let manifest = read(&home).unwrap().unwrap();
    assert_eq!(&manifest, record.manifest());
    assert_eq!(manifest.run, None);
    assert_eq!(manifest.changes.len(), 1);
    assert_eq!(manifest.units["a"].applied, Some(LockPhase::Dual));
    assert_eq!(manifest.units["a"].table.as_deref(), Some("locks"));
    // A way back needs the old bytes only.
    assert!(record.content(&hash(b"new")).is_err());
    assert_eq!(record.content(&hash(b"old")).unwrap(), b"old");
}

#[test]
fn only_its_owner_reads_it_and_git_does_not_see_it() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    let mut record = OpenRecord::open(home.clone(), &OsFiles).unwrap();
    record.begin(a_run(), &[b"old", b"new"]).unwrap();
    let mode =
        |name: &str| fs::metadata(home.room().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("record.json"), 0o600);
    assert_eq!(mode(&format!("originals/{}", hash(b"old"))), 0o600);
    assert!(fs::read_to_string(home.room().join(".gitignore")).unwrap().ends_with("\n*\n"));
}

#[test]
fn a_second_process_is_refused_until_the_first_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    let first = OpenRecord::open(home.clone(), &OsFiles).unwrap();
    let second = OpenRecord::open(home.clone(), &OsFiles).unwrap_err();
    assert!(matches!(second, RecordError::InUse(_)), "{second}");
    drop(first);
    OpenRecord::open(home, &OsFiles).unwrap();
}

#[test]
fn a_record_of_a_newer_program_and_a_damaged_one_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    drop(OpenRecord::open(home.clone(), &OsFiles).unwrap());
    let path = home.room().join("record.json");
    fs::write(&path, r#"{"schema": 2, "unheard": "of"}"#).unwrap();
    assert!(matches!(read(&home), Err(RecordError::Newer { schema: 2, .. })));
    for text in ["", "{}", r#"{"schema":1}"#, "[1]"] {
        fs::write(&path, text).unwrap();
        assert!(matches!(read(&home), Err(RecordError::Damaged { .. })), "{text}");
    }
}

#[test]
fn names_that_lead_elsewhere_have_no_path() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    for name in ["../x", "/etc/passwd", "a/../../x", "./x/.."] {
        assert_eq!(home.path_of(name), None, "{name}");
    }
    let path = home.path_of("a/b.tf").unwrap();
    assert_eq!(home.name_of(&path).unwrap(), "a/b.tf");
    assert_eq!(home.name_of(home.top()).unwrap(), ".");
    // Through a link, and to what git or a record keeps.
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("link")).unwrap();
    fs::create_dir_all(directory.path().join("a/.git")).unwrap();
    for name in ["link/x.tf", ".git/config", "a/.git/config", ".GIT/config", ".statelock/x.tf"] {
        assert_eq!(home.path_of(name), None, "{name}");
    }
    assert!(home.name_of("/elsewhere/x".as_ref()).is_err());
}

#[test]
fn originals_are_not_kept_where_a_link_leads() {
    let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let home = Home::of_test(directory.path());
    fs::write(outside.path().join("mine"), "x").unwrap();
    fs::create_dir(home.room()).unwrap();
    std::os::unix::fs::symlink(outside.path(), home.room().join("originals")).unwrap();
    let error = OpenRecord::open(home, &OsFiles).unwrap_err();
    assert!(matches!(error, RecordError::Damaged { .. }), "{error}");
    assert!(outside.path().join("mine").exists());
}

#[test]
fn content_that_was_tampered_with_is_not_restored() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    let mut record = OpenRecord::open(home.clone(), &OsFiles).unwrap();
    record.begin(a_run(), &[b"old", b"new"]).unwrap();
    fs::write(home.room().join("originals").join(hash(b"old")), "evil").unwrap();
    assert!(matches!(record.content(&hash(b"old")), Err(RecordError::Damaged { .. })));
    assert!(matches!(record.content("../record.json"), Err(RecordError::Damaged { .. })));
}

#[test]
fn the_last_proof_of_each_phase_counts_on_its_own_backend() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    let mut record = OpenRecord::open(home, &OsFiles).unwrap();
    record.mark_verified("a", proof(LockPhase::Dual, "2026-01-01T00:00:00Z")).unwrap();
    record.mark_verified("a", proof(LockPhase::Dual, "2026-01-02T00:00:00Z")).unwrap();
    record.mark_verified("a", proof(LockPhase::Lockfile, "2026-01-03T00:00:00Z")).unwrap();
    let manifest = record.manifest();
    assert_eq!(manifest.units["a"].verified.len(), 2);
    assert_eq!(manifest.verified("a", LockPhase::Dual).unwrap().at, "2026-01-02T00:00:00Z");
    let this = ProvenBackend {
        bucket: "b".to_owned(),
        key: "k".to_owned(),
        table: Some("locks".to_owned()),
        endpoint: None,
    };
    assert!(manifest.has_verified("a", LockPhase::Dual, &this));
    assert!(!manifest.has_verified("a", LockPhase::LockTable, &this));
    assert!(!manifest.has_verified("b", LockPhase::Dual, &this));
    for other in [
        ProvenBackend { bucket: "other".to_owned(), ..this.clone() },
        ProvenBackend { key: "other".to_owned(), ..this.clone() },
        ProvenBackend { table: Some("other".to_owned()), ..this.clone() },
        ProvenBackend { table: None, ..this.clone() },
        ProvenBackend { endpoint: Some("http://127.0.0.1:9000".to_owned()), ..this },
    ] {
        assert!(!manifest.has_verified("a", LockPhase::Dual, &other), "{other:?}");
    }
}

#[test]
fn a_unit_is_applied_only_if_all_its_files_were_changed() {
    let files = |names: &[&str]| {
        let files = names.iter().map(|name| (*name).to_owned()).collect();
        MovedUnit { table: Some("locks".to_owned()), files }
    };
    let directory = tempfile::tempdir().unwrap();
    let mut record = OpenRecord::open(Home::of_test(directory.path()), &OsFiles).unwrap();
    let units = BTreeMap::from([
        ("a".to_owned(), files(&["a/main.tf"])),
        ("both".to_owned(), files(&["a/main.tf", "b/main.tf"])),
        ("none".to_owned(), files(&[])),
    ]);
    record.begin(Run { units, ..a_run() }, &[b"old", b"new"]).unwrap();
    record.complete(&a_run().steps).unwrap();
    let applied = |unit: &str| record.manifest().units[unit].applied;
    assert_eq!(applied("a"), Some(LockPhase::Dual));
    assert_eq!((applied("both"), applied("none")), (None, None));
    assert_eq!(record.manifest().units["both"].table.as_deref(), Some("locks"));
}

#[test]
fn a_closed_record_keeps_no_originals() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::of_test(directory.path());
    let mut record = OpenRecord::open(home.clone(), &OsFiles).unwrap();
    record.begin(a_run(), &[b"old", b"new"]).unwrap();
    assert!(matches!(record.close(), Err(RecordError::Unfinished { .. })));
    record.complete(&a_run().steps).unwrap();
    for _ in 0..2 {
        record.close().unwrap();
        assert_eq!(fs::read_dir(home.room().join("originals")).unwrap().count(), 0);
        assert_eq!(record.manifest().units["a"].table.as_deref(), Some("locks"));
    }
}

#[test]
fn killed_at_any_step_it_has_either_begun_with_all_bytes_or_not_begun() {
    for steps in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::of_test(directory.path());
        let files = StoppingFiles::after(steps);
        let begun = OpenRecord::open(home.clone(), &files)
            .and_then(|mut record| record.begin(a_run(), &[b"old", b"new"]));
        let read = OpenRecord::open(home, &OsFiles).unwrap();
        if read.manifest().run.is_some() {
            assert_eq!(read.content(&hash(b"old")).unwrap(), b"old");
            assert_eq!(read.content(&hash(b"new")).unwrap(), b"new");
        } else {
            assert!(begun.is_err(), "after {steps} steps");
        }
        if begun.is_ok() {
            assert!(steps >= 12, "{steps}");
            break;
        }
    }
    // The double is what the system is, while it lives.
    assert!(StoppingFiles::after(1).read("/nowhere".as_ref()).is_err());
}
