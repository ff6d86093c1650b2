//! `apply` that is asked to stop.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use statelock_testkit::command::{BOUND, Running};
use statelock_testkit::server_process::wait_until;

use crate::branches::repository;
use crate::stage::Stage;

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be changed");
}

/// Waits until a script says that it runs, and until it may end.
fn waiting(stage: &Stage) -> String {
    let (reached, go) = (stage.path("reached"), stage.path("go"));
    format!("touch '{}'\nwhile [ ! -e '{}' ]; do sleep 0.05; done", reached.display(), go.display())
}

fn await_reached(stage: &Stage) {
    let reached = stage.path("reached");
    let found = wait_until(BOUND, || reached.exists().then_some(()));
    assert!(found.is_some(), "the script runs");
}

fn leftovers(stage: &Stage) -> Vec<std::path::PathBuf> {
    let all = stage.contents().into_keys();
    all.filter(|path| path.to_string_lossy().ends_with(".statelock-new")).collect()
}

#[test]
fn it_says_what_was_done_and_what_was_not() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let stage = Stage::new(&["aligned", "comments"]);
        for directory in ["aligned", "comments"] {
            repository(&stage.path(directory));
        }
        script(&stage.path("aligned/.git/hooks/pre-commit"), &waiting(&stage));
        let words = ["apply", "--phase", "dual", "--yes", "--git-branch", "lock"];
        let running = Running::start(stage.command(&words));
        await_reached(&stage);
        running.signal(signal);
        fs::write(stage.path("go"), "").expect("it can be written");
        let run = running.end();
        let text = format!("stopped by SIG{signal}; not changed: `comments/main.tf`");
        run.ended(code, &text);
        run.ended(code, "run the same command again to finish it, or undo it: statelock migrate rollback --to lock_table --yes");
        assert!(run.stdout.contains("changed aligned/main.tf\n"), "{run:?}");
        assert!(!run.stdout.contains("comments/main.tf"), "{run:?}");
        assert!(stage.read("aligned/main.tf").contains("use_lockfile"));
        assert!(!stage.read("comments/main.tf").contains("use_lockfile"));
        assert!(leftovers(&stage).is_empty(), "{:?}", leftovers(&stage));
        let again = stage.migrate(&words);
        assert_eq!(again.code, 0, "{}{}", again.out, again.err);
        assert!(stage.read("comments/main.tf").contains("use_lockfile"));
    }
}

#[test]
fn stopped_after_an_interrupted_apply_was_finished_it_says_what_was_done() {
    let stage = Stage::new(&["aligned"]);
    let directory = stage.path("aligned");
    repository(&directory);
    let hook = directory.join(".git/hooks/pre-commit");
    script(&hook, "exit 1");
    let (program, log) = (stage.path("fake-terraform"), stage.path("ran.txt"));
    script(&program, &format!("echo \"$PWD\" >> '{}'", log.display()));
    let name = program.to_str().expect("a path");
    let words = [
        "apply",
        "--phase",
        "dual",
        "--yes",
        "--git-branch",
        "lock",
        "--init",
        "--terraform",
        name,
    ];
    let refused = stage.migrate(&words);
    assert_ne!(refused.code, 0, "{}{}", refused.out, refused.err);

    script(&hook, &waiting(&stage));
    let running = Running::start(stage.command(&words));
    await_reached(&stage);
    running.signal("TERM");
    fs::write(stage.path("go"), "").expect("it can be written");
    let run = running.end();
    run.ended(
        143,
        "stopped by SIGTERM; what was interrupted before is finished, and nothing more was changed",
    );
    assert!(!run.stderr.contains("nothing was changed"), "{run:?}");
    assert!(run.stdout.contains("changed aligned/main.tf\ncommitted "), "{run:?}");
    assert!(!log.exists(), "no init was begun");

    // The init is still owed.
    let again = stage.migrate(&words);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert_eq!(again.out.matches("changed aligned").count(), 0, "{}", again.out);
    assert_eq!(fs::read_to_string(&log).expect("it ran").lines().count(), 1);
}

#[test]
fn an_init_that_is_stopped_is_gone_on_with() {
    let stage = Stage::new(&["aligned", "comments", "json"]);
    let (program, log) = (stage.path("fake-terraform"), stage.path("ran.txt"));
    let log_line = format!("echo \"$PWD\" >> '{}'", log.display());
    script(&program, &format!("{log_line}\ncase $PWD in */comments) {} ;; esac", waiting(&stage)));
    let name = program.to_str().expect("a path");
    let words = ["apply", "--phase", "dual", "--yes", "--init", "--terraform", name];
    let running = Running::start(stage.command(&words));
    await_reached(&stage);
    running.signal("TERM");
    let run = running.end();
    run.ended(143, "the files are changed, and not initialised: `./comments`, `./json`\n");
    run.ended(143, "run the same command again to go on");
    assert!(run.stdout.contains("initialised ./aligned\n"), "{run:?}");

    fs::write(stage.path("go"), "").expect("it can be written");
    fs::write(&log, "").expect("it can be written");
    let again = stage.migrate(&words);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    let ran = fs::read_to_string(&log).expect("it can be read");
    let ends: Vec<_> = ran.lines().filter_map(|line| line.rsplit('/').next()).collect();
    assert_eq!(ends, ["comments", "json"]);
    let third = stage.migrate(&words);
    assert_eq!(third.code, 0, "{}", third.err);
    assert_eq!(fs::read_to_string(&log).expect("it can be read"), ran, "nothing is left to do");
}

#[test]
fn a_second_signal_kills_an_init_that_does_not_end() {
    let stage = Stage::new(&["aligned"]);
    let program = stage.path("fake-terraform");
    script(&program, &format!("trap '' TERM INT\n{}", waiting(&stage)));
    let name = program.to_str().expect("a path");
    let words = ["apply", "--phase", "dual", "--yes", "--init", "--terraform", name];
    let running = Running::start(stage.command(&words));
    await_reached(&stage);
    running.signal("INT");
    running.await_said("again to kill it");
    running.signal("INT");
    let run = running.end();
    run.ended(130, "not initialised: `./aligned`");
}
