//! Whatever becomes of requests and answers: what is reported is what is stored.

use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{KEY, Stage, state};

const NO_500: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
const SLOW_DOWN: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 38\r\n\r\n\
    <Error><Code>SlowDown</Code></Error>  ";
const CONFLICT: &str = "HTTP/1.1 409 Conflict\r\nContent-Length: 54\r\n\r\n\
    <Error><Code>ConditionalRequestConflict</Code></Error>";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 40\r\n\r\n\
    <Error><Code>AccessDenied</Code></Error>";

/// What goes wrong once, and does not keep a write from ending well.
const ONCE: [(&str, Fault); 7] = [
    ("lost request", Fault::LoseRequest),
    ("lost answer", Fault::LoseResponse),
    ("cut answer", Fault::CutResponse),
    ("500, not done", Fault::Answer(NO_500)),
    ("500, done", Fault::AnswerInstead(NO_500)),
    ("503", Fault::Answer(SLOW_DOWN)),
    ("409", Fault::Answer(CONFLICT)),
];

fn puts_state(request: &Request) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    request.method == "PUT" && path.ends_with(KEY)
}

fn completes(request: &Request) -> bool {
    request.method == "POST" && request.path.contains("uploadId=")
}

/// A state that goes in three parts.
fn large(serial: u64) -> Vec<u8> {
    state(serial, "L", &"x".repeat(17 << 20))
}

#[test]
fn p6_p9_a_write_in_one_request_is_reported_as_it_is_stored() {
    for stage in Stage::all("faults of PutObject") {
        for (serial, (name, fault)) in (1..).zip(ONCE) {
            let proxy = stage.proxy();
            proxy.inject_on(fault, 1, puts_state);
            let bytes = state(serial, "L", name);
            let run = stage.push_through(&proxy.endpoint(), &bytes, &[]);
            assert_eq!(run.code, Some(0), "{} {name}: {}", stage.name(), run.stderr);
            assert_eq!(proxy.hits().len(), 1, "{name}");
            assert_eq!(stage.object(KEY), Some(bytes), "{} {name}", stage.name());
        }
        stage.assert_free();
    }
}

#[test]
fn p6_p9_a_write_in_parts_is_reported_as_it_is_stored() {
    for stage in Stage::all("faults of CompleteMultipartUpload") {
        for (serial, (name, fault)) in (1..).zip(ONCE) {
            let proxy = stage.proxy();
            proxy.inject_on(fault, 1, completes);
            // A part that is lost is sent again.
            proxy.inject_on(Fault::LoseRequest, 1, |request| {
                request.method == "PUT" && request.path.contains("partNumber=2")
            });
            let bytes = large(serial);
            let run = stage.push_through(&proxy.endpoint(), &bytes, &[]);
            assert_eq!(run.code, Some(0), "{} {name}: {}", stage.name(), run.stderr);
            assert_eq!(proxy.hits().len(), 2, "{name}");
            assert!(stage.object(KEY) == Some(bytes), "{} {name}", stage.name());
        }
        stage.assert_free();
    }
}

#[test]
fn p6_a_write_that_never_gets_an_answer_is_resolved_by_reading_or_told_as_unknown() {
    for stage in Stage::all("no answers at all") {
        let first = state(1, "L", "first");
        stage.push(&first, &[]).ended(0, "stored");
        for (fault, code, is_written) in [
            (Fault::LoseRequest, 7, false),
            (Fault::Answer(NO_500), 7, false),
            (Fault::Answer(DENIED), 9, false),
            (Fault::Answer(SLOW_DOWN), 8, false),
            (Fault::Answer(CONFLICT), 8, false),
            (Fault::LoseResponse, 0, true),
        ] {
            let proxy = stage.proxy();
            proxy.inject_on(fault, usize::MAX, puts_state);
            let bytes = state(2, "L", "second");
            let run = stage.push_through(&proxy.endpoint(), &bytes, &[]);
            assert_eq!(run.code, Some(code), "{} {fault:?}: {}", stage.name(), run.stderr);
            let expected = if is_written { &bytes } else { &first };
            assert_eq!(stage.object(KEY).as_ref(), Some(expected), "{} {fault:?}", stage.name());
            stage.assert_free();
        }
    }
}

#[test]
fn p6_a_lost_answer_and_then_a_refusal_is_unknown_and_not_a_refusal() {
    let stage = Stage::statelock(&[]);
    let proxy = stage.proxy();
    proxy.inject_on(Fault::LoseRequest, 1, puts_state);
    proxy.inject_on(Fault::Answer(DENIED), 1, puts_state);
    stage.push_through(&proxy.endpoint(), &state(1, "L", "x"), &[]).ended(7, "is not known");
    assert_eq!(stage.object(KEY), None);
    // The first was carried out, and the second is refused: it is ours.
    let proxy = stage.proxy();
    proxy.inject_on(Fault::LoseResponse, 1, puts_state);
    stage.push_through(&proxy.endpoint(), &state(1, "L", "x"), &[]).ended(0, "stored serial 1");
    stage.assert_free();
}

#[test]
fn a_reading_that_breaks_off_goes_on_and_never_mixes_two_states() {
    for stage in Stage::all("broken readings") {
        let bytes = large(1);
        stage.push(&bytes, &[]).ended(0, "stored");
        let proxy = stage.proxy();
        let gets = |request: &Request| {
            let path = request.path.split('?').next().unwrap_or_default();
            request.method == "GET" && path.ends_with(KEY)
        };
        proxy.inject_on(Fault::CutResponse, 3, gets);
        let address = Stage::address(KEY);
        let run = stage.run_through(&proxy, &["state", "pull", &address]);
        assert!(run.ended(0, "").stdout == bytes, "{}: the bytes differ", stage.name());
        assert_eq!(proxy.hits().len(), 3);
        let reads: Vec<_> = proxy.hits().into_iter().map(|hit| hit.request).collect();
        let ranged = reads.iter().filter(|request| {
            String::from_utf8_lossy(request).to_ascii_lowercase().contains("\r\nrange: bytes=")
        });
        assert_eq!(ranged.count(), 2, "{}: it goes on where it was", stage.name());
        // Replaced in the middle: the new one, whole.
        let proxy = stage.proxy();
        proxy.inject_on(Fault::CutResponse, 1, gets);
        proxy.inject_on(Fault::HoldRequest, 1, gets);
        let child = stage.spawn(&proxy.endpoint(), &["state", "pull", &address]);
        let reader = std::thread::spawn(move || crate::stage::ended(child));
        assert!(proxy.await_held(std::time::Duration::from_mins(1)), "nothing is held");
        let newer = state(2, "L", "new");
        stage.write(KEY, &newer);
        proxy.let_go();
        let run = reader.join().expect("it ends");
        assert_eq!(run.ended(0, "").stdout, newer, "{}", stage.name());
    }
}
