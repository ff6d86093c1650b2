//! Steps that fail, buckets of others, and answers that do not come.

use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{NO_NEWEST, Stage, Steps as _, TABLE, writes};

const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 67\r\n\r\n\
    <Error><Code>AccessDenied</Code><Message>not you</Message></Error> ";
const EMPTY_DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
const TAKEN: &str = "HTTP/1.1 409 Conflict\r\nContent-Type: application/xml\r\nContent-Length: 75\r\n\r\n\
    <Error><Code>BucketAlreadyExists</Code><Message>not free</Message></Error> ";
const MOVED: &str =
    "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: ap-south-1\r\nContent-Length: 0\r\n\r\n";

type Meant = fn(&Request) -> bool;

/// What each step sends.
const SENT: [(&str, Meant); 7] = [
    ("bucket", |one| {
        one.method == "PUT" && !one.path.contains("ownership") && !one.path.contains('?')
    }),
    ("public_access", |one| one.method == "PUT" && one.path.contains("publicAccessBlock")),
    ("versioning", |one| one.method == "PUT" && one.path.contains("versioning")),
    ("encryption", |one| one.method == "PUT" && one.path.contains("encryption")),
    ("tls_only", |one| one.method == "PUT" && one.path.contains("policy")),
    ("old_versions", |one| one.method == "PUT" && one.path.contains("lifecycle")),
    ("lock_table", |one| one.operation == "CreateTable"),
];

#[test]
fn whatever_fails_the_next_run_makes_the_rest() {
    for (step, is_meant) in SENT {
        for fault in [Fault::LoseResponse, Fault::Answer(DENIED)] {
            let stage = Stage::statelock();
            let proxy = stage.proxy();
            proxy.inject_on(fault, 20, is_meant);
            let options = [TABLE, &["--tls-only", "--json"][..]];
            let said = stage.bootstrap_through(&proxy.endpoint(), &options);
            let expected = if matches!(fault, Fault::Answer(_)) { 9 } else { 8 };
            assert_eq!(said.code, Some(expected), "{step} {fault:?}: {said:?}");
            assert!(!proxy.hits().is_empty(), "{step}");
            let again = stage.bootstrap(&options).having_said(0, "");
            let fine = |ending: &str| matches!(ending, "done" | "already");
            assert!(again.steps().iter().all(|one| fine(&one.1)), "{step}: {}", again.stdout);
            let twice = stage.bootstrap(&options).having_said(0, "");
            assert_eq!(twice.json()["as_wanted"], true, "{step}: {}", twice.stdout);
        }
    }
}

#[test]
fn one_step_that_is_denied_does_not_keep_the_others_from_being_made() {
    let stage = Stage::statelock();
    let proxy = stage.proxy();
    proxy.inject_on(Fault::Answer(DENIED), 20, SENT[3].1);
    let said = stage.bootstrap_through(&proxy.endpoint(), &[TABLE, &["--json"]]);
    let said = said.having_said(9, "default encryption failed");
    assert_eq!(said.step("encryption"), "failed");
    for step in ["versioning", "old_versions", "lock_table"] {
        assert_eq!(said.step(step), "done", "{}", said.stdout);
    }
    assert!(said.stdout.contains("PutBucketEncryption"), "the operation is named: {}", said.stdout);
}

#[test]
fn a_setting_that_may_not_be_looked_at_is_not_replaced() {
    for (part, step) in [("policy", "tls_only"), ("lifecycle", "old_versions")] {
        let stage = Stage::statelock();
        stage.bootstrap(&[&["--dry-run"]]).having_said(0, "");
        let proxy = stage.proxy();
        proxy.inject_on(Fault::Answer(DENIED), 20, move |one| {
            one.method == "GET" && one.path.contains(part)
        });
        let said = stage
            .bootstrap_through(&proxy.endpoint(), &[&["--tls-only", "--json"]])
            .having_said(9, "");
        assert_eq!(said.step(step), "failed", "{}", said.stdout);
        assert!(!writes(&proxy).iter().any(|one| one.contains(part)), "{:?}", writes(&proxy));
    }
}

#[test]
fn a_bucket_of_somebody_else_is_told_and_nothing_is_tried() {
    let head: Meant = |one| one.method == "HEAD";
    for (answer, meant, code, words) in [
        (EMPTY_DENIED, head, 9, "somebody else's, or not open to these credentials"),
        (TAKEN, SENT[0].1, 9, "names of buckets are shared by all accounts"),
        (MOVED, head, 2, "is in ap-south-1, and us-east-1 was asked for"),
    ] {
        let stage = Stage::statelock();
        let proxy = stage.proxy();
        proxy.inject_on(Fault::Answer(answer), 20, meant);
        let said = stage.bootstrap_through(&proxy.endpoint(), &[TABLE]).having_said(code, words);
        assert_eq!(said.stdout, "");
        let tried: Vec<_> = writes(&proxy).into_iter().filter(|one| one.contains('?')).collect();
        assert_eq!(tried, [""; 0]);
    }
}

#[test]
fn a_bucket_of_another_account_that_lets_us_in_is_told() {
    let stage = Stage::statelock();
    stage.bootstrap(&[NO_NEWEST]).having_said(0, "");
    let proxy = stage.proxy();
    let looks = std::sync::atomic::AtomicUsize::new(0);
    // The first look is about the bucket, the second about its owner.
    proxy.inject_on(Fault::Answer(EMPTY_DENIED), 20, move |one| {
        one.method == "HEAD" && looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0
    });
    let said = stage.bootstrap_through(&proxy.endpoint(), &[NO_NEWEST]);
    said.having_said(9, "it does not belong to the account");
    assert_eq!(writes(&proxy), [""; 0]);
}

#[test]
fn without_a_store_nothing_is_said_to_be_done() {
    let stage = Stage::statelock();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let said = stage.bootstrap_through(&endpoint, &[TABLE]).having_said(8, "error:");
    assert_eq!(said.stdout, "");
}
