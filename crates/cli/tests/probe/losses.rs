//! Stores whose answers are lost, forbidden or put off.

use statelock_testkit::fault_proxy::Fault;

use crate::stage::{BUCKET, PLACE, QUICK, Run, Stage, finding, verdict};

const UNKNOWN: &str = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 61\r\nConnection: close\r\n\r\n\
                       <Error><Code>NotImplemented</Code><Message></Message></Error>";

const SLOW: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 55\r\nConnection: close\r\n\r\n\
                        <Error><Code>SlowDown</Code><Message></Message></Error>";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\nConnection: close\r\n\r\n\
                          <Error><Code>AccessDenied</Code><Message></Message></Error>";

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
