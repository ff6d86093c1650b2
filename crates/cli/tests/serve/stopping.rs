//! Stops: requests in flight finish, nobody new comes in, and nobody holds the stop for ever.

use std::net::TcpStream;
use std::time::Duration;

use statelock_testkit::server_process::{send_signal, wait_until};

use crate::stage::Stage;
use crate::wire::Connection;

const BOUND: Duration = Duration::from_secs(20);
const BODY: &[u8] = b"0123456789";

/// A PUT of [`BODY`] whose head was read and whose body was asked for.
fn upload_in_flight(stage: &Stage, key: &str) -> Connection {
    let target = stage.presigned("PUT", key);
    let mut connection = stage.connect();
    let length = BODY.len();
    let headers = format!("Content-Length: {length}\r\nExpect: 100-continue\r\n");
    connection.send_head("PUT", &target, &headers);
    let (status, head) = connection.answer_head();
    assert_eq!(status, 100, "{head}");
    connection.send(&BODY[..5]).expect("half of the body can be sent");
    connection
}

fn await_refusal_of_new_connections(stage: &Stage) {
    let address = stage.server.address();
    let refused = wait_until(BOUND, || TcpStream::connect(address).is_err().then_some(()));
    assert!(refused.is_some(), "new connections are accepted after the signal");
}

fn a_signal_lets_a_request_finish(signal: &str) {
    let mut stage = Stage::start(&[]);
    let mut upload = upload_in_flight(&stage, "slow/terraform.tfstate");
    send_signal(signal, stage.pid());
    await_refusal_of_new_connections(&stage);
    upload.send(&BODY[5..]).expect("the rest of the body can be sent");
    let answer = upload.answer();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(upload.is_at_end(), "the connection is kept open");
    // The signal is sent already: this one only waits, and a second one changes nothing.
    let status = stage.server.terminate();
    let log = stage.server.stderr();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains(&format!("signal=\"SIG{signal}\"")), "{log}");
    assert!(log.trim_end().ends_with("stopped"), "the last line: {log}");
    stage.server.restart();
    assert_eq!(stage.get("slow/terraform.tfstate").expect("it was stored"), BODY);
}

#[test]
fn sigterm_lets_a_request_in_flight_finish() {
    a_signal_lets_a_request_finish("TERM");
}

#[test]
fn sigint_lets_a_request_in_flight_finish() {
    a_signal_lets_a_request_finish("INT");
}

#[test]
fn a_client_that_never_finishes_does_not_hold_the_stop() {
    let mut stage = Stage::start(&["--drain-timeout-seconds", "1"]);
    let unfinished = upload_in_flight(&stage, "never/terraform.tfstate");
    let pid = stage.pid();
    send_signal("TERM", pid);
    let gone = wait_until(BOUND, || has_ended(pid).then_some(()));
    assert!(gone.is_some(), "it runs {BOUND:?} after the signal\n{}", stage.server.stderr());
    let status = stage.server.terminate();
    let log = stage.server.stderr();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("requests were still in flight when the drain time ended"), "{log}");
    drop(unfinished);
    stage.server.restart();
    assert_eq!(stage.keys(), Vec::<String>::new(), "half a body became an object");
}

#[test]
fn silent_connections_do_not_hold_the_stop() {
    // Far above the bound: the drain must end because nothing is in flight.
    let mut stage = Stage::start(&["--drain-timeout-seconds", "600"]);
    let mut kept_alive = stage.connect();
    kept_alive.send_head("GET", "/_statelock/health", "");
    assert_eq!(kept_alive.answer().status, 200);
    let _fresh = stage.connect();
    stage.page("/_statelock/health");
    let pid = stage.pid();
    send_signal("TERM", pid);
    let gone = wait_until(BOUND, || has_ended(pid).then_some(()));
    assert!(gone.is_some(), "it runs {BOUND:?} after the signal\n{}", stage.server.stderr());
    assert_eq!(stage.server.terminate().code(), Some(0), "{}", stage.server.stderr());
    assert!(kept_alive.is_at_end());
}

#[test]
fn a_server_that_is_told_to_stop_at_once_stops_well() {
    for _ in 0..5 {
        let mut stage = Stage::start(&[]);
        let status = stage.server.terminate();
        assert_eq!(status.code(), Some(0), "{}", stage.server.stderr());
    }
}

/// Whether a child of this process has ended; its parent has not asked yet, so it is a zombie.
fn has_ended(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.is_empty() || status.lines().any(|line| line.starts_with("State:") && line.contains('Z'))
}
