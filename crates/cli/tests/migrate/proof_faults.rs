//! Stores that let clients in or refuse, and proofs that are ended in the middle.

use std::sync::atomic::{AtomicUsize, Ordering};

use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{
    BOUND, BUCKET, DUAL, DUAL_OPTIONS, LOCK_TABLE, LOCKFILE, NOTHING, Stage, TABLE,
};

const GRANTED: &str = "HTTP/1.1 200 OK\r\nETag: \"another\"\r\nContent-Length: 0\r\n\r\n";
const DENIED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: \
                      67\r\n\r\n{\"__type\":\"x#AccessDeniedException\",\"message\":\"not for you, sorry\"}";

fn is_take(request: &Request) -> bool {
    request.method == "PUT" && request.path.contains(".tflock")
}

fn is_release(request: &Request) -> bool {
    request.method == "DELETE" && request.path.contains(".tflock")
}

#[test]
fn p1_a_store_that_lets_a_second_client_in_is_not_verified() {
    for stage in Stage::all("a store that lets clients in") {
        stage.module("live/c", "c/x.tfstate", LOCKFILE);
        let proxy = stage.proxy();
        // The first is the lock of the proof, the second the client that has to be refused.
        let takes = AtomicUsize::new(0);
        proxy.inject_on(Fault::Answer(GRANTED), 1, move |request| {
            is_take(request) && takes.fetch_add(1, Ordering::SeqCst) == 1
        });
        let run = stage.run_through(&proxy, &["migrate", "verify", "live"]);
        run.ended_saying(10, "FAILED  it is refused to a client that locks by lockfile");
        run.ended_saying(10, "it was given the lock");
        run.ended_saying(10, "do not rely on this store's locks");
        assert_eq!(stage.locks(), NOTHING, "on {}", stage.name());
        assert!(!stage.path().join("live/.statelock/record.json").exists(), "nothing is noted");
    }
}

#[test]
fn p3_a_table_that_refuses_is_told_and_no_half_of_a_lock_is_left() {
    for stage in Stage::all("a table that refuses") {
        stage.module("live/b", "b/x.tfstate", DUAL);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::Answer(DENIED), 9, |request| request.operation == "PutItem");
        let run = stage.run_through(&proxy, &["migrate", "verify", "live"]);
        run.ended_saying(9, "FAILED  the lock can be taken");
        run.ended_saying(9, "dynamodb:GetItem, PutItem and DeleteItem");
        assert_eq!(stage.locks(), NOTHING, "on {}", stage.name());
    }
}

#[test]
fn what_a_killed_proof_leaves_the_next_one_removes() {
    for stage in Stage::all("a killed proof") {
        stage.module("live/b", "b/x.tfstate", DUAL);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::HoldRequest, 1, is_release);
        let killed = stage.spawn_through(&proxy, &["migrate", "verify", "live"]);
        assert!(proxy.await_held(BOUND), "it releases");
        killed.kill();
        let left = stage.locks();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].starts_with("b/.statelock-verify-"), "{left:?}");

        let next = stage.run(&["migrate", "verify", "live"]);
        next.ended_saying(0, "1 of proofs that were killed: removed");
        assert_eq!(stage.locks(), NOTHING);
        assert_eq!(stage.keys(), NOTHING, "on {}", stage.name());
    }
}

#[test]
fn what_a_killed_trial_of_another_verb_leaves_is_removed_too() {
    let address = format!("s3://{BUCKET}/b/x.tfstate");
    let table = ["doctor", &address, "--dynamodb-table", TABLE];
    let dual = [&["doctor", &address], &DUAL_OPTIONS[..]].concat();
    let plan = ["migrate", "plan", "--phase", "dual", "--online", "live"];
    for (killed, lock) in [(&table[..], DUAL), (&dual[..], DUAL), (&plan[..], LOCK_TABLE)] {
        for stage in Stage::all("a killed trial") {
            stage.module("live/b", "b/x.tfstate", lock);
            let proxy = stage.proxy();
            proxy.inject_on(Fault::HoldRequest, 1, |request| {
                is_release(request) || request.operation == "DeleteItem"
            });
            let running = stage.spawn_through(&proxy, killed);
            assert!(proxy.await_held(BOUND), "{killed:?} releases");
            running.kill();
            let left = stage.locks();
            assert_eq!(left.len(), 1, "{left:?}");
            assert!(left[0].starts_with("b/.statelock-verify-"), "{left:?}");

            let next = stage.run(&["migrate", "verify", "live"]);
            next.ended_saying(0, "1 of proofs that were killed: removed");
            assert_eq!(stage.locks(), NOTHING, "after {killed:?} on {}", stage.name());
            assert_eq!(stage.keys(), NOTHING, "after {killed:?} on {}", stage.name());
        }
    }
}

#[test]
fn a_plan_leaves_no_versions_in_a_bucket_that_keeps_them() {
    let Some(stage) = Stage::moto("versions of a plan") else { return };
    stage.enable_versioning();
    stage.module("live/b", "b/x.tfstate", LOCK_TABLE);
    let plan = ["migrate", "plan", "--phase", "dual", "--online", "live"];
    stage.run(&plan).ended_saying(0, "1 to move");
    assert_eq!(stage.versions("b/"), 0);
}

#[test]
fn a_proof_that_goes_on_is_left_alone_by_another() {
    let stage = Stage::statelock();
    stage.module("live/b", "b/x.tfstate", DUAL);
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, is_release);
    let first = stage.spawn_through(&proxy, &["migrate", "verify", "live"]);
    assert!(proxy.await_held(BOUND), "it releases");
    let second = stage.run(&["migrate", "verify", "live"]);
    second.ended_saying(0, "1 verified");
    assert!(!second.stdout.contains("killed"), "{second:?}");
    assert_eq!(stage.locks().len(), 1, "that of the first one");
    proxy.let_go();
    first.end().ended_saying(0, "1 verified");
    assert_eq!(stage.locks(), NOTHING);
}

#[test]
fn p3_a_signal_ends_it_after_what_was_taken_is_released() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::statelock();
        stage.module("live/b", "b/x.tfstate", DUAL);
        let proxy = stage.proxy();
        proxy.inject_on(Fault::HoldRequest, 1, is_release);
        let running = stage.spawn_through(&proxy, &["migrate", "verify", "live"]);
        assert!(proxy.await_held(BOUND), "it releases");
        running.signal(signal);
        running.await_said("ending; again to end at once");
        proxy.let_go();
        running.end().ended_saying(code, "nothing is left locked");
        assert_eq!(stage.locks(), NOTHING);
    }
}

#[test]
fn a_second_signal_ends_it_at_once_and_says_what_may_be_left() {
    let stage = Stage::statelock();
    stage.module("live/b", "b/x.tfstate", DUAL);
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, is_release);
    let running = stage.spawn_through(&proxy, &["migrate", "verify", "live"]);
    assert!(proxy.await_held(BOUND), "it releases");
    running.signal("INT");
    running.await_said("ending; again to end at once");
    running.signal("INT");
    running.end().ended_saying(7, "the next `statelock migrate verify` removes what is left");
    stage
        .run(&["migrate", "verify", "live"])
        .ended_saying(0, "1 of proofs that were killed: removed");
    assert_eq!(stage.locks(), NOTHING);
}
