//! A probe that is stopped leaves nothing; one that is stopped twice says what it left.

use statelock_testkit::fault_proxy::{Fault, FaultProxy};

use crate::stage::{BUCKET, PLACE, Running, Stage, TABLE};

const TABLE_TOO: &[&str] = &["--dynamodb-table", TABLE];

/// A probe that waits for the answer to a request in the middle of its work.
fn held(stage: &Stage, name: &'static str) -> (FaultProxy, Running) {
    let proxy = stage.server.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, move |request| {
        let is_meant = request.path.contains(name) || request.body.contains(name);
        request.method != "GET" && is_meant
    });
    let running = stage.spawn_probe(&proxy, TABLE_TOO);
    assert!(proxy.await_held(statelock_testkit::command::BOUND), "it comes to {name}");
    (proxy, running)
}

#[test]
fn a_signal_ends_it_and_nothing_stays() {
    for (signal, code, name) in [("INT", 130, "/swap-1.json"), ("TERM", 143, "/item-race-1")] {
        let stage = Stage::statelock();
        let (proxy, running) = held(&stage, name);
        assert!(!stage.left(BUCKET).is_empty(), "it has written something");
        running.signal(signal);
        running.await_said("stopping, and removing what was written");
        proxy.let_go();
        let run = running.end();
        run.ended(code, "what was written is removed");
        assert_eq!(run.stdout, "", "nothing is known yet");
        stage.assert_nothing_left(BUCKET);
        assert!(!stage.kept().exists(), "and no verdict is kept");
    }
}

#[test]
fn a_second_signal_ends_it_at_once_and_says_what_is_left() {
    let stage = Stage::statelock();
    let (proxy, running) = held(&stage, "/item-race-1");
    running.signal("INT");
    running.await_said("again to end at once");
    running.signal("INT");
    let run = running.end();
    run.ended(130, "something may be left below s3://tfstate/team/.statelock-probe/");
    assert!(run.stderr.contains(&format!("statelock probe {PLACE} --clean")), "{}", run.stderr);
    proxy.let_go();
    assert!(!stage.left(BUCKET).is_empty());
    stage.run(&["probe", PLACE, "--clean"]).ended_saying(0, "removed below s3://tfstate/team");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn its_time_is_a_limit() {
    let stage = Stage::statelock();
    let run = stage.probe(&["--time-limit", "0s", "--json"]);
    run.ended(7, "");
    let document = run.json();
    assert_eq!(document["complete"], false);
    assert_eq!(document["requests"], 0);
    assert_eq!(document["conclusions"]["use_lockfile"]["verdict"], "not_known");
    stage.assert_nothing_left(BUCKET);
}
