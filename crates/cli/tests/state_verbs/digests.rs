//! The digest of what is pushed, whatever becomes of its writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use statelock_client::protocol::lock::steps::Looked;
use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request, deliver_again};

use crate::stage::{KEY, MODES, Run, Stage, ended, state};

const NOT_ALLOWED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 35\r\n\r\n\
    {\"__type\":\"AccessDeniedException\"}  ";
const TABLE_MODES: [&[&str]; 2] = [MODES[1], MODES[2]];

fn puts_digest(request: &Request) -> bool {
    request.operation == "PutItem" && request.body.contains("-md5")
}

fn is_pushed(stage: &Stage, proxy: &FaultProxy, serial: u64, options: &[&str]) -> Vec<u8> {
    let bytes = state(serial, "L", "x");
    stage.push_through(&proxy.endpoint(), &bytes, options).ended(0, "stored");
    bytes
}

/// The state server shows the digest of what it stores, whoever writes it; elsewhere it is what clients wrote.
#[test]
fn p8_a_digest_that_was_not_written_is_told_with_its_repair() {
    for stage in Stage::all("digest writes") {
        for (serial, options) in (1..).zip(TABLE_MODES) {
            let proxy = stage.proxy();
            proxy.inject_on(Fault::Answer(NOT_ALLOWED), usize::MAX, puts_digest);
            if stage.has_guard() {
                is_pushed(&stage, &proxy, serial, options);
                assert!(proxy.hits().is_empty(), "it is right by itself");
                continue;
            }
            let bytes = state(serial, "L", "x");
            let run = stage.push_through(&proxy.endpoint(), &bytes, options);
            run.ended(7, "the state was written, but not its digest");
            assert!(run.stderr.contains(" | statelock state push"), "{}", run.stderr);
            assert_eq!(proxy.hits().len(), 1, "a refusal stays one");
            assert_eq!(stage.object(KEY).as_ref(), Some(&bytes));
            stage.push(&bytes, options).ended(0, "stored");
            assert_eq!(stage.pull(options).ended(0, "").stdout, bytes);
        }
        stage.assert_free();
    }
}

/// Lost on the way, and carried out when somebody else has written: as it comes from a proxy that hangs.
#[test]
fn p8_a_digest_that_comes_late_does_not_spoil_the_next_state() {
    for stage in Stage::all("late digests") {
        for (round, options) in (0..).zip(TABLE_MODES) {
            let serial = 10 * round;
            stage.push(&state(serial + 1, "L", "x"), options).ended(0, "stored");
            let proxy = stage.proxy();
            proxy.inject_on(Fault::LoseRequest, 1, puts_digest);
            is_pushed(&stage, &proxy, serial + 2, options);
            // By pushing the same bytes again: the repair.
            stage.write(KEY, &state(serial + 3, "L", "x"));
            let repairing = stage.proxy();
            repairing.inject_on(Fault::LoseRequest, 1, puts_digest);
            let bytes = state(serial + 3, "L", "x");
            stage.push_through(&repairing.endpoint(), &bytes, options).ended(0, "already");
            let next = state(serial + 4, "L", "x");
            stage.push(&next, options).ended(0, "stored");
            let late: Vec<_> = proxy.hits().into_iter().chain(repairing.hits()).collect();
            assert_eq!(late.len(), if stage.has_guard() { 0 } else { 2 }, "{}", stage.name());
            for hit in late {
                let status = deliver_again(stage.server_address(), &hit.request);
                assert_eq!(status.expect("an answer"), 400, "another digest is there");
            }
            assert_eq!(stage.pull(options).ended(0, "").stdout, next, "{}", stage.name());
        }
    }
}

/// Every answer to a write of a digest is lost, or says nothing.
#[test]
fn p8_p9_a_digest_whose_answers_are_lost_is_written_once() {
    const NO_500: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    let Some(stage) = Stage::moto("lost answers to digests") else { return };
    let faults = [Fault::LoseResponse, Fault::AnswerInstead(NO_500), Fault::LoseRequest];
    for (serial, fault) in (1..).zip(faults) {
        let proxy = stage.proxy();
        proxy.inject_on(fault, 1, puts_digest);
        let bytes = is_pushed(&stage, &proxy, serial, MODES[1]);
        let sent = proxy.requests().iter().filter(|request| puts_digest(request)).count();
        assert_eq!(sent, if fault == Fault::LoseRequest { 2 } else { 1 }, "{fault:?}");
        assert_eq!(stage.pull(MODES[1]).ended(0, "").stdout, bytes);
    }
    stage.assert_free();
}

/// Pushes, and lets something happen when the state is written and its digest is not.
fn meanwhile(stage: &Stage, bytes: &[u8], happens: impl FnOnce()) -> Run {
    let file = stage.scratch.path().join("offered.tfstate");
    std::fs::write(&file, bytes).expect("it is written");
    let proxy = stage.proxy();
    let is_written = AtomicBool::new(false);
    proxy.inject_on(Fault::HoldRequest, 1, move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        if request.method == "PUT" && path.ends_with(KEY) {
            is_written.store(true, Ordering::SeqCst);
        }
        let reads_digest = request.operation == "GetItem" && request.body.contains("-md5");
        reads_digest && is_written.load(Ordering::SeqCst)
    });
    let (address, file) = (Stage::address(KEY), file.display().to_string());
    let args = [&["state", "push", &address, &file], MODES[1]].concat();
    let child = stage.spawn(&proxy.endpoint(), &args);
    assert!(proxy.await_held(Duration::from_mins(1)), "nothing is held");
    happens();
    proxy.let_go();
    ended(child)
}

#[test]
fn p8_who_lost_the_lock_does_not_write_a_digest_over_the_next_one() {
    let Some(stage) = Stage::moto("digests under a lost lock") else { return };
    stage.push(&state(1, "L", "first"), MODES[1]).ended(0, "stored");
    let next = state(3, "L", "next");
    let run = meanwhile(&stage, &state(2, "L", "ours"), || {
        let (seen, _) = stage.block_on(stage.client().inspect());
        let found = seen.places.into_iter().find_map(|(_, looked)| match looked {
            Looked::Found(lock) => lock.id(),
            Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
        });
        let id = found.expect("it is held").to_string();
        let address = Stage::address(KEY);
        stage.run(&[&["unlock", &address, &id], MODES[1]].concat()).ended(0, "");
        stage.push(&next, MODES[1]).ended(0, "stored");
    });
    run.ended(7, "the lock was lost before it was written");
    assert_eq!(stage.pull(MODES[1]).ended(0, "").stdout, next);
    stage.assert_free();
}

/// It could not be written either, and everybody who compares would refuse the new state.
#[test]
fn p8_nothing_is_written_where_the_digest_cannot_be_read() {
    let Some(stage) = Stage::moto("digests that cannot be read") else { return };
    let first = state(1, "L", "first");
    stage.push(&first, MODES[1]).ended(0, "stored");
    let proxy = stage.proxy();
    let reads_digest =
        |request: &Request| request.operation == "GetItem" && request.body.contains("-md5");
    proxy.inject_on(Fault::Answer(NOT_ALLOWED), usize::MAX, reads_digest);
    let run = stage.push_through(&proxy.endpoint(), &state(2, "L", "x"), MODES[1]);
    run.ended(8, "the digest in the lock table could not be read");
    assert!(run.stderr.contains("nothing was written"), "{}", run.stderr);
    assert_eq!(stage.object(KEY), Some(first));
    stage.assert_free();
}
