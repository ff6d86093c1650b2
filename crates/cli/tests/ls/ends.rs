//! How `ls` ends: refusals, broken listings, closed pipes and bad input.

use std::io::Read as _;
use std::process::Stdio;

use statelock_testkit::fake_store::{Asked, FakeStore, Holdings, Refusal};

use crate::stage::{Said, command, holdings, ls, store};

fn bucket() -> Holdings {
    let mut bucket = holdings(&[("a.tfstate", ""), ("a.tfstate.tflock", "one")]);
    for number in 0..2500 {
        bucket.objects.insert(format!("b-{number:04}.tfstate"), Vec::new());
    }
    bucket
}

fn refusing(refuses: impl Fn(&Asked) -> Option<Refusal> + Send + Sync + 'static) -> FakeStore {
    FakeStore::start(bucket(), refuses)
}

fn when(operation: &'static str, refusal: Refusal) -> FakeStore {
    refusing(move |asked| (asked.operation == operation).then_some(refusal))
}

#[test]
fn what_is_not_there_or_not_permitted_is_told_with_what_is_needed() {
    let table = ["--dynamodb-table", "locks"];
    for (operation, refusal, options, code, told) in [
        ("ListObjectsV2", (404, "NoSuchBucket"), &[][..], 6, "check the bucket's name"),
        ("ListObjectsV2", (403, "AccessDenied"), &[], 9, "s3:ListBucket"),
        ("ListObjectsV2", (501, "NotImplemented"), &[], 10, "cannot list"),
        ("Scan", (400, "ResourceNotFoundException"), &table, 6, "check the table's name"),
        ("Scan", (400, "AccessDeniedException"), &table, 9, "dynamodb:Scan"),
    ] {
        let store = when(operation, refusal);
        let arguments = [&["s3://tfstate"], options].concat();
        let said = ls(&store.client_env(), &arguments).ended(code);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.contains("nothing could be listed"), "{}", said.stderr);
        assert!(said.stderr.contains("hint: ") && said.stderr.contains(told), "{}", said.stderr);
    }
}

#[test]
fn lockfiles_that_may_not_be_read_are_shown_and_told() {
    let store = when("GetObject", (403, "AccessDenied"));
    let said = ls(&store.client_env(), &["s3://tfstate", "--held", "--json"]).ended(9);
    let document = said.document();
    assert_eq!(
        (&document["states"][0]["held"], &document["complete"]),
        (&true.into(), &false.into())
    );
    assert!(
        document["states"][0]["locks"][0]["problem"]
            .as_str()
            .is_some_and(|why| why.contains("403"))
    );
    assert!(
        said.stderr.contains("1 of the locks") && said.stderr.contains("s3:GetObject"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_lock_that_was_released_meanwhile_is_none() {
    let store = when("GetObject", (404, "NoSuchKey"));
    let said = ls(&store.client_env(), &["s3://tfstate/a", "--jsonl"]).ended(0);
    assert_eq!(said.keys(), ["a.tfstate"]);
    assert_eq!(said.lines()[0]["held"], false);
    let said = ls(&store.client_env(), &["s3://tfstate/a", "--held"]).ended(0);
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains("no such lock"), "{}", said.stderr);
}

#[test]
fn a_listing_that_breaks_says_how_far_it_came_and_is_never_taken_for_a_whole_one() {
    let breaks = |refusal: Refusal| {
        refusing(move |asked| asked.after.as_deref().filter(|a| *a > "b-1").map(|_| refusal))
    };
    let store = breaks((400, "InvalidArgument"));
    let said = ls(&store.client_env(), &["s3://tfstate", "--json"]).ended(8);
    let document = said.document();
    // The last one's lockfile may stand on the page that did not come: of that state nothing is known.
    assert_eq!(document["states"].as_array().expect("states").len(), 1999 - 1);
    assert_eq!(document["complete"], false);
    assert!(
        said.stderr.contains("ended after 2000 objects, the last `b-1997.tfstate`"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("there may be more"), "{}", said.stderr);

    let store = breaks((403, "ExpiredToken"));
    let said = ls(&store.client_env(), &["s3://tfstate"]).ended(9);
    assert_eq!(said.stdout.lines().count(), 1 + 1998);
}

#[test]
fn a_page_that_fails_once_is_asked_for_again() {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let store = refusing(move |asked| {
        let first =
            asked.after.is_some() && !failed.swap(true, std::sync::atomic::Ordering::SeqCst);
        first.then_some((503, "SlowDown"))
    });
    let said = ls(&store.client_env(), &["s3://tfstate", "--jsonl"]).ended(0);
    assert_eq!(said.keys().len(), 2501);
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let store = store(bucket());
    let mut command = command(&store.client_env(), &["s3://tfstate"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 100]).expect("some text");
    drop(stdout);
    let said = Said::of(&child.wait_with_output().expect("an end")).ended(0);
    assert_eq!(said.stderr, "");
}

#[test]
fn held_locks_are_an_exit_code_where_that_is_asked_for() {
    let store = store(bucket());
    let held = ["s3://tfstate/a", "--held", "--exit-code"];
    let said = ls(&store.client_env(), &held).ended(3);
    assert!(said.stdout.contains("one") && said.stderr.contains("1 state is locked"));
    ls(&store.client_env(), &["s3://tfstate/b", "--held", "--exit-code"]).ended(0);
    ls(&store.client_env(), &held[..2]).ended(0);
}

#[test]
fn bad_input_is_refused_before_anything_is_sent() {
    let store = store(Holdings::default());
    for arguments in [
        &["tfstate"][..],
        &["s3://"],
        &["s3:///a"],
        &["s3://tfstate", "--workspace", "dev"],
        &["s3://tfstate", "--older-than", "yesterday"],
        &["s3://tfstate", "--watch=0s"],
        &["s3://tfstate", "--limit", "0"],
        &["s3://tfstate", "--json", "--jsonl"],
        &["s3://tfstate", "--states", "--held"],
    ] {
        let said = ls(&store.client_env(), arguments).ended(2);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
    assert!(store.asked().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_unavailable() {
    let mut env = store(Holdings::default()).client_env();
    for (name, value) in &mut env {
        if name == "AWS_ENDPOINT_URL" {
            "http://127.0.0.1:9".clone_into(value);
        }
    }
    let said = ls(&env, &["s3://tfstate", "--json"]).ended(8);
    assert_eq!(said.document()["complete"], false);
}

#[test]
fn nothing_is_no_error() {
    let store = store(Holdings::default());
    let said = ls(&store.client_env(), &["s3://tfstate/none"]).ended(0);
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str()),
        ("", "note: no state under s3://tfstate/none\n")
    );
    let document = ls(&store.client_env(), &["s3://tfstate", "--json"]).ended(0).document();
    let expected = serde_json::json!(
        {"schema": 1, "bucket": "tfstate", "states": [], "table": null, "complete": true}
    );
    assert_eq!(document, expected);
}
