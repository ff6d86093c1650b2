//! Each fault of a store is named by the probe, and nothing else is.

use statelock_testkit::condition_proxy::Fault;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;

use super::probe::{Probed, probe};
use super::stage::{PLAIN, Stage, VERSIONED};

fn probed(stage: &Stage, bucket: &str, options: &[&str]) -> Probed {
    let endpoint = stage.proxy.endpoint();
    let env = stage.server.client_env_through(&endpoint);
    probe(bucket, options, &env)
}

/// The operations that are found broken behind a proxy with this fault, and how.
fn broken(fault: Fault, bucket: &str) -> Vec<(String, String)> {
    let stage = Stage::with(fault);
    let probed = probed(&stage, bucket, &["--dynamodb-table", LOCK_TABLE]);
    probed.left_nothing();
    probed.broken()
}

#[track_caller]
fn assert_broken(fault: Fault, bucket: &str, expected: &[(&str, &str)]) {
    let found = broken(fault, bucket);
    let found: Vec<_> = found.iter().map(|(one, how)| (one.as_str(), how.as_str())).collect();
    assert_eq!(found, expected, "{fault:?}");
}

#[test]
fn without_a_fault_nothing_is_found() {
    for bucket in [VERSIONED, PLAIN] {
        let stage = Stage::with(Fault::Nothing);
        let probed = probed(&stage, bucket, &["--dynamodb-table", LOCK_TABLE]);
        probed.ended(0).left_nothing();
        assert_eq!(probed.broken(), [], "{bucket}");
        assert_eq!((probed.lockfile(), probed.lock_table()), ("safe", "safe"), "{bucket}");
    }
}

#[test]
fn a_condition_that_is_ignored() {
    let absent = [
        ("put_if_absent", "ignored"),
        ("put_if_absent_after_delete", "ignored"),
        ("put_if_absent_concurrent", "ignored"),
        // Nothing is refused whose status could be looked at.
        ("refusal_status", "not_known"),
    ];
    assert_broken(Fault::IfNoneMatchIgnored, PLAIN, &absent);
    let matching = [("put_if_match", "ignored"), ("put_if_match_concurrent", "ignored")];
    assert_broken(Fault::IfMatchOnPutIgnored, PLAIN, &matching);
    assert_broken(Fault::IfMatchOnDeleteIgnored, PLAIN, &[("delete_if_match", "ignored")]);
    let complete = [("complete_if_absent", "ignored"), ("complete_if_match", "ignored")];
    assert_broken(Fault::CompleteConditionsIgnored, PLAIN, &complete);
}

#[test]
fn a_condition_that_is_inverted() {
    let stage = Stage::with(Fault::IfNoneMatchInverted);
    let probed = probed(&stage, PLAIN, &[]);
    probed.ended(10).left_nothing();
    assert!(["ignored", "rejected"].contains(&probed.of("put_if_absent")), "{:?}", probed.broken());
    assert_eq!(probed.lockfile(), "not_safe");
}

#[test]
fn a_condition_that_is_raced() {
    let raced = [("put_if_absent_concurrent", "racy"), ("put_if_match_concurrent", "racy")];
    assert_broken(Fault::ConditionRaced, PLAIN, &raced);
}

#[test]
fn two_endpoints_that_do_not_see_each_others_locks() {
    let stage = Stage::with(Fault::LockedPerEndpoint);
    let other = stage.second_endpoint(Fault::LockedPerEndpoint);
    let (first, second) = (stage.proxy.endpoint(), other.endpoint());
    let one = ["--dynamodb-table", LOCK_TABLE, "--endpoint-url", &first];
    let alone = probed(&stage, PLAIN, &one);
    assert_eq!((alone.lockfile(), alone.lock_table()), ("safe", "safe"), "{:?}", alone.broken());
    let both = [&one[..], &["--endpoint-url", &second]].concat();
    let both = probed(&stage, PLAIN, &both);
    both.ended(10).left_nothing().assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_absent_concurrent", "racy"),
        ("item_put_if_absent", "enforced"),
        ("item_put_if_absent_concurrent", "racy"),
    ]);
}

#[test]
fn a_delete_marker_that_is_taken_for_an_object() {
    let stage = Stage::with(Fault::DeleteMarkerIsAnObject);
    let versioned = probed(&stage, VERSIONED, &[]);
    versioned.ended(10).left_nothing().assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_absent_after_delete_marker", "rejected"),
    ]);
    let plain = probed(&stage, PLAIN, &[]);
    plain.ended(0).left_nothing();
}

#[test]
fn conditions_that_are_not_implemented() {
    let stage = Stage::with(Fault::ConditionsNotImplemented);
    let probed = probed(&stage, PLAIN, &[]);
    probed.ended(10).left_nothing().assert(&[
        ("put_if_absent", "rejected"),
        ("put_if_match", "rejected"),
        ("delete_if_match", "rejected"),
        ("complete_if_absent", "rejected"),
        ("body_signed", "enforced"),
    ]);
}

#[test]
fn a_refusal_that_looks_like_a_conflict() {
    assert_broken(Fault::ConflictForFailedCondition, PLAIN, &[("refusal_status", "ignored")]);
}

#[test]
fn reads_and_listings_that_lag_behind() {
    let stale = Stage::with(Fault::StaleReads);
    let reads = probed(&stale, PLAIN, &[]);
    reads.assert(&[("read_after_write", "ignored"), ("read_after_delete", "ignored")]);
    reads.ended(10);
    let listings = [("list_after_write", "ignored"), ("list_after_delete", "ignored")];
    assert_broken(Fault::StaleListings, PLAIN, &listings);
}

#[test]
fn trailers_that_are_refused() {
    let trailers = [
        ("body_sha256_trailer", "rejected"),
        ("body_crc32_trailer", "rejected"),
        ("body_crc32_trailer_signed", "rejected"),
    ];
    let found = broken(Fault::TrailersRefused, PLAIN);
    for (operation, verdict) in trailers {
        let wanted = (operation.to_owned(), verdict.to_owned());
        assert!(found.contains(&wanted), "{operation}: {found:?}");
    }
    assert!(found.iter().all(|(operation, _)| operation.contains("trailer")), "{found:?}");
}

#[test]
fn items_whose_conditions_are_ignored_or_raced() {
    let ignored = [
        ("item_put_if_absent", "ignored"),
        ("item_put_if_absent_concurrent", "ignored"),
        ("item_delete_if_equal", "ignored"),
    ];
    assert_broken(Fault::ItemConditionIgnored, PLAIN, &ignored);
    let raced = [("item_put_if_absent_concurrent", "racy")];
    assert_broken(Fault::ItemConditionRaced, PLAIN, &raced);
}

#[test]
fn items_that_are_read_as_they_were() {
    let stage = Stage::with(Fault::StaleItems);
    let probed = probed(&stage, PLAIN, &["--dynamodb-table", LOCK_TABLE]);
    probed.ended(10);
    probed.assert(&[("item_read_after_write", "ignored"), ("item_read_after_delete", "ignored")]);
    assert_eq!((probed.lockfile(), probed.lock_table()), ("safe", "not_safe"));
}
