//! SIGINT and SIGTERM: nothing is done by halves, and no lock is left.

use std::io::Read;
use std::time::Duration;

use statelock_testkit::fault_proxy::{Fault, Request};
use statelock_testkit::server_process::send_signal;

use crate::stage::{KEY, Run, Stage, ended, state};

const HOLD_BOUND: Duration = Duration::from_mins(1);

fn offered(stage: &Stage, bytes: &[u8]) -> String {
    let file = stage.scratch.path().join("offered.tfstate");
    std::fs::write(&file, bytes).expect("a file");
    file.display().to_string()
}

/// Sends a signal while a request of a push is held.
fn stopped_at(
    stage: &Stage,
    signal: &str,
    held: impl Fn(&Request) -> bool + Send + 'static,
) -> Run {
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, held);
    let (address, file) = (Stage::address(KEY), offered(stage, &state(1, "L", "x")));
    let child = stage.spawn(&proxy.endpoint(), &["state", "push", &address, &file]);
    assert!(proxy.await_held(HOLD_BOUND), "nothing is held");
    send_signal(signal, child.id());
    proxy.let_go();
    ended(child)
}

fn is_state(request: &Request, method: &str) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    request.method == method && path.ends_with(KEY)
}

#[test]
fn p3_a_signal_during_the_write_lets_it_end_and_releases() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::statelock(&[]);
        let run = stopped_at(&stage, signal, |request| is_state(request, "PUT"));
        run.ended(code, "by then it was done").ended(code, "stored serial 1");
        assert_eq!(stage.object(KEY), Some(state(1, "L", "x")));
        stage.assert_free();
    }
}

#[test]
fn p3_a_signal_before_the_write_writes_nothing_and_releases() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::statelock(&[]);
        let run = stopped_at(&stage, signal, |request| is_state(request, "GET"));
        run.ended(code, "nothing was written");
        assert_eq!(stage.object(KEY), None);
        stage.assert_free();
        let takes = |request: &Request| request.path.contains(".tflock") && request.method == "PUT";
        let run = stopped_at(&stage, signal, takes);
        run.ended(code, "nothing was written");
        assert_eq!(stage.object(KEY), None);
        stage.assert_free();
    }
}

#[test]
fn p3_a_signal_ends_the_waiting_for_a_lock_and_leaves_nothing() {
    let stage = Stage::statelock(&[]);
    let holder = stage.hold();
    let (address, file) = (Stage::address(KEY), offered(&stage, &state(1, "L", "x")));
    let args = ["state", "push", &address, &file, "--wait", "10m"];
    let mut child = stage.spawn(&stage.endpoint(), &args);
    let mut stderr = child.stderr.take().expect("a pipe");
    let mut said = String::new();
    let mut byte = [0];
    while !said.contains("waiting for the lock\n") {
        assert_eq!(stderr.read(&mut byte).expect("a pipe"), 1, "it ended: {said}");
        said.push(char::from(byte[0]));
    }
    send_signal("INT", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(stage.block_on(holder.release()).is_gone());
    stage.assert_free();
    assert_eq!(stage.object(KEY), None);
}
