//! Stores whose answers are lost, forbidden or put off.

use statelock_testkit::fault_proxy::Fault;

use crate::stage::{BUCKET, PLACE, QUICK, Run, Stage, finding, verdict};

const UNKNOWN: &str = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 61\r\nConnection: close\r\n\r\n\
                       <Error><Code>NotImplemented</Code><Message></Message></Error>";

const SLOW: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 55\r\nConnection: close\r\n\r\n\
                        <Error><Code>SlowDown</Code><Message></Message></Error>";
const FAILED: &str = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 65\r\nConnection: close\r\n\r\n\
                          <Error><Code>PreconditionFailed</Code><Message></Message></Error>";
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 60\r\nConnection: close\r\n\r\n\
                          <Error><Code>InternalError</Code><Message></Message></Error>";
const TAKEN: &str = "HTTP/1.1 200 OK\r\nETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\n\
                         Content-Length: 0\r\nConnection: close\r\n\r\n";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\nConnection: close\r\n\r\n\
                          <Error><Code>AccessDenied</Code><Message></Message></Error>";

const MOVED: &str = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 64\r\nConnection: close\r\n\r\n\
                     <Error><Code>TemporaryRedirect</Code><Message></Message></Error>";
const SKEWED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 67\r\nConnection: close\r\n\r\n\
                      <Error><Code>RequestTimeTooSkewed</Code><Message></Message></Error>";

fn through(stage: &Stage, fault: Fault, is_meant: fn(&str, &str) -> bool) -> Run {
    let proxy = stage.server.proxy();
    proxy.inject(fault, usize::MAX, is_meant);
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    Run::of(stage.command(&proxy.endpoint(), &args))
}

#[test]
fn lost_answers_are_not_taken_for_a_verdict() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::LoseResponse, |method, path| {
        method == "PUT" && path.contains("/race-")
    });
    run.ended(7, "");
    let document = run.json();
    assert_eq!(verdict(&document, "put_if_absent"), "enforced");
    assert_eq!(verdict(&document, "put_if_absent_concurrent"), "not_known");
    let rounds = &finding(&document, "put_if_absent_concurrent")["rounds"];
    assert_eq!(rounds["undecided"], 2, "{rounds}");
    assert_eq!(document["conclusions"]["use_lockfile"]["verdict"], "not_known");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn what_is_refused_alone_is_not_tried_at_once() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject(Fault::Answer(UNKNOWN), usize::MAX, |method, path| {
        method == "PUT" && path.contains("/absent.tflock")
    });
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(10, "");
    let document = run.json();
    assert_eq!(verdict(&document, "put_if_absent"), "rejected");
    let at_once = finding(&document, "put_if_absent_concurrent");
    assert_eq!(at_once["verdict"], "rejected");
    assert!(at_once["rounds"].is_null(), "{at_once}");
    assert!(!proxy.requests().iter().any(|request| request.path.contains("/race-")));
    let because = document["conclusions"]["use_lockfile"]["because"].as_array();
    assert_eq!(because.map(Vec::len), Some(1), "what follows from it is no reason of its own");
}

#[test]
fn one_answer_that_asks_to_come_again_is_no_verdict() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    for name in ["/absent.tflock", "/match.json", "/list/"] {
        proxy.inject(Fault::Answer(SLOW), 1, move |method, path| {
            method == "PUT" && path.contains(name)
        });
    }
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(0, "");
    assert_eq!(verdict(&run.json(), "put_if_absent"), "enforced");
    assert_eq!(proxy.hits().len(), 3);
}

#[test]
fn what_cannot_be_listed_is_not_taken_for_removed() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::Answer(DENIED), |method, path| {
        let lists = path.contains("versions") || path.contains("list-type=2");
        // Without uploads that are left, the journal goes too.
        method == "DELETE" && !path.contains("uploadId") || method == "GET" && lists
    });
    let document = run.json();
    let left = document["left"].as_array().expect("what is left");
    let keys: Vec<_> = left.iter().filter_map(|one| one["key"].as_str()).collect();
    for name in ["/probe.json", "/absent.tflock", "/match.json"] {
        assert!(keys.iter().any(|key| key.ends_with(name)), "no {name} in {document:#}");
    }
    let below = left.iter().find(|one| one["kind"] == "prefix").expect("versions may be left");
    let because = below["because"].as_str().expect("why");
    assert!(because.contains("its versions are not listed"), "{because}");
    stage.run(&["probe", PLACE, "--clean"]).ended(0, "");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn delete_markers_are_tried_too_where_nobody_may_ask_for_versioning() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject(Fault::Answer(DENIED), usize::MAX, |method, path| {
        method == "GET" && path.contains("?versioning")
    });
    proxy.inject_on(Fault::Answer(FAILED), usize::MAX, |request| {
        request.path.contains("/after-marker.tflock") && request.body.contains("second")
    });
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(10, "");
    let document = run.json();
    assert_eq!(document["versioning"], "not_known");
    assert_eq!(verdict(&document, "put_if_absent_after_delete_marker"), "rejected");
    assert_eq!(verdict(&document, "put_if_absent_after_delete_marker_concurrent"), "rejected");
    assert_eq!(document["conclusions"]["use_lockfile"]["verdict"], "not_safe");
}

#[test]
fn losers_that_are_forbidden_to_write_are_no_losers() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    for name in ["/race-0.tflock", "/race-1.tflock"] {
        proxy.inject(Fault::Answer(DENIED), 31, move |method, path| {
            method == "PUT" && path.contains(name)
        });
    }
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(7, "");
    assert_eq!(verdict(&run.json(), "put_if_absent_concurrent"), "not_known");
}

#[test]
fn deletes_that_are_forbidden_are_counted() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::Answer(DENIED), |method, path| {
        let is_first = path.contains("/read-0.json");
        method == "DELETE" && path.contains("/read-") && !path.contains("versionId") && !is_first
    });
    run.ended(7, "");
    let document = run.json();
    let samples = &finding(&document, "read_after_delete")["looks"];
    assert_eq!((&samples["right"], &samples["unanswered"]), (&1.into(), &9.into()), "{samples}");
    assert_eq!(verdict(&document, "read_after_delete"), "not_known");
    assert_eq!(verdict(&document, "read_after_write"), "enforced");
}

#[test]
fn a_condition_that_is_forgotten_where_the_body_comes_in_chunks_is_found() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject_on(Fault::Answer(TAKEN), usize::MAX, |request| {
        let is_chunked = request.body.contains("x-amz-checksum-sha256:");
        request.path.contains("/absent.tflock") && is_chunked
    });
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(10, "");
    let document = run.json();
    assert_eq!(verdict(&document, "body_sha256_trailer"), "enforced");
    assert_eq!(verdict(&document, "put_if_absent"), "ignored");
    assert_eq!(document["conclusions"]["use_lockfile"]["verdict"], "not_safe");
    let steps = finding(&document, "put_if_absent")["steps"].to_string();
    assert!(steps.contains("aws-chunked, SHA-256 trailer"), "{steps}");
    assert!(steps.contains("SHA-256 header, body not signed"), "{steps}");
}

#[test]
fn writes_that_are_sent_elsewhere_say_nothing_of_conditions() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::Answer(MOVED), |method, _| method == "PUT");
    run.ended(2, "name the bucket's own region with --region");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn a_clock_that_is_too_far_off_for_signatures_is_told() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::Answer(SKEWED), |method, _| method == "PUT");
    run.ended(9, "the store's clock and the one here are too far apart for signatures");
}

#[test]
fn what_prepares_a_race_is_sent_again() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    for name in ["/swap-0.json", "/marker-race-0.tflock"] {
        proxy.inject(Fault::Answer(BROKEN), 1, move |method, path| {
            method == "PUT" && path.contains(name)
        });
    }
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(0, "");
    let document = run.json();
    assert_eq!(proxy.hits().len(), 2);
    for operation in ["put_if_match_concurrent", "put_if_absent_after_delete_marker_concurrent"] {
        assert_eq!(verdict(&document, operation), "enforced");
    }
}

#[test]
fn what_may_not_be_removed_is_named_with_the_command_that_removes_it() {
    let stage = Stage::statelock();
    let run = through(&stage, Fault::Answer(DENIED), |method, path| {
        let removes = method == "DELETE" && path.contains("versionId");
        removes || method == "POST" && path.contains("?delete")
    });
    assert_eq!(run.json()["left"].as_array().map(Vec::is_empty), Some(false), "{run:?}");
    assert!(run.stderr.contains("could not be removed"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("statelock probe {PLACE} --clean")), "{}", run.stderr);
    assert!(!stage.left(BUCKET).is_empty());
    stage.run(&["probe", PLACE, "--clean"]).ended(0, "");
    stage.assert_nothing_left(BUCKET);
}
