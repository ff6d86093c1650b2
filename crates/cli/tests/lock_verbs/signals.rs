//! Signals in the middle of things.

use statelock_testkit::fault_proxy::{Fault, FaultProxy};

use crate::stage::{ADDRESS, BOUND, DUAL, MODES, Stage};

fn is_a_take(method: &str, path: &str) -> bool {
    method == "PUT" && path.contains(".tflock")
}

/// A proxy that holds the request that makes the lockfile.
fn holding(stage: &Stage) -> FaultProxy {
    let proxy = stage.proxy();
    proxy.inject(Fault::HoldRequest, 1, is_a_take);
    proxy
}

#[test]
fn a_lock_that_is_kept_is_given_back_at_a_signal_and_at_its_time() {
    let stage = Stage::statelock();
    for options in MODES {
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let holder = stage.spawn(&[&["lock", ADDRESS, "--for", "10m"], options].concat());
            holder.await_said("keeping the lock for 10 min");
            assert_eq!(stage.status(options)["lock"], "held");
            holder.signal(signal);
            let ended = holder.end();
            ended.ended(code, "the lock is released");
            assert_eq!(ended.stdout.len(), 37, "{}", ended.stdout);
            stage.assert_free();
        }
    }
    let kept = stage.verb("lock", &["--for", "1s"], &[]);
    kept.ended(0, "the lock is released");
    stage.assert_free();
}

#[test]
fn a_kept_lock_that_somebody_removed_is_told() {
    let stage = Stage::statelock();
    let holder = stage.spawn(&["lock", ADDRESS, "--for", "10m"]);
    holder.await_said("keeping the lock");
    let shown = stage.status(&[]);
    let id = shown["locks"][0]["lock_id"].as_str().expect("an ID");
    stage.verb("unlock", &[id], &[]).ended(0, "");
    let other = stage.lock(&[]);
    holder.signal("INT");
    holder.end().ended(4, &other);
    assert_eq!(stage.status(&[])["locks"][0]["lock_id"], other.as_str());
}

#[test]
fn p4_an_answer_that_is_lost_at_the_end_is_no_lost_lock() {
    for options in MODES {
        let stage = Stage::statelock();
        let proxy = stage.proxy();
        let words = [&["lock", ADDRESS, "--for", "10m"], options].concat();
        let holder = stage.spawn_through(&proxy, &words);
        holder.await_said("keeping the lock");
        // The first removal is carried out; what comes after it finds nothing.
        proxy.inject(Fault::LoseResponse, 20, |method, path| {
            path.contains(".tflock") || (method == "POST" && path == "/")
        });
        holder.signal("TERM");
        let ended = holder.end();
        ended.ended(143, "the lock is released");
        assert!(!ended.stderr.contains("somebody"), "{options:?}: {}", ended.stderr);
        stage.assert_free();
    }
}

#[test]
fn a_second_signal_ends_a_release_and_the_outcome_is_told() {
    let stage = Stage::statelock();
    let proxy = stage.proxy();
    let holder = stage.spawn_through(&proxy, &["lock", ADDRESS, "--for", "10m"]);
    holder.await_said("keeping the lock");
    let id = stage.status(&[])["locks"][0]["lock_id"].as_str().expect("an ID").to_owned();
    let is_a_removal = |method: &str, path: &str| method == "DELETE" && path.contains(".tflock");
    proxy.inject(Fault::HoldRequest, 1, is_a_removal);
    holder.signal("INT");
    holder.await_said("once more leaves it as it is");
    assert!(proxy.await_held(BOUND), "the removal is on its way");
    holder.signal("INT");
    let ended = holder.end();
    ended.ended(7, "is released is not known: SIGINT while it was released").ended(7, &id);
    proxy.let_go();
}

#[test]
fn p3_who_is_stopped_while_waiting_leaves_nothing() {
    let stage = Stage::statelock();
    for options in MODES {
        let first = stage.lock(options);
        let waiting = stage.spawn(&[&["lock", ADDRESS, "--wait", "10m"], options].concat());
        waiting.await_said("waiting for at most");
        waiting.signal("INT");
        let ended = waiting.end();
        ended.ended(130, "nothing was locked");
        assert_eq!(ended.stdout, "");
        assert_eq!(stage.status(options)["locks"][0]["lock_id"], first.as_str());
        stage.verb("unlock", &[&first], options).ended(0, "");
        stage.assert_free();
    }
}

#[test]
fn p3_who_is_stopped_in_the_middle_of_taking_gives_back_what_was_taken() {
    let stage = Stage::statelock();
    for options in [&[][..], DUAL] {
        let proxy = holding(&stage);
        let taking = stage.spawn_through(&proxy, &[&["lock", ADDRESS], options].concat());
        assert!(proxy.await_held(BOUND), "the request is on its way");
        taking.signal("INT");
        taking.await_said("again to end at once");
        proxy.let_go();
        taking.end().ended(130, "nothing was locked");
        stage.assert_free();
    }
}

#[test]
fn who_is_stopped_twice_says_what_may_be_left() {
    let stage = Stage::statelock();
    let proxy = holding(&stage);
    let taking = stage.spawn_through(&proxy, &["lock", ADDRESS]);
    assert!(proxy.await_held(BOUND), "the request is on its way");
    taking.signal("INT");
    taking.await_said("again to end at once");
    taking.signal("INT");
    let ended = taking.end();
    ended.ended(7, &format!("statelock unlock {ADDRESS}"));
    let words: Vec<_> = ended.stderr.split_whitespace().collect();
    let id = words.last().expect("the ID");
    proxy.let_go();
    // What was on its way arrives, and the command that was named removes it.
    let arrived = statelock_testkit::server_process::wait_until(BOUND, || {
        (stage.status(&[])["lock"] == "held").then_some(())
    });
    assert!(arrived.is_some(), "the request was delivered");
    stage.verb("unlock", &[id], &[]).ended(0, "released");
    stage.assert_free();
}
