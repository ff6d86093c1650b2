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
use crate::backend::StopSignal;

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
    let asked = Asked {
        direction: goal.direction(),
        phase,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
    let request = Request { goal, allows_unverified: true, ..Request::default() };
    let mut session = open(top);
    let now = session.decide(&request).unwrap();
    finish_interrupted(&session.all_homes, &asked, (&session.survey, &now), files)?;
    let mut session = open(top);
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
    let asked = Asked {
        direction: Direction::Forward,
        phase: LockPhase::Dual,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
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
    let asked = Asked {
        direction: Direction::Forward,
        phase: LockPhase::Dual,
        branch: None,
        inits: false,
        stop: &StopNotice::never(),
    };
    let mut session = open(top.path());
    let now = session.decide(&Request { goal: DUAL, ..Request::default() }).unwrap();
    let now = (&session.survey, &now);
    let outcomes = finish_interrupted(&session.all_homes, &asked, now, &OsFiles).unwrap();
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(outcome.strangers, [path.canonicalize().unwrap()]);
    assert_eq!(outcome.written.len(), 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n");
}

/// A tree in which the way from dual to lockfiles was killed as soon as `is_there`.
fn killed_on_the_way_to_s3(is_there: impl Fn(&Path) -> bool) -> tempfile::TempDir {
    for steps in 0..200 {
        let top = tree();
        command(top.path(), DUAL, &OsFiles).unwrap();
        let done = command(top.path(), S3, &StoppingFiles::after(steps));
        let has_begun = open(top.path()).manifests.values().any(|one| one.run.is_some());
        if done.is_err() && has_begun && is_there(top.path()) {
            return top;
        }
    }
    panic!("it never comes to that");
}

fn is_without_table(path: &Path) -> bool {
    !fs::read_to_string(path).unwrap().contains("dynamodb_table")
}

#[test]
fn what_was_pulled_meanwhile_keeps_an_interrupted_run_from_being_finished() {
    let is_untouched = |top: &Path| !is_without_table(&top.join("a/main.tf"));
    let is_moved = |top: &Path| is_without_table(&top.join("a/main.tf"));
    for top in [killed_on_the_way_to_s3(is_untouched), killed_on_the_way_to_s3(is_moved)] {
        let top = top.path();
        let pulled = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key = \"a\"\n    region = \"eu-west-1\"\n    dynamodb_table = \"locks\"\n  }\n}\n";
        fs::create_dir(top.join("pulled")).unwrap();
        fs::write(top.join("pulled/main.tf"), pulled).unwrap();
        let before = contents(top);
        let error = command(top, S3, &OsFiles).unwrap_err();
        let WritingError::Overtaken { why, .. } = &error else { panic!("{error}") };
        assert!(why.contains("not_exclusive") && why.contains("pulled"), "{why}");
        assert_eq!(contents(top), before);
        // The way back is open.
        command(top, Goal::BackTo(LockPhase::Dual), &OsFiles).unwrap();
        assert!(!is_without_table(&top.join("a/main.tf")));
    }
}

#[test]
fn a_run_that_was_begun_for_more_directories_is_not_finished_from_one_of_them() {
    let top = killed_on_the_way_to_s3(|top| !is_without_table(&top.join("a/main.tf")));
    let before = contents(top.path());
    let error = command(&top.path().join("b"), S3, &OsFiles).unwrap_err();
    assert!(matches!(error, WritingError::Overtaken { .. }), "{error}");
    assert_eq!(contents(top.path()), before);
}

#[test]
fn a_record_that_names_what_no_migration_changes_is_refused() {
    let top = killed_on_the_way_to_s3(|top| !is_without_table(&top.join("a/main.tf")));
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), top.path().join("link")).unwrap();
    let record = top.path().join(".statelock/record.json");
    let text = fs::read_to_string(&record).unwrap();
    let before = contents(top.path());
    for name in ["link/main.tf", ".git/config", "notes.txt", "../main.tf"] {
        fs::write(&record, text.replace("b/backend.tf.json", name)).unwrap();
        for goal in [S3, Goal::BackTo(LockPhase::Dual)] {
            // The way back only closes a run: it takes no step of it.
            let done = command(top.path(), goal, &OsFiles);
            if goal == S3 || name != "notes.txt" {
                let error = done.unwrap_err();
                let is_damaged = matches!(error, WritingError::Record(RecordError::Damaged { .. }));
                assert!(is_damaged, "{name}: {error}");
                assert_eq!(contents(top.path()), before, "{name}");
            }
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}

#[test]
fn an_error_in_the_middle_says_what_was_written() {
    let has_written = |steps: usize| {
        let top = tree();
        let error = command(top.path(), DUAL, &StoppingFiles::after(steps)).err()?;
        let written = error.written().to_vec();
        let a = top.path().join("a/main.tf").canonicalize().unwrap();
        (written == [a.clone()]).then(|| fs::read_to_string(a).unwrap())
    };
    let text = (0..200).find_map(has_written).unwrap();
    assert!(text.contains("use_lockfile"), "{text}");
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

/// Files of somebody who asks to stop after so many replaced files.
struct StoppedFiles<'a> {
    after: usize,
    replaced: std::cell::Cell<usize>,
    stop: &'a dyn Fn(StopSignal),
}

impl Files for StoppedFiles<'_> {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        OsFiles.read(path)
    }

    fn facts(&self, path: &Path) -> std::io::Result<super::super::files::Facts> {
        OsFiles.facts(path)
    }

    fn create(
        &self,
        path: &Path,
        bytes: &[u8],
        ownership: super::super::files::Ownership,
    ) -> std::io::Result<()> {
        let is_record = path.components().any(|part| part.as_os_str() == ".statelock");
        if !is_record && self.replaced.replace(self.replaced.get() + 1) == self.after {
            // In the middle of this file, which is still brought to its end.
            (self.stop)(StopSignal::Terminate);
        }
        OsFiles.create(path, bytes, ownership)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        OsFiles.rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> std::io::Result<()> {
        OsFiles.sync_directory(path)
    }

    fn make_directory(&self, path: &Path) -> std::io::Result<()> {
        OsFiles.make_directory(path)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        OsFiles.remove(path)
    }
}

#[test]
fn asked_to_stop_it_ends_the_file_it_is_at_and_says_which_are_left() {
    let (start, dual) = (after(&[]), after(&[DUAL]));
    for stopped_after in 0..2 {
        for next in [DUAL, TABLE] {
            let top = tree();
            let (send, stop) = StopNotice::of_test();
            let files = StoppedFiles { after: stopped_after, replaced: 0.into(), stop: &send };
            let mut session = open(top.path());
            let changes = session.decide(&Request { goal: DUAL, ..Request::default() }).unwrap();
            let direction = Direction::Forward;
            let asked = Asked {
                direction,
                phase: LockPhase::Dual,
                branch: None,
                inits: false,
                stop: &stop,
            };
            let error = carry_out(&session.survey, &changes, &asked, &files).unwrap_err();
            assert_eq!(error.exit_code(), crate::exit_code::ExitCode::Terminated, "{error}");
            assert_eq!(error.written().len(), stopped_after + 1);
            let left = changes.files.len() - stopped_after - 1;
            assert_eq!(error.to_string().matches(".tf").count(), left, "{error}");
            assert!(error.hint().contains("rollback --to lock_table --yes"), "{}", error.hint());
            for (path, bytes) in contents(top.path()) {
                let is_whole = [&start, &dual].iter().any(|tree| tree.get(&path) == Some(&bytes));
                assert!(is_whole, "{}", path.display());
            }
            command(top.path(), next, &OsFiles).unwrap();
            assert_eq!(
                contents(top.path()),
                if next == DUAL { dual.clone() } else { start.clone() }
            );
        }
    }
}
