//! Backups that are stopped or killed leave nothing that could be taken for one.

use std::time::Duration;

use statelock_testkit::command::Running;
use statelock_testkit::server_process::wait_until;

use crate::stage::{Stage, names};

/// A server's directory that takes a while to copy and to check.
fn large() -> Stage {
    let stage = Stage::new();
    let mut running = stage.serve();
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..6 {
        let body: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(8 << 20).collect();
        running.put(&format!("large-{number}"), body);
    }
    assert!(running.server.terminate().success());
    stage
}

/// How often a backup is begun that is whole before it is stopped.
const ATTEMPTS: u32 = 10;

/// Whether a backup did not get its name. One that did is removed.
fn is_unfinished(stage: &Stage) -> bool {
    let one = stage.path("one");
    let is_unfinished = !one.exists();
    if !is_unfinished {
        std::fs::remove_dir_all(one).expect("the backup can be removed");
    }
    is_unfinished
}

/// Starts a backup and waits until some of it is there.
fn begin(stage: &Stage) -> Running {
    let mut command = stage.command(&[]);
    command.arg(stage.path("one"));
    let running = Running::start(command);
    let database = stage.path("one.unfinished/statelock.db");
    let is_begun = || database.exists() || stage.path("one").exists();
    let begun = wait_until(Duration::from_mins(1), || is_begun().then_some(()));
    assert!(begun.is_some(), "the backup never began");
    running
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing() {
    let stage = large();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let stopped = |_: u32| {
            let running = begin(&stage);
            running.signal(signal);
            let ended = running.end();
            // On a busy machine it may be whole before the signal is sent.
            is_unfinished(&stage).then_some(ended)
        };
        let ended = (0..ATTEMPTS).find_map(stopped).expect("one is stopped in time");
        ended.ended(code, &format!("stopped by SIG{signal}; nothing is left of what was begun"));
        stage.assert_nothing_of("one");
    }
}

#[test]
fn what_a_killed_backup_leaves_is_none_and_goes_with_the_next() {
    let stage = large();
    let killed = |_: u32| {
        begin(&stage).kill();
        is_unfinished(&stage).then_some(())
    };
    assert!((0..ATTEMPTS).find_map(killed).is_some(), "none is killed in time");
    assert!(stage.path("one.unfinished").exists());
    stage.verify("one.unfinished").ended(2, "is not a backup");

    stage.backup("one").ended(0, "");
    assert_eq!(names(stage.scratch.path()), ["data", "one"]);
    stage.verify("one").ended(0, "");
}
