//! Raw requests: what becomes of connections, and what waiters are told.

use std::time::{Duration, Instant};

use crate::stage::{Stage, read_answer};

const WAITERS: &str = "statelock_lock_waiters";
const LEFT: &str = "statelock_lock_waiters_left_total";

fn holder_and_info(body: &str) -> (String, String) {
    let info: serde_json::Value = serde_json::from_str(body).expect("a lock info");
    let text = |name: &str| info[name].as_str().expect(name).to_owned();
    (text("ID"), text("Info"))
}

#[test]
fn a_client_that_comes_back_is_granted_the_lock_when_it_is_free() {
    let stage = Stage::new(&[]);
    let client = stage.client();
    assert_eq!(client.lock("a").status, 200);
    let refused = client.lock("b");
    assert_eq!(refused.status, 423, "{}", refused.body);
    let told = ("a".to_owned(), "place 1 of 1 in line; held by ID a (a@here)".to_owned());
    assert_eq!(holder_and_info(&refused.body), told);
    // Only Terraform and OpenTofu are told places; others see what is stored.
    let other = stage.client().named("curl/8").lock("c");
    assert_eq!(holder_and_info(&other.body), ("a".to_owned(), String::new()));
    let waiting = client.send_lock("b");
    stage.await_metric(WAITERS, 1);
    assert_eq!(client.unlock("a").status, 200);
    assert_eq!(read_answer(waiting).expect("an answer").status, 200);
    assert_eq!(client.unlock("b").status, 200);
}

#[test]
fn p3_a_connection_that_drops_leaves_the_line_and_the_next_has_the_lock() {
    let stage = Stage::new(&[]);
    let client = stage.client();
    assert_eq!(client.lock("a").status, 200);
    for id in ["b", "c"] {
        assert_eq!(client.lock(id).status, 423);
    }
    let b = client.send_lock("b");
    stage.await_metric(WAITERS, 1);
    let c = client.send_lock("c");
    stage.await_metric(WAITERS, 2);
    drop(b);
    stage.await_metric(LEFT, 1);
    assert_eq!(stage.metric(WAITERS), 1);
    assert_eq!(client.unlock("a").status, 200);
    assert_eq!(read_answer(c).expect("an answer").status, 200);
    let refused = client.lock("d");
    assert_eq!(holder_and_info(&refused.body).0, "c", "not the one that left");
    assert_eq!(client.unlock("c").status, 200);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "elapsed time of a real stop")]
fn a_server_that_stops_answers_who_waits_at_once() {
    let mut stage = Stage::new(&[]);
    let client = stage.client();
    assert_eq!(client.lock("a").status, 200);
    assert_eq!(client.lock("b").status, 423);
    let waiting = client.send_lock("b");
    stage.await_metric(WAITERS, 1);
    let began = Instant::now();
    assert!(stage.server.terminate().success());
    let elapsed = began.elapsed();
    assert!(elapsed < Duration::from_secs(10), "the stop took {elapsed:?}");
    assert_eq!(read_answer(waiting).expect("an answer").status, 423);
    // What it was told is remembered, and the lock is the holder's.
    stage.server.restart();
    assert_eq!(holder_and_info(&stage.client().lock("b").body).0, "a");
}

#[test]
fn waiters_beyond_the_bound_are_refused_at_once() {
    let stage = Stage::new(&["--waiters-max", "2"]);
    let client = stage.client();
    assert_eq!(client.lock("a").status, 200);
    for id in ["b", "c"] {
        assert_eq!(client.lock(id).status, 423);
    }
    // One lock has half of the room.
    let b = client.send_lock("b");
    stage.await_metric(WAITERS, 1);
    assert_eq!(client.lock("c").status, 423);
    assert_eq!(client.unlock("a").status, 200);
    assert_eq!(read_answer(b).expect("an answer").status, 200);
    let none = Stage::new(&["--waiters-max", "0"]);
    let client = none.client();
    assert_eq!(client.lock("a").status, 200);
    assert_eq!([client.lock("b").status, client.lock("b").status], [423, 423]);
}
