//! What goes wrong with Terraform's own protocol on a plain store, that it does not go wrong with ours,
//! and what no client can promise.
//!
//! Each is an expected finding: the test fails if the search no longer finds it.

use statelock_protocol::lock::steps::ConditionalDelete;
use statelock_protocol::lock::unified::Facet;
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::search::{Model, Until, explore};
use statelock_testkit::explorer::steps::doing::{Doing, Ending};
use statelock_testkit::explorer::steps::faults::Fault;
use statelock_testkit::explorer::steps::program::Program;
use statelock_testkit::explorer::steps::run::{Event, Run};

use crate::runs::{
    DUAL, FILE, FORCE_FILE, TABLE, TF_FILE, TF_FORCE_FILE, TF_FORCE_TABLE, TF_TABLE,
    TOFU_FORCE_TABLE, TOFU_TABLE, knowing, run, shortest_breach, waiting,
};

fn judged(programs: &[Program], faults: u8, promise: Promise) -> Run {
    Run { promises: vec![promise], judges_stock: true, ..run(programs, faults) }
}

fn assert_found(what: &str, run: &Run) {
    let Some(example) = shortest_breach(run) else { panic!("not found: {what}") };
    println!("{what}: {example}");
}

fn assert_not_found(run: &Run) {
    if let Some(example) = shortest_breach(run) {
        panic!("{:?}: {example}", run.programs);
    }
}

#[test]
fn terraforms_lost_answer_orphans_its_own_lock_and_ours_does_not() {
    for stock in [TF_FILE, TF_TABLE, TOFU_TABLE] {
        let run = judged(&[stock], 1, Promise::NoLeak);
        assert_found("a lost answer", &Run { kinds: &[Fault::AnswerLost], ..run });
    }
    for ours in [FILE, TABLE, DUAL] {
        assert_not_found(&judged(&[ours], 2, Promise::NoLeak));
    }
}

#[test]
fn terraforms_force_unlock_removes_the_lock_of_whoever_came_next_and_ours_does_not() {
    let promise = Promise::OwnReleaseOnly;
    assert_found("TF", &judged(&[TF_FILE, TF_FORCE_FILE, FILE], 0, promise));
    assert_found("TF", &judged(&[FILE, TF_FORCE_FILE, FILE], 0, promise));
    assert_found("TF", &judged(&[TABLE, TF_FORCE_TABLE, TABLE], 0, promise));
    // OpenTofu's condition on the item is what ours is.
    assert_not_found(&judged(&[TABLE, TOFU_FORCE_TABLE, TABLE], 0, promise));
    assert_not_found(&judged(&[FILE, FORCE_FILE, FILE], 1, promise));
}

#[test]
fn terraforms_own_release_removes_the_lock_of_whoever_came_next_and_ours_does_not() {
    let promise = Promise::OwnReleaseOnly;
    assert_found("TF", &judged(&[TF_FILE, FORCE_FILE, FILE], 0, promise));
    assert_not_found(&judged(&[FILE, FORCE_FILE, FILE], 1, promise));
}

/// The promise would be that somebody who may wait gets a lock that is released.
#[test]
fn terraform_is_turned_away_by_a_lock_just_released_and_we_are_not() {
    let turned_away = |waiter| Run { promises: vec![Promise::Waits], ..run(&[FILE, waiter], 0) };
    assert_found("412, and the lockfile is gone", &turned_away(waiting(TF_FILE)));
    assert_not_found(&turned_away(FILE));
    let item = Run { promises: vec![Promise::Waits], ..run(&[TABLE, waiting(TF_TABLE)], 0) };
    assert_found("the condition fails, and the item is gone", &item);
}

#[test]
fn lockfile_and_lock_table_do_not_exclude_each_other() {
    let promise = Promise::Exclusion;
    assert_found("lockfile and lock table", &judged(&[TF_FILE, TF_TABLE], 0, promise));
    // That is for no client to change; it is what dual is for.
    assert_found("ours too", &judged(&[FILE, TABLE], 0, promise));
    assert_not_found(&judged(&[DUAL, TABLE], 1, promise));
    assert_not_found(&judged(&[DUAL, FILE], 1, promise));
}

/// P4 where a store has no conditional delete: the window between the read and the removal, for as long
/// as the removal may be under way.
#[test]
fn p4_without_a_conditional_delete_a_late_removal_hits_the_next_lock() {
    let of = |known, store_faults| Run {
        store_faults,
        ..judged(
            &[FILE, FORCE_FILE, FILE].map(|one| knowing(known, one)),
            1,
            Promise::OwnReleaseOnly,
        )
    };
    let refuses = of(ConditionalDelete::Missing, &[Fault::RefusesConditionalDelete]);
    assert_found("a store without the condition", &refuses);
    let ignores = of(ConditionalDelete::Unproven, &[Fault::IgnoresConditionalDelete]);
    assert_found("a store that ignores the condition", &ignores);
    assert_not_found(&of(ConditionalDelete::Unproven, &[]));
}

/// And what "enforced" is worth if it is not true: nothing. It is said only of a store that was tried.
#[test]
fn p4_a_store_that_is_wrongly_said_to_enforce_its_condition_loses_locks() {
    let store_faults: &[Fault] = &[Fault::IgnoresConditionalDelete];
    let programs = [FILE, FORCE_FILE, FILE];
    let run =
        Run { store_faults, has_window: true, ..judged(&programs, 0, Promise::OwnReleaseOnly) };
    assert_found("a store that ignores the condition", &run);
}

#[test]
fn p1_a_store_that_ignores_if_none_match_does_not_lock() {
    let store_faults: &[Fault] = &[Fault::IgnoresIfNoneMatch];
    for programs in [[FILE, FILE], [TF_FILE, TF_FILE]] {
        let run = Run { store_faults, ..judged(&programs, 0, Promise::Exclusion) };
        assert_found("a store that does not lock", &run);
    }
}

/// A second attempt under the same ID can take two reads of the first attempt's lock for its own.
#[test]
fn p1_reads_that_lag_behind_deceive_who_uses_a_lock_id_again() {
    let run = judged(&[waiting(DUAL), TABLE], 3, Promise::Exclusion);
    assert_found("a stale read", &Run { kinds: &[Fault::RequestLost, Fault::StaleRead], ..run });
}

/// An attempt without an answer may make a lock after the release, which nobody holds then. The outcome
/// of the acquire says that there is one: whoever released looks again.
#[test]
fn p3_what_is_left_unanswered_may_make_a_lock_after_the_release() {
    let run = Run { kinds: &[Fault::DeliveredLate], ..run(&[FILE], 1) };
    assert!(explore(&run, Until::Exhausted).breaches.is_empty(), "it is said");
    let mut world = run.start();
    let is_late = |event: &&Event| matches!(event, Event::Fails(_, Fault::DeliveredLate));
    // The fault at once, then everything in order; the late attempt comes last.
    while let Some(event) = {
        let events = run.events(&world);
        events.iter().find(is_late).or_else(|| events.first()).copied()
    } {
        assert_eq!(run.apply(&mut world, event), []);
    }
    let ending = &world.parties.first().unwrap().doing;
    assert!(matches!(ending, Doing::Ended(Ending::Unknown)), "{ending:?}");
    assert!(world.store.bytes(Facet::Lockfile).is_some());
}
