//! The proxy itself: each fault is the one that it is called, and leaves everything else alone.

mod items;
mod reads;

use std::sync::atomic::{AtomicUsize, Ordering};

use statelock_testkit::condition_proxy::Fault;
use statelock_testkit::signed_client::{Answer, SignedClient};

use crate::stage::{PLAIN, Stage, VERSIONED};

const ABSENT: &[(&str, &str)] = &[("if-none-match", "*")];
const WRONG: &[(&str, &str)] = &[("if-match", "\"00000000000000000000000000000000\"")];
const NONE: &[(&str, &str)] = &[];

fn ask(client: &mut SignedClient, method: &str, key: &str, headers: &[(&str, &str)]) -> Answer {
    let body = if method == "PUT" { content(key) } else { String::new() };
    client.s3(method, &format!("/{PLAIN}/{key}"), headers, body.as_bytes()).expect("an answer")
}

fn status(client: &mut SignedClient, method: &str, key: &str, headers: &[(&str, &str)]) -> u16 {
    ask(client, method, key, headers).status()
}

/// A lockfile has a lock in it, of another holder each time; our server protects it.
fn content(key: &str) -> String {
    static HOLDERS: AtomicUsize = AtomicUsize::new(0);
    if !key.ends_with(".tflock") {
        return key.to_owned();
    }
    let holder = HOLDERS.fetch_add(1, Ordering::SeqCst);
    format!(
        "{{\"ID\":\"{holder:08}-0000-0000-0000-000000000000\",\"Operation\":\"OperationTypeApply\",\
         \"Info\":\"\",\"Who\":\"{holder}@test\",\"Version\":\"1.11.4\",\
         \"Created\":\"2026-01-02T03:04:05.678901234Z\",\"Path\":\"{PLAIN}/{key}\"}}"
    )
}

/// What each of these is answered, on a key of its own, one after the other:
/// put if absent, again; put with a wrong tag; delete with a wrong tag; is it there?
fn told(client: &mut SignedClient, key: &str) -> [u16; 5] {
    [("PUT", ABSENT), ("PUT", ABSENT), ("PUT", WRONG), ("DELETE", WRONG), ("GET", NONE)]
        .map(|(method, condition)| status(client, method, key, condition))
}

#[test]
fn without_a_fault_everything_goes_through() {
    let stage = Stage::with(Fault::Nothing);
    for key in ["told", "told.tflock"] {
        assert_eq!(told(&mut stage.client(), key), [200, 412, 412, 412, 200], "{key}");
    }
}

#[test]
fn each_condition_is_ignored_by_itself() {
    for (fault, expected) in [
        (Fault::IfNoneMatchIgnored, [200, 200, 412, 412, 200]),
        (Fault::IfMatchOnPutIgnored, [200, 412, 200, 412, 200]),
        (Fault::IfMatchOnDeleteIgnored, [200, 412, 412, 204, 404]),
        (Fault::IfNoneMatchInverted, [412, 412, 404, 404, 404]),
        (Fault::ConditionsNotImplemented, [501, 501, 501, 501, 404]),
        (Fault::ConflictForFailedCondition, [200, 409, 409, 409, 200]),
        (Fault::FailedConditionAnswered(200), [200, 200, 200, 200, 200]),
        (Fault::FailedConditionAnswered(503), [200, 503, 503, 503, 200]),
        (Fault::IfMatchRaced, [200, 412, 412, 412, 200]),
        (Fault::IfMatchOfLargeBodiesIgnored, [200, 412, 412, 412, 200]),
        (Fault::IgnoredAfterDelete, [200, 412, 412, 412, 200]),
        (Fault::IgnoredAfterOverwrite, [200, 412, 412, 412, 200]),
        (Fault::IgnoredForSpecialKeys, [200, 412, 412, 412, 200]),
        (Fault::KnownLate, [200, 412, 412, 412, 200]),
        (Fault::ConditionRequired, [200, 412, 412, 412, 200]),
        (Fault::ConditionRaced, [200, 412, 412, 412, 200]),
        (Fault::LockedPerEndpoint, [200, 412, 412, 412, 200]),
        (Fault::TrailersRefused, [200, 412, 412, 412, 200]),
    ] {
        let stage = Stage::with(fault);
        assert_eq!(told(&mut stage.client(), "told"), expected, "{fault:?}");
        // Our server does not let a client delete the lock that it was just refused.
        if fault != Fault::IfMatchOnDeleteIgnored {
            let lock = told(&mut stage.client(), "told.tflock");
            assert_eq!(lock, expected, "{fault:?} of a lockfile");
        }
    }
}

#[test]
fn an_inverted_condition_writes_over_what_is_there() {
    let stage = Stage::with(Fault::IfNoneMatchInverted);
    let mut client = stage.client();
    assert_eq!(status(&mut stage.direct(), "PUT", "taken", NONE), 200);
    assert_eq!(status(&mut client, "PUT", "taken", ABSENT), 200);
    assert_eq!(status(&mut client, "PUT", "free", ABSENT), 412);
}

#[test]
fn a_condition_is_forgotten_in_one_case() {
    let ask = |client: &mut SignedClient, requests: &[(&str, &[(&str, &str)])], key: &str| {
        let told = requests.iter().map(|(method, headers)| status(client, method, key, headers));
        told.collect::<Vec<_>>()
    };
    let (absent, put, delete) = (("PUT", ABSENT), ("PUT", NONE), ("DELETE", NONE));
    let stage = Stage::with(Fault::IgnoredAfterDelete);
    let told = ask(&mut stage.client(), &[absent, delete, absent, absent], "forgotten");
    assert_eq!(told, [200, 204, 200, 200]);
    let stage = Stage::with(Fault::IgnoredAfterOverwrite);
    let told = ask(&mut stage.client(), &[put, absent, put, absent], "forgotten");
    assert_eq!(told, [200, 412, 200, 200]);
    let stage = Stage::with(Fault::IgnoredForSpecialKeys);
    assert_eq!(ask(&mut stage.client(), &[absent, absent], "forgotten"), [200, 412]);
    assert_eq!(ask(&mut stage.client(), &[absent, absent], "env%3A/forgotten"), [200, 200]);
}

#[test]
fn another_connection_is_let_in_once_where_writes_are_known_late() {
    let stage = Stage::with(Fault::KnownLate);
    let (mut writer, mut other) = (stage.client(), stage.client());
    let mut put = |is_writer: bool| {
        let client = if is_writer { &mut writer } else { &mut other };
        status(client, "PUT", "late.tflock", ABSENT)
    };
    assert_eq!([put(true), put(true), put(false), put(false)], [200, 412, 200, 412]);
    assert_eq!(winners((0..8).map(|_| stage.client()).collect()), 1, "of one moment");
}

#[test]
fn what_is_written_without_a_condition_is_forbidden() {
    for (fault, expected) in
        [(Fault::ConditionRequired, [403, 403]), (Fault::ConditionRequiredForLocks, [200, 403])]
    {
        let stage = Stage::with(fault);
        let mut client = stage.client();
        let told = ["a.json", "a.tflock"].map(|key| status(&mut client, "PUT", key, NONE));
        assert_eq!(told, expected, "{fault:?}");
    }
}

/// How many of several writers at once were told that they won.
fn winners(clients: Vec<SignedClient>) -> usize {
    let running: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            std::thread::spawn(move || status(&mut client, "PUT", "raced.tflock", ABSENT))
        })
        .collect();
    let answers: Vec<_> = running.into_iter().map(|one| one.join().expect("an answer")).collect();
    assert!(answers.iter().all(|status| matches!(status, 200 | 412)), "{answers:?}");
    answers.iter().filter(|status| **status == 200).count()
}

#[test]
fn a_raced_condition_lets_several_win() {
    let stage = Stage::with(Fault::ConditionRaced);
    let writers = winners((0..8).map(|_| stage.client()).collect());
    assert!(writers > 1, "{writers} won");
}

#[test]
fn a_lock_of_one_endpoint_is_not_seen_by_another() {
    let stage = Stage::with(Fault::LockedPerEndpoint);
    assert_eq!(winners((0..8).map(|_| stage.client()).collect()), 1);
    assert_eq!(status(&mut stage.direct(), "DELETE", "raced.tflock", NONE), 204);
    let other = stage.second_endpoint(Fault::LockedPerEndpoint);
    let both = [stage.client(), stage.client_of(other.address())];
    assert_eq!(winners(both.into()), 2);
}

#[test]
fn a_delete_marker_is_taken_for_an_object() {
    let stage = Stage::with(Fault::DeleteMarkerIsAnObject);
    let mut client = stage.client();
    let mut put = |bucket: &str, method: &str, headers: &[(&str, &str)]| {
        client.s3(method, &format!("/{bucket}/lock"), headers, b"").expect("an answer").status()
    };
    for (bucket, again) in [(VERSIONED, 412), (PLAIN, 200)] {
        assert_eq!(put(bucket, "PUT", ABSENT), 200);
        assert_eq!(put(bucket, "DELETE", NONE), 204);
        assert_eq!(put(bucket, "PUT", ABSENT), again, "{bucket}");
    }
    assert_eq!(put(VERSIONED, "PUT", NONE), 200);
}

#[test]
fn conditions_are_ignored_where_an_upload_is_completed() {
    for (fault, expected) in [(Fault::Nothing, 412), (Fault::CompleteConditionsIgnored, 200)] {
        let stage = Stage::with(fault);
        let mut client = stage.client();
        assert_eq!(status(&mut client, "PUT", "parts", NONE), 200);
        let path = format!("/{PLAIN}/parts");
        let begun = client.s3("POST", &format!("{path}?uploads="), NONE, b"").expect("an answer");
        let text = begun.text();
        let id = text.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next());
        let id = id.expect("an upload id");
        let part = format!("{path}?partNumber=1&uploadId={id}");
        let part = client.s3("PUT", &part, NONE, b"part").expect("an answer");
        let etag = part.head.header("etag").expect("an ETag");
        let list = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>\
             </CompleteMultipartUpload>"
        );
        let path = format!("{path}?uploadId={id}");
        let done = client.s3("POST", &path, ABSENT, list.as_bytes()).expect("an answer");
        assert_eq!(done.status(), expected, "{fault:?}: {}", done.text());
    }
}
