//! Waiting for a lock, with and without taking it.

use crate::stage::{ADDRESS, MODES, Stage};

#[test]
fn who_waits_gets_the_lock_when_it_is_given_back() {
    for stage in Stage::all("waiting") {
        for options in MODES {
            let first = stage.lock(options);
            let args = [&["lock", ADDRESS, "--wait", "1m"], options].concat();
            let mut second = stage.spawn(&args);
            second.await_said(&format!("holds lock {first}"));
            assert!(second.is_running());
            stage.verb("unlock", &[&first], options).ended(0, "");
            let second = second.end();
            second.ended(0, "waiting for at most 1 min");
            stage.verb("unlock", &[second.stdout.trim_end()], options).ended(0, "");
            stage.assert_free();
        }
    }
}

#[test]
fn who_waits_in_vain_is_told_whose_it_is() {
    let stage = Stage::statelock();
    let id = stage.lock(&[]);
    stage.verb("lock", &["--wait", "1s"], &[]).ended(3, &id);
    stage.verb("wait", &["--timeout", "0s"], &[]).ended(3, &id);
    stage.verb("wait", &["--timeout", "1s"], &[]).ended(3, "still held");
    assert_eq!(stage.status(&[])["locks"][0]["lock_id"], id.as_str());
}

#[test]
fn waiting_ends_when_the_lock_is_free_and_takes_nothing() {
    for stage in Stage::all("waiting without taking") {
        for options in MODES {
            stage.verb("wait", &[], options).ended(0, "");
            let id = stage.lock(options);
            let mut waiting = stage.spawn(&[&["wait", ADDRESS], options].concat());
            waiting.await_said(&id);
            assert!(waiting.is_running());
            stage.verb("unlock", &[&id], options).ended(0, "");
            waiting.end().ended(0, "");
            stage.assert_free();
        }
    }
}
