//! One branch and one commit in each git work tree.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stage::Stage;

fn git(directory: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(words)
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .output()
        .expect("it can be done");
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it can be done")
}

/// A repository with all that is there.
pub(crate) fn repository(directory: &Path) {
    git(directory, &["init", "-q", "-b", "main"]);
    git(directory, &["config", "user.name", "Test"]);
    git(directory, &["config", "user.email", "test@example.com"]);
    git(directory, &["add", "."]);
    git(directory, &["commit", "-q", "-m", "start"]);
}

const APPLY: [&str; 6] = ["apply", "--phase", "dual", "--yes", "--git-branch", "lock-in-s3"];

#[test]
fn a_name_that_git_does_not_take_is_refused_before_anything_is_written() {
    let stage = Stage::new(&["aligned"]);
    repository(stage.top());
    let before = stage.contents();
    for name in ["lock dual", "lock..dual", "-", "-x", "HEAD", "a/.b", "lock.lock", ""] {
        for yes in [Some("--yes"), None] {
            let branch = format!("--git-branch={name}");
            let words: Vec<_> =
                ["apply", "--phase", "dual", &branch].into_iter().chain(yes).collect();
            let said = stage.migrate(&words);
            assert_eq!(said.code, 2, "{name:?}: {}{}", said.out, said.err);
            let text = format!("`{name}` is not a valid name of a git branch");
            assert!(said.err.contains(&text), "{}", said.err);
            assert!(!stage.path(".statelock").exists(), "{name:?}");
        }
    }
    assert_eq!(stage.contents(), before);
}

#[test]
fn one_commit_with_the_changed_files_alone() {
    let stage = Stage::new(&["aligned", "json"]);
    for one in ["aligned", "json"] {
        repository(&stage.path(one));
        fs::write(stage.path(one).join("notes.txt"), "mine").unwrap();
    }
    let said = stage.migrate(&APPLY);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for (one, file) in [("aligned", "main.tf"), ("json", "backend.tf.json")] {
        let directory = stage.path(one);
        assert_eq!(git(&directory, &["rev-list", "--count", "main..lock-in-s3"]), "1\n");
        let changed = git(&directory, &["diff", "--name-only", "main", "lock-in-s3"]);
        assert_eq!(changed.trim(), file);
        // The record is not seen, and what was not committed before is as it was.
        assert_eq!(git(&directory, &["status", "--porcelain"]), "?? notes.txt\n");
        assert!(said.out.contains("push -u origin lock-in-s3"), "{}", said.out);
    }
    // Once more: nothing is left to do, and no second commit is made.
    let again = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(git(&stage.path("json"), &["rev-list", "--count", "main..HEAD"]), "1\n");
}

#[test]
fn changes_that_are_not_committed_are_not_mixed_in() {
    let stage = Stage::new(&["aligned"]);
    let directory = stage.path("aligned");
    repository(&directory);
    let file = directory.join("main.tf");
    let original = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{original}# mine\n")).unwrap();
    let refused = || {
        let before = stage.contents();
        let said = stage.migrate(&APPLY);
        assert_eq!(said.code, 5, "{}", said.err);
        assert_eq!(stage.contents(), before);
        assert_eq!(git(&directory, &["symbolic-ref", "--short", "HEAD"]), "main\n");
        said.err
    };
    assert!(refused().contains("main.tf"));
    fs::write(&file, original).unwrap();
    fs::write(directory.join("staged.txt"), "x").unwrap();
    git(&directory, &["add", "staged.txt"]);
    assert!(refused().contains("staged.txt"));
    git(&directory, &["commit", "-q", "-m", "more"]);
    git(&directory, &["branch", "lock-in-s3"]);
    assert!(refused().contains("has a branch `lock-in-s3` already"));
}

#[test]
fn a_commit_that_a_hook_refused_is_made_by_the_same_command() {
    let stage = Stage::new(&["aligned"]);
    let directory = stage.path("aligned");
    repository(&directory);
    let hook = directory.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho no way >&2\nexit 1\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, executable).unwrap();
    let said = stage.migrate(&APPLY);
    assert_eq!(said.code, 5, "{}", said.err);
    assert!(said.err.contains("no way"), "{}", said.err);
    let status = stage.migrate(&["status"]);
    assert!(status.out.contains("interrupted on the way to dual"), "{}", status.out);
    let other = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(other.code, 5, "{}", other.err);
    assert!(other.err.contains("--git-branch lock-in-s3"), "{}", other.err);
    fs::remove_file(hook).unwrap();
    let said = stage.migrate(&APPLY);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(git(&directory, &["rev-list", "--count", "main..lock-in-s3"]), "1\n");
    assert_eq!(git(&directory, &["status", "--porcelain"]), "");
}

#[test]
fn a_branch_that_cannot_be_made_leaves_nothing_behind() {
    let stage = Stage::new(&["aligned"]);
    let directory = stage.path("aligned");
    repository(&directory);
    let before = stage.contents();
    let refused = |name: &str, why: &str| {
        let words = ["apply", "--phase", "dual", "--yes", "--git-branch", name];
        let said = stage.migrate(&words);
        assert_eq!(said.code, 5, "{}", said.err);
        assert!(said.err.contains(why), "{}", said.err);
        assert_eq!(stage.contents(), before);
        let status = stage.migrate(&["status"]);
        assert!(!status.out.contains("interrupted"), "{}", status.out);
    };
    git(&directory, &["branch", "lock"]);
    git(&directory, &["branch", "moves/s3/a"]);
    refused("lock/s3", "has a branch `lock` already");
    refused("moves/s3", "has a branch `moves/s3/a` already");
    // What only git itself finds out.
    let hook = directory.join(".git/hooks/reference-transaction");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho no way >&2\n[ \"$1\" != prepared ]\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, executable).unwrap();
    refused("other", "git switch failed");
    fs::remove_file(hook).unwrap();
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes", "--git-branch", "other"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_record_that_came_with_the_repository_is_refused() {
    let stage = Stage::new(&["aligned"]);
    let directory = stage.path("aligned");
    repository(&directory);
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    git(&directory, &["add", "--force", ".statelock/record.json"]);
    let before = stage.contents();
    for words in [["status", "--json"].as_slice(), &["rollback", "--to", "lock_table", "--yes"]] {
        let said = stage.migrate(words);
        assert_eq!(said.code, 11, "{}", said.err);
        assert!(said.err.contains("git tracks `.statelock/record.json`"), "{}", said.err);
        assert_eq!(stage.contents(), before);
    }
}

#[test]
fn outside_of_git_there_is_no_branch() {
    let stage = Stage::new(&["aligned"]);
    let before = stage.contents();
    let said = stage.migrate(&APPLY);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("is in no git work tree"), "{}", said.err);
    assert_eq!(stage.contents(), before);
}
