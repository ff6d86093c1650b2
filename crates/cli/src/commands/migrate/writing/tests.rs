//! Killed after every single step, and gone on with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::change::{Goal, Request};
use super::super::files::stopping::StoppingFiles;
use super::super::files::{FileError, OsFiles};
use super::super::record::RecordError;
use super::super::session::{Selection, Session};
use super::*;

/// Ugly on purpose: a BOM, CRLF, tabs, no last line end, JSON, and a file of two backends.
const FILES: [(&str, &str); 6] = [
    (
        "a/main.tf",
        "\u{feff}terraform {\r\n\tbackend \"s3\" {\r\n\t\tbucket = \"b\"\r\n\t\tkey = \"a\"\r\n\t\tregion = \"eu-west-1\"\r\n\t\tdynamodb_table = \"locks\" # keep\r\n\t}\r\n}",
    ),
    (
        "b/backend.tf.json",
        "{\n  \"terraform\": {\"backend\": {\"s3\": {\n    \"bucket\": \"b\",\n    \"key\": \"b\",\n    \"region\": \"eu-west-1\",\n    \"dynamodb_table\": \"locks\"\n  }}}\n}\n",
    ),
    (
        "c/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"b\"\n    dynamodb_table = \"locks\"\n    region         = \"eu-west-1\"\n  }\n}\n",
    ),
    ("c/one.tfbackend", "key = \"one\"\n"),
    ("c/two.tfbackend", "key = \"two\"\n"),
    ("untouched/main.tf", "terraform {\n  backend \"local\" {}\n}\n"),
];

fn tree() -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = top.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    top
}

/// Every file outside of the record, with its bytes.
fn contents(top: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![top.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(".statelock") {
                directories.push(path);
            } else if path.is_file() {
                found.insert(path.strip_prefix(top).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn open(top: &Path) -> Session {
    let directories = vec![top.to_owned()];
    Session::open(&Selection { directories, ..Selection::default() }).unwrap()
}

/// One command: what was interrupted is finished, then the rest is done.
fn command(top: &Path, goal: Goal, files: &dyn Files) -> Result<(), WritingError> {
    let phase = match goal {
        Goal::To(phase) | Goal::BackTo(phase) => phase,
        Goal::Next => panic!("no phase"),
    };
    let asked = Asked { direction: goal.direction(), phase, branch: None };
    let session = open(top);
    finish_interrupted(&session.all_homes, &asked, files)?;
    let mut session = open(top);
    let request = Request { goal, allows_unverified: true, ..Request::default() };
    let changes = session.decide(&request).unwrap();
    carry_out(&session.survey, &changes, &asked, files).map(|_| ())
}

const DUAL: Goal = Goal::To(LockPhase::Dual);
const S3: Goal = Goal::To(LockPhase::Lockfile);
const TABLE: Goal = Goal::BackTo(LockPhase::LockTable);

/// Runs a command on a tree and kills it after every number of steps; `then` is what is done after each.
fn kill_everywhere(prepare: &[Goal], killed: Goal, then: impl Fn(&Path)) {
    for steps in 0.. {
        let top = tree();
        for goal in prepare {
            command(top.path(), *goal, &OsFiles).unwrap();
        }
        let files = StoppingFiles::after(steps);
        let done = command(top.path(), killed, &files);
        // A step that only clears up may fail unnoticed.
        let is_over = done.is_ok() && !files.has_died();
        then(top.path());
        if is_over {
            assert!(steps > 20, "only {steps} steps");
            return;
        }
    }
}

fn after(goals: &[Goal]) -> BTreeMap<PathBuf, Vec<u8>> {
    let top = tree();
    for goal in goals {
        command(top.path(), *goal, &OsFiles).unwrap();
    }
    contents(top.path())
}

#[test]
fn an_apply_that_was_killed_anywhere_is_finished_by_the_same_command() {
    let (start, dual, s3) = (after(&[]), after(&[DUAL]), after(&[DUAL, S3]));
    assert!(start != dual && dual != s3);
    kill_everywhere(&[], DUAL, |top| {
        for (path, bytes) in contents(top) {
            // Beside whole files there is at most the new one of the file that was being written.
            let is_new = path.to_string_lossy().ends_with(".statelock-new");
            let is_whole = [&start, &dual].iter().any(|tree| tree.get(&path) == Some(&bytes));
            assert!(is_new || is_whole, "{}", path.display());
        }
        command(top, DUAL, &OsFiles).unwrap();
        assert_eq!(contents(top), dual);
        command(top, DUAL, &OsFiles).unwrap();
        assert_eq!(contents(top), dual);
    });
    kill_everywhere(&[DUAL], S3, |top| {
        command(top, S3, &OsFiles).unwrap();
        assert_eq!(contents(top), s3);
    });
}

#[test]
fn an_apply_that_was_killed_anywhere_is_undone_by_a_rollback() {
    let start = after(&[]);
    kill_everywhere(&[], DUAL, |top| {
        command(top, TABLE, &OsFiles).unwrap();
        assert_eq!(contents(top), start);
    });
}

#[test]
fn a_rollback_that_was_killed_anywhere_is_finished_by_the_same_command() {
    let start = after(&[]);
    kill_everywhere(&[DUAL], TABLE, |top| {
        command(top, TABLE, &OsFiles).unwrap();
        assert_eq!(contents(top), start);
    });
}

#[test]
fn there_and_back_again_the_bytes_are_the_same() {
    let back = Goal::BackTo(LockPhase::Dual);
    assert_eq!(after(&[DUAL, S3, back]), after(&[DUAL]));
    assert_eq!(after(&[DUAL, S3, back, TABLE]), after(&[]));
    assert_eq!(after(&[DUAL, TABLE, DUAL, S3, back, TABLE]), after(&[]));
}

#[test]
fn a_file_that_was_changed_after_the_decision_is_left_alone() {
    let top = tree();
    let mut session = open(top.path());
    let changes = session.decide(&Request { goal: DUAL, ..Request::default() }).unwrap();
    let path = top.path().join("a/main.tf");
    fs::write(&path, "# mine\n").unwrap();
    let before = contents(top.path());
    let asked = Asked { direction: Direction::Forward, phase: LockPhase::Dual, branch: None };
    let error = carry_out(&session.survey, &changes, &asked, &OsFiles).unwrap_err();
    assert!(matches!(error, WritingError::File(FileError::Changed(_))), "{error}");
    assert_eq!(contents(top.path()), before);
}

#[test]
fn a_file_that_was_changed_during_the_interruption_is_left_alone_and_named() {
    let top = tree();
    // Killed after the record was written, before the first file.
    let has_begun = |steps: &usize| {
        let top = tree();
        command(top.path(), DUAL, &StoppingFiles::after(*steps)).is_err()
            && open(top.path()).manifests.values().any(|manifest| manifest.run.is_some())
    };
    let steps = (0..100).find(has_begun).unwrap();
    command(top.path(), DUAL, &StoppingFiles::after(steps)).unwrap_err();
    let path = top.path().join("a/main.tf");
    fs::write(&path, "# mine\n").unwrap();
    let asked = Asked { direction: Direction::Forward, phase: LockPhase::Dual, branch: None };
    let session = open(top.path());
    let outcomes = finish_interrupted(&session.all_homes, &asked, &OsFiles).unwrap();
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(outcome.strangers, [path.canonicalize().unwrap()]);
    assert_eq!(outcome.written.len(), 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
}

#[test]
fn a_second_apply_is_refused_while_one_is_at_work() {
    let top = tree();
    let home = open(top.path()).all_homes.first().unwrap().clone();
    let _first = OpenRecord::open(home, &OsFiles).unwrap();
    let before = contents(top.path());
    let error = command(top.path(), DUAL, &OsFiles).unwrap_err();
    assert!(matches!(error, WritingError::Record(RecordError::InUse(_))), "{error}");
    assert_eq!(contents(top.path()), before);
}
