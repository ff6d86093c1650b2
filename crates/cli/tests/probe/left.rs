//! What a killed probe left is removed by a later one, and nothing else is.

use statelock_testkit::fault_proxy::{Fault, FaultProxy};

use crate::stage::{BUCKET, PLACE, QUICK, Run, Stage, TABLE};

/// HEAD of a bucket, by a clock that is decades ahead.
const LATER: &str = "HTTP/1.1 200 OK\r\nDate: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\
                     Connection: close\r\n\r\n";

/// Of a store that does not look at `?versions`.
const NO_VERSIONS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 105\r\nConnection: close\r\n\r\n\
    <ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>tfstate</Name></ListBucketResult>";
/// Of a store that knows of no versions, whatever it stores.
const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 109\r\nConnection: close\r\n\r\n\
    <ListVersionsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>tfstate</Name></ListVersionsResult>";
/// The first page of uploads, whose own are all of others.
const FIRST_PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 256\r\nConnection: close\r\n\r\n\
    <ListMultipartUploadsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Bucket>tfstate</Bucket><IsTruncated>true</IsTruncated><NextKeyMarker>team/.statelock-probe/!</NextKeyMarker><NextUploadIdMarker>!</NextUploadIdMarker></ListMultipartUploadsResult>";
/// A page of uploads that says that there are more, and not where.
const PAGE_TO_NOWHERE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 160\r\nConnection: close\r\n\r\n\
    <ListMultipartUploadsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Bucket>tfstate</Bucket><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\nConnection: close\r\n\r\n\
                      <Error><Code>AccessDenied</Code><Message></Message></Error>";

/// A store in which a probe was killed in the middle of its work.
fn after_a_kill() -> Stage {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, |request| request.body.contains("item-race-1"));
    let running = stage.spawn_probe(&proxy, &["--dynamodb-table", TABLE]);
    assert!(proxy.await_held(statelock_testkit::command::BOUND), "it comes to the items");
    running.kill();
    proxy.let_go();
    let left = stage.left(BUCKET);
    assert!(left.iter().any(|one| one.starts_with("team/")), "objects: {left:?}");
    assert!(left.iter().any(|one| one.starts_with("tfstate/team/")), "items: {left:?}");
    stage
}

#[test]
fn a_probe_that_may_still_run_is_left_alone_and_clean_removes_it() {
    let stage = after_a_kill();
    let before = stage.left(BUCKET).len();
    let run = stage.probe(&[]);
    run.ended(0, "note: another probe left something below `team/.statelock-probe/");
    run.ended(0, "where none runs any more, remove it: statelock probe s3://tfstate/team");
    assert_eq!(stage.left(BUCKET).len(), before, "it is younger than an hour");
    let elsewhere = stage.run(&["probe", "s3://tfstate", "--clean"]);
    elsewhere
        .ended_saying(0, "removed below s3://tfstate/.statelock-probe/: objects and versions: 0");
    assert_eq!(stage.left(BUCKET).len(), before, "that is another place");
    let run = stage.run(&["probe", PLACE, "--clean", "--json"]);
    run.ended(0, "");
    let removed = &run.json()["removed"];
    assert!(
        removed["objects"].as_u64() > Some(0) && removed["items"].as_u64() > Some(0),
        "{removed}"
    );
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn the_next_probe_removes_what_an_old_one_left() {
    let stage = after_a_kill();
    let proxy = stage.server.proxy();
    proxy.inject(Fault::AnswerInstead(LATER), usize::MAX, |method, _| method == "HEAD");
    let args = [&["probe", PLACE], QUICK, &["--json"]].concat();
    // The false date spoils signatures for a round, so that its verdict may be open.
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    let removed = &run.json()["removed_of_earlier"];
    assert!(
        removed["objects"].as_u64() > Some(0) && removed["items"].as_u64() > Some(0),
        "{removed}"
    );
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn only_what_a_probe_made_is_removed() {
    let stage = Stage::statelock();
    let mut client = stage.client();
    let name = "0123abcd-0123-4567-89ab-0123456789ab";
    let kept = [
        "team/.statelock-probe/mine/terraform.tfstate".to_owned(),
        format!("team/.statelock-probe/{name}"),
        format!("other/.statelock-probe/{name}/probe.json"),
        "team/terraform.tfstate".to_owned(),
    ];
    let gone = format!("team/.statelock-probe/{name}/list/001.json");
    for key in kept.iter().chain([&gone]) {
        let put = client.s3("PUT", &format!("/{BUCKET}/{key}"), &[], b"\"x\"").expect("an answer");
        assert_eq!(put.status(), 200, "{key}");
    }
    stage.run(&["probe", PLACE, "--clean"]).ended_saying(
        0,
        "removed below s3://tfstate/team/.statelock-probe/: objects and versions: 1,",
    );
    for key in &kept {
        let get = client.s3("GET", &format!("/{BUCKET}/{key}"), &[], b"").expect("an answer");
        assert_eq!(get.status(), 200, "{key}");
    }
    let get = client.s3("GET", &format!("/{BUCKET}/{gone}"), &[], b"").expect("an answer");
    assert_eq!(get.status(), 404);
}

#[test]
fn where_no_versions_are_shown_objects_are_removed() {
    for said in [NO_VERSIONS, EMPTY] {
        let stage = Stage::statelock();
        let mut client = stage.client();
        let key = "team/.statelock-probe/0123abcd-0123-4567-89ab-0123456789ab/list/001.json";
        let put = client.s3("PUT", &format!("/{BUCKET}/{key}"), &[], b"\"x\"").expect("an answer");
        assert_eq!(put.status(), 200);
        let proxy = stage.server.proxy();
        proxy.inject(Fault::Answer(DENIED), usize::MAX, |_, path| path.contains("versioning"));
        proxy.inject(Fault::Answer(said), usize::MAX, |_, path| path.contains("versions"));
        let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE, "--clean"]));
        run.ended_saying(0, "objects and versions: 1,");
        let get = client.s3("GET", &format!("/{BUCKET}/{key}"), &[], b"").expect("an answer");
        assert_eq!(get.status(), 404);
    }
}

/// An upload that a probe began and did not end, in a store that lists uploads through a proxy as `first` says.
fn with_an_upload(first: &'static str) -> (Stage, FaultProxy) {
    let stage = Stage::statelock();
    let mut client = stage.client();
    let key = "team/.statelock-probe/0123abcd-0123-4567-89ab-0123456789ab/parts.json";
    let begun = client.s3("POST", &format!("/{BUCKET}/{key}?uploads"), &[], b"");
    assert_eq!(begun.expect("an answer").status(), 200);
    let proxy = stage.server.proxy();
    let is_first = |method: &str, path: &str| {
        method == "GET" && path.contains("uploads") && !path.contains("key-marker=")
    };
    proxy.inject(Fault::Answer(first), usize::MAX, is_first);
    (stage, proxy)
}

#[test]
fn uploads_are_removed_on_every_page_of_their_list() {
    let (stage, proxy) = with_an_upload(FIRST_PAGE);
    assert_eq!(stage.left(BUCKET).len(), 1);
    let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE, "--clean", "--json"]));
    run.ended(0, "");
    assert_eq!(run.json()["removed"]["uploads"].as_u64(), Some(1), "{}", run.json());
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn a_list_of_uploads_that_breaks_off_is_told() {
    let (stage, proxy) = with_an_upload(PAGE_TO_NOWHERE);
    // Something by which the place of the probe is found.
    let key = "team/.statelock-probe/0123abcd-0123-4567-89ab-0123456789ab/list/001.json";
    let put = stage.client().s3("PUT", &format!("/{BUCKET}/{key}"), &[], b"\"x\"");
    assert_eq!(put.expect("an answer").status(), 200);
    let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE, "--clean"]));
    run.ended_saying(8, "there are more uploads");
}
