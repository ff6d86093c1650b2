//! What is no place for a backup, and what is no data directory: refused, with nothing changed.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use statelock_testkit::command::Run;

use crate::stage::{Stage, contents, names, statelock};

#[test]
fn what_has_the_name_stays_as_it_is() {
    let stage = Stage::stopped();
    fs::write(stage.path("file"), "mine").unwrap();
    fs::create_dir(stage.path("empty")).unwrap();
    symlink("nowhere", stage.path("link")).unwrap();
    stage.backup("one").ended(0, "");
    let before = contents(&stage.path("one"));

    for name in ["file", "empty", "link", "one"] {
        let said = format!("`{}` exists; nothing is overwritten", stage.path(name).display());
        stage.backup(name).ended(2, &said).ended(2, "choose a name that is free");
    }
    assert_eq!(fs::read_to_string(stage.path("file")).unwrap(), "mine");
    assert_eq!(names(&stage.path("empty")), [""; 0]);
    assert_eq!(fs::read_link(stage.path("link")).unwrap().to_str(), Some("nowhere"));
    assert_eq!(contents(&stage.path("one")), before);
    let unfinished = names(stage.scratch.path());
    assert!(!unfinished.iter().any(|name| name.ends_with(".unfinished")), "{unfinished:?}");
}

#[test]
fn a_backup_needs_a_place_outside_of_the_data_directory() {
    let stage = Stage::stopped();
    let before = contents(&stage.data());
    stage.backup("data/backup").ended(2, "it lies in the data directory");
    stage.backup("no/such/place").ended(2, "the directory above it does not exist");
    stage.backup("..").ended(2, "it does not end with a name");
    Run::of(stage.command(&[])).ended(2, "<DEST>");
    assert_eq!(contents(&stage.data()), before);
}

#[test]
fn what_is_no_data_directory_is_named() {
    let stage = Stage::new();
    stage.backup("one").ended(2, "holds no database of a statelock server");
    stage.backup("one").ended(2, "name the server's data directory with --data");
    fs::write(stage.path("file"), "").unwrap();
    let mut backup = statelock(&["backup", "--data"]);
    backup.arg(stage.path("file")).arg(stage.path("one"));
    let found = Run::of(backup);
    found.ended(2, "file` holds no database of a statelock server").ended(2, "not a file in it");
    fs::create_dir(stage.data()).unwrap();
    stage.backup("one").ended(2, "holds no database");
    fs::write(stage.data().join("statelock.db"), "").unwrap();
    stage.backup("one").ended(11, "it is empty");
    fs::write(stage.data().join("statelock.db"), [b'x'; 10_000]).unwrap();
    stage.backup("one").ended(11, "is corrupt: file is not a database");
    stage.assert_nothing_of("one");
}

#[test]
fn of_two_at_one_name_the_second_is_told_of_the_first() {
    let stage = Stage::stopped();
    let unfinished = stage.path("one.unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("unfinished-backup"), "").unwrap();
    let first = File::create(unfinished.join("lock")).unwrap();
    first.lock().unwrap();
    fs::write(unfinished.join("lock"), "4711\n").unwrap();
    let said = format!("process 4711 is making a backup at `{}`", unfinished.display());
    stage.backup("one").ended(8, &said).ended(8, "wait for it");
    assert_eq!(names(&unfinished), ["lock", "unfinished-backup"]);

    drop(first);
    stage.backup("one").ended(0, "");
    assert!(!unfinished.exists());
}

#[test]
fn a_directory_of_somebody_else_is_not_cleared() {
    let stage = Stage::stopped();
    let unfinished = stage.path("one.unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("thesis.txt"), "mine").unwrap();
    fs::write(unfinished.join("statelock.db"), "also mine").unwrap();
    stage.backup("one").ended(2, "holds `thesis.txt`").ended(2, "move that directory away");
    assert_eq!(fs::read_to_string(unfinished.join("thesis.txt")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(unfinished.join("statelock.db")).unwrap(), "also mine");
    assert!(!stage.path("one").exists());
}

/// A backup that was killed leaves an empty one if that was between two steps; a file in it is somebody's.
#[test]
fn an_empty_directory_in_its_place_becomes_the_backup_and_the_page_says_so() {
    let stage = Stage::stopped();
    let unfinished = stage.path("one.unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("lock"), "the combination is 7-3-1").unwrap();
    stage.backup("one").ended(2, "holds `lock`");
    assert_eq!(names(&unfinished), ["lock"]);
    fs::remove_file(unfinished.join("lock")).unwrap();
    stage.backup("one").ended(0, "");
    assert!(!unfinished.exists());
    let page = include_str!("../../../../docs/operations/backup.md");
    assert!(page.contains("an empty one is used"), "the page says otherwise");
}

#[test]
fn a_key_that_others_can_read_is_not_copied() {
    let stage = Stage::stopped();
    let credentials = stage.data().join("credentials");
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o644)).unwrap();
    stage.backup("one").ended(2, "has mode 0644: others can use the key; run `chmod 600` on it");
    stage.assert_nothing_of("one");
}

#[test]
fn what_is_no_backup_is_not_verified() {
    let stage = Stage::stopped();
    let data = stage.verify("data");
    data.ended(2, "is not a backup: it has no `backup.json`, and is a data directory");
    data.ended(2, "`statelock backup --data` copies it");
    stage.verify("nothing").ended(2, "nothing` is not a backup: there is no such directory");
    stage.verify("data/statelock.db").ended(2, "is not a backup: it is no directory");
    fs::create_dir(stage.path("empty")).unwrap();
    stage
        .verify("empty")
        .ended(2, "it has no `backup.json`")
        .ended(2, "that `statelock backup` made");
    Run::of(statelock(&["backup", "verify"])).ended(2, "<BACKUP>");
}
