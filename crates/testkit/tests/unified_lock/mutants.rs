//! Each rule, undone: a search finds a history that breaks the promise for which the rule is there, and
//! finds none with the rule.

use statelock_testkit::explorer::client::{Links, Role};
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::run::Run;
use statelock_testkit::explorer::undo::Undo;
use statelock_testkit::explorer::unified_server::UnifiedServer;
use statelock_testkit::explorer::world::Recognised;

use crate::roles::{
    DUAL, FILE, FORCE_FILE, FORCE_HTTP, FORCE_TABLE, HTTP, TABLE, on, over, shortest_breach,
};

fn assert_caught_among(undo: Undo, roles: &[Role], faults: u8, promise: Promise, by: Recognised) {
    let run = |server| Run { recognised: by, ..on(server, roles, faults, &[promise]) };
    let with_the_rule = shortest_breach(&run(UnifiedServer::default()));
    assert!(with_the_rule.is_none(), "with the rule: {}", with_the_rule.unwrap());
    let Some(example) = shortest_breach(&run(UnifiedServer::without(undo))) else {
        panic!("without {undo:?} nothing breaks {promise}");
    };
    println!("without {undo:?}: {example}");
    assert_eq!(example.breach.promise, promise);
}

fn assert_caught(undo: Undo, roles: &[Role], faults: u8, promise: Promise) {
    assert_caught_among(undo, roles, faults, promise, Recognised::Apart);
}

#[test]
fn p1_another_id_refuses() {
    assert_caught(Undo::Exclusion, &[FILE, TABLE], 0, Promise::Exclusion);
}

#[test]
fn p3_the_same_id_is_not_refused() {
    assert_caught(Undo::SameId, &[FILE], 1, Promise::NoLeak);
    assert_caught(Undo::SameId, &[HTTP], 1, Promise::NoLeak);
}

#[test]
fn p5_the_same_id_adds_its_facet() {
    assert_caught(Undo::FacetAdded, &[DUAL], 0, Promise::EndsFree);
}

#[test]
fn p9_an_acquire_is_known_by_its_call() {
    assert_caught(Undo::AcquiredCalls, &[FILE, FORCE_TABLE], 2, Promise::RepeatSafe);
}

#[test]
fn p3_refusals_are_remembered() {
    assert_caught(Undo::Refusals, &[FILE, TABLE], 1, Promise::NoLeak);
    assert_caught(Undo::Refusals, &[HTTP, TABLE], 1, Promise::NoLeak);
}

#[test]
fn p9_what_is_late_stays_late() {
    assert_caught(Undo::LateCalls, &[DUAL, FORCE_FILE], 1, Promise::RepeatSafe);
}

#[test]
fn p3_a_request_without_a_call_is_late_by_when_it_was_sent() {
    assert_caught(Undo::AcquireSentAfter, &[HTTP, TABLE], 1, Promise::NoLeak);
}

#[test]
fn p3_a_request_that_was_sent_before_the_release_does_not_bring_the_lock_back() {
    assert_caught(Undo::ReleasedIds, &[HTTP], 1, Promise::NoLeak);
}

#[test]
fn p2_a_retry_is_not_told_that_it_holds_what_is_taken_from_it() {
    assert_caught(Undo::TakenBack, &[DUAL, FORCE_FILE], 1, Promise::HonestSuccess);
}

#[test]
fn p9_a_release_is_known_by_its_call() {
    assert_caught(Undo::ReleasedCalls, &[DUAL], 1, Promise::RepeatSafe);
}

#[test]
fn p9_a_release_that_found_nothing_is_remembered() {
    assert_caught(Undo::FoundNothing, &[FILE, FORCE_TABLE, HTTP], 1, Promise::RepeatSafe);
}

#[test]
fn p9_a_release_that_was_refused_is_remembered() {
    let roles = [FILE, FORCE_TABLE, HTTP];
    assert_caught_among(Undo::Spared, &roles, 1, Promise::RepeatSafe, Recognised::Never);
}

#[test]
fn p4_a_release_that_names_a_lock_means_it() {
    assert_caught(Undo::NamedId, &[HTTP, FORCE_FILE, TABLE], 0, Promise::OwnReleaseOnly);
}

#[test]
fn p4_what_the_sender_saw_is_what_it_means() {
    let per_request = over(FORCE_FILE, Links::PerRequest);
    assert_caught(Undo::Seen, &[FILE, per_request, HTTP], 1, Promise::OwnReleaseOnly);
}

#[test]
fn p4_a_release_does_not_mean_a_lock_that_was_taken_after_it_was_sent() {
    let roles = [FILE, FORCE_HTTP, TABLE];
    assert_caught(Undo::ReleaseSentAfter, &roles, 0, Promise::OwnReleaseOnly);
}

#[test]
fn p9_a_force_unlock_that_names_no_lock_is_done_once() {
    assert_caught(Undo::ForcedLately, &[FILE, FORCE_HTTP, TABLE], 2, Promise::RepeatSafe);
}

#[test]
fn a_release_through_another_facet_frees_the_lock() {
    assert_caught(Undo::OtherFacetFrees, &[FILE, FORCE_TABLE], 0, Promise::EndsFree);
}

#[test]
fn p5_a_facet_that_is_given_back_leaves_the_other() {
    assert_caught(Undo::FacetByFacet, &[DUAL], 0, Promise::EndsFree);
}

#[test]
fn what_is_left_of_a_lock_ends() {
    assert_caught(Undo::Grace, &[DUAL, FORCE_FILE], 0, Promise::EndsFree);
}

#[test]
fn p11_the_lock_info_is_shown_as_it_was_sent() {
    assert_caught(Undo::InfoAsSent, &[FILE, TABLE], 0, Promise::Interop);
}
