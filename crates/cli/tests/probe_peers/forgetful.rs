//! Stores that keep conditions most of the time, and where a probe must not say that they are safe: each was seen, or is
//! one slip away from what was seen.

use statelock_testkit::condition_proxy::Fault;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;

use super::probe::{Probed, probe, run};
use super::stage::{PLAIN, Stage, VERSIONED};

fn probed(fault: Fault, bucket: &str) -> Probed {
    let stage = Stage::with(fault);
    let probed = probe(bucket, &[], &stage.server.client_env_through(&stage.proxy.endpoint()));
    probed.left_nothing();
    probed
}

#[test]
fn a_condition_that_is_forgotten_once_something_was_deleted() {
    let probed = probed(Fault::IgnoredAfterDelete, PLAIN);
    probed.ended(10).assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_absent_after_delete", "ignored"),
        ("put_if_absent_concurrent", "racy"),
    ]);
    let steps = probed.evidence("put_if_absent_after_delete")["steps"].to_string();
    assert!(steps.contains("where it is taken again"), "{steps}");
}

#[test]
fn a_condition_that_is_forgotten_where_something_was_written_over() {
    let probed = probed(Fault::IgnoredAfterOverwrite, PLAIN);
    probed.ended(10).assert(&[("put_if_absent", "ignored")]);
    let evidence = probed.evidence("put_if_absent")["evidence"].to_string();
    assert!(evidence.contains("on a key that was written over: done"), "{evidence}");
}

#[test]
fn a_condition_that_is_forgotten_for_keys_that_a_url_writes_in_another_way() {
    let probed = probed(Fault::IgnoredForSpecialKeys, PLAIN);
    probed.ended(10).assert(&[("put_if_absent", "ignored")]);
    let evidence = probed.evidence("put_if_absent")["evidence"].to_string();
    assert!(evidence.contains("taken, a key of a workspace: done"), "{evidence}");
}

#[test]
fn what_was_written_a_moment_ago_is_not_known_yet() {
    let probed = probed(Fault::KnownLate, PLAIN);
    probed.ended(10).assert(&[("put_if_absent", "enforced"), ("put_if_absent_concurrent", "racy")]);
    let told = probed.evidence("put_if_absent_concurrent");
    assert!(told["rounds"]["late_winners"].as_u64() > Some(0), "{told:#}");
    let evidence = told["evidence"].to_string();
    assert!(evidence.contains("one who came when it was decided"), "{evidence}");
}

#[test]
fn who_lost_is_told_that_it_won() {
    let probed = probed(Fault::FailedConditionAnswered(200), PLAIN);
    probed.ended(10).assert(&[("put_if_absent", "ignored"), ("put_if_match", "ignored")]);
}

#[test]
fn who_lost_is_told_nothing_of_it() {
    for status in [500, 503] {
        let probed = probed(Fault::FailedConditionAnswered(status), PLAIN);
        probed
            .ended(7)
            .assert(&[("put_if_absent", "not_known"), ("put_if_absent_concurrent", "not_known")]);
        assert_eq!(probed.lockfile(), "not_known", "{status}");
        let evidence = probed.evidence("put_if_absent")["evidence"].to_string();
        assert!(evidence.contains(&format!("a key that is taken: {status}")), "{evidence}");
    }
}

#[test]
fn conditions_of_large_bodies_are_no_matter_for_locks_and_one_for_others() {
    let probed = probed(Fault::IfMatchOfLargeBodiesIgnored, PLAIN);
    probed.ended(0).assert(&[("put_if_absent", "enforced"), ("put_if_match", "ignored")]);
    assert_eq!((probed.lockfile(), probed.other_conditions()), ("safe", "not_safe"));
    let evidence = probed.evidence("put_if_match")["evidence"].to_string();
    assert!(evidence.contains("with a body of 256 KiB: done"), "{evidence}");
}

#[test]
fn a_race_for_another_condition_is_no_matter_for_locks_and_one_for_others() {
    let stage = Stage::with(Fault::IfMatchRaced);
    let env = stage.server.client_env_through(&stage.proxy.endpoint());
    let probed = probe(PLAIN, &["--dynamodb-table", LOCK_TABLE], &env);
    probed.ended(0).left_nothing().assert(&[
        ("put_if_absent_concurrent", "enforced"),
        ("put_if_match", "enforced"),
        ("put_if_match_concurrent", "racy"),
    ]);
    assert_eq!((probed.lockfile(), probed.other_conditions()), ("safe", "not_safe"));
    for caution in [probed.cautions(), probed.evidence("put_if_match_concurrent").to_string()] {
        assert!(caution.contains("not for several at once"), "{caution}");
        assert!(caution.contains("`statelock state push`"), "{caution}");
        assert!(caution.contains("any other program"), "{caution}");
    }
}

#[test]
fn a_policy_that_asks_for_a_condition_of_every_object_is_told() {
    let stage = Stage::with(Fault::ConditionRequired);
    let env = stage.server.client_env_through(&stage.proxy.endpoint());
    let run = run(PLAIN, &[], &env);
    run.ended(9, "with `If-None-Match: *` it is permitted");
    run.ended(9, "let it be about keys that end in .tflock");
}

#[test]
fn a_policy_that_asks_for_a_condition_of_locks_is_no_obstacle() {
    for bucket in [PLAIN, VERSIONED] {
        let probed = probed(Fault::ConditionRequiredForLocks, bucket);
        probed.ended(0);
        assert_eq!(probed.broken(), [], "{bucket}");
    }
}
