//! No history breaks a promise. All runs are explored once, by whichever test comes first.

use std::sync::OnceLock;

use statelock_protocol::lock::steps::ConditionalDelete;
use statelock_protocol::lock::unified::Facet;
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::search::{Until, explore};
use statelock_testkit::explorer::steps::faults::Fault;
use statelock_testkit::explorer::steps::program::Program;
use statelock_testkit::explorer::steps::run::Run;

use crate::runs::{
    DUAL, FILE, FORCE_DUAL, FORCE_DUAL_ID, FORCE_FILE, FORCE_FILE_ID, FORCE_TABLE, LOOKS, PROMISES,
    TABLE, TF_DUAL, TF_FILE, TF_FORCE_DUAL, TF_FORCE_FILE, TF_FORCE_TABLE, TF_TABLE, TOFU_DUAL,
    TOFU_FORCE_DUAL, TOFU_FORCE_TABLE, TOFU_TABLE, keeping, knowing, run, tidy, waiting, with_lock,
};
use crate::survey::Survey;

/// Two clients of ours, and two faults.
const TWO: [[Program; 2]; 9] = [
    [FILE, FILE],
    [TABLE, TABLE],
    [waiting(FILE), waiting(FILE)],
    [tidy(FILE), waiting(FILE)],
    [waiting(TABLE), tidy(TABLE)],
    [DUAL, waiting(DUAL)],
    [tidy(DUAL), DUAL],
    [waiting(DUAL), TABLE],
    [waiting(DUAL), tidy(FILE)],
];

/// Ours and a stock one, and two faults.
const WITH_STOCK: [[Program; 2]; 7] = [
    [waiting(FILE), waiting(TF_FILE)],
    [waiting(TABLE), TF_TABLE],
    [tidy(TABLE), waiting(TOFU_TABLE)],
    [DUAL, TF_DUAL],
    [tidy(DUAL), TOFU_DUAL],
    [waiting(DUAL), TOFU_TABLE],
    [waiting(DUAL), TF_FILE],
];

/// Three clients, and one fault.
const THREE: [[Program; 3]; 21] = [
    [FILE, FILE, waiting(FILE)],
    [TABLE, TABLE, waiting(TABLE)],
    [DUAL, DUAL, DUAL],
    [waiting(DUAL), TABLE, tidy(TABLE)],
    [waiting(DUAL), FILE, tidy(FILE)],
    [FILE, TF_FILE, LOOKS],
    [FILE, TF_FILE, waiting(FILE)],
    [TABLE, TF_TABLE, TOFU_TABLE],
    [DUAL, TF_DUAL, TOFU_DUAL],
    [FILE, FORCE_FILE, FILE],
    [waiting(TABLE), FORCE_TABLE, TABLE],
    [FILE, FORCE_FILE, FORCE_FILE_ID],
    [FILE, FORCE_FILE_ID, tidy(FILE)],
    [DUAL, FORCE_DUAL, DUAL],
    [DUAL, FORCE_DUAL_ID, FILE],
    [waiting(DUAL), FORCE_FILE, FILE],
    [TF_FILE, FORCE_FILE, FILE],
    [TOFU_DUAL, FORCE_DUAL, DUAL],
    [TF_TABLE, FORCE_TABLE, TOFU_TABLE],
    [FILE, TF_FORCE_FILE, FILE],
    [TABLE, TOFU_FORCE_TABLE, TABLE],
];

/// Other stores, for two clients with two faults and three with one.
const STORES: [&[Fault]; 2] = [&[Fault::DeleteMarkerBlocksCreate], &[Fault::EtagIsNotMd5]];

fn on_other_stores() -> Vec<Run> {
    let mut runs = Vec::new();
    for store_faults in STORES {
        runs.push(Run { store_faults, ..run(&[waiting(FILE), tidy(FILE)], 2) });
        runs.push(Run { store_faults, ..run(&[waiting(DUAL), DUAL], 1) });
        runs.push(Run { store_faults, ..run(&[FILE, FORCE_FILE, FILE], 1) });
    }
    // A store that refuses the condition, or ignores it: another's lock is in danger only between
    // the read and the removal, and where nothing is known of the store, not even that on AWS.
    let (unproven, missing) = (ConditionalDelete::Unproven, ConditionalDelete::Missing);
    let refuses: &[Fault] = &[Fault::RefusesConditionalDelete];
    let ignores: &[Fault] = &[Fault::IgnoresConditionalDelete];
    for (store_faults, known) in
        [(refuses, unproven), (refuses, missing), (ignores, unproven), (&[], missing)]
    {
        let who = [FILE, FORCE_FILE, FILE].map(|program| knowing(known, program));
        runs.push(Run { store_faults, has_window: true, ..run(&who, 1) });
        let who = [waiting(DUAL), DUAL].map(|program| knowing(known, program));
        runs.push(Run { store_faults, has_window: true, ..run(&who, 1) });
    }
    runs.push(run(&[FILE, FORCE_FILE, FILE].map(|program| knowing(unproven, program)), 1));
    runs
}

/// A server that shows a refused client itself, once, where nobody holds the lock.
fn on_a_server_that_shows_who_is_next() -> Vec<Run> {
    let two = [
        [FILE, FILE],
        [waiting(FILE), waiting(FILE)],
        [waiting(TABLE), tidy(TABLE)],
        [DUAL, waiting(DUAL)],
        [waiting(DUAL), TABLE],
    ];
    let three = [[FILE, FILE, FILE], [TABLE, TABLE, TABLE], [DUAL, DUAL, DUAL]];
    let two = two.iter().map(|programs| run(programs, 1));
    let three = three.iter().map(|programs| run(programs, 0));
    let forced = [run(&[FILE, FORCE_FILE, FILE], 1), run(&[DUAL, FORCE_DUAL, DUAL], 0)];
    let store_faults: &[Fault] = &[Fault::ShowsWhoIsNext];
    two.chain(three).chain(forced).map(|run| Run { store_faults, ..run }).collect()
}

/// Locks that nobody can read, and that of somebody who is gone.
fn on_left_locks() -> Vec<Run> {
    let orphan = statelock_testkit::explorer::steps::scene::info_bytes(3);
    vec![
        with_lock(run(&[tidy(FILE), FORCE_FILE, FILE], 1), Facet::Lockfile, b""),
        with_lock(run(&[tidy(DUAL), FORCE_DUAL, waiting(DUAL)], 1), Facet::LockTable, b"{"),
        with_lock(run(&[waiting(DUAL), FORCE_TABLE, FILE], 1), Facet::LockTable, orphan),
        with_lock(run(&[tidy(FILE), FORCE_FILE_ID], 2), Facet::Lockfile, b"{}"),
        with_lock(run(&[TF_FILE, FORCE_FILE, FILE], 1), Facet::Lockfile, orphan),
    ]
}

fn survey() -> &'static Survey {
    static SURVEY: OnceLock<Survey> = OnceLock::new();
    SURVEY.get_or_init(|| {
        let two = TWO.iter().chain(&WITH_STOCK).map(|programs| run(programs, 2));
        let three = THREE.iter().map(|programs| run(programs, 1));
        let others = on_other_stores().into_iter().chain(on_left_locks());
        let others = others.chain(on_a_server_that_shows_who_is_next());
        Survey::of("all runs", &two.chain(three).chain(others).collect::<Vec<_>>())
    })
}

#[test]
fn p1_no_history_of_our_clients_has_two_holders() {
    survey().assert_kept(Promise::Exclusion);
}

#[test]
fn p2_whoever_is_told_that_it_acquired_has_the_lock_in_the_store() {
    survey().assert_kept(Promise::HonestSuccess);
}

#[test]
fn p3_whoever_is_told_that_it_has_no_lock_leaves_none() {
    survey().assert_kept(Promise::NoLeak);
}

#[test]
fn p4_no_removal_of_ours_hits_another_lock() {
    survey().assert_kept(Promise::OwnReleaseOnly);
}

#[test]
fn p5_a_dual_holder_has_both_and_leaves_none() {
    survey().assert_kept(Promise::DualMeansBoth);
}

#[test]
fn p9_a_request_that_is_delivered_twice_changes_no_outcome() {
    survey().assert_kept(Promise::RepeatSafe);
}

#[test]
fn p11_what_we_store_is_as_go_writes_it() {
    survey().assert_kept(Promise::Interop);
}

#[test]
fn every_history_without_faults_ends_free() {
    survey().assert_kept(Promise::EndsFree);
}

/// Stock clients remove our locks by ID, and ours remove theirs; nothing of the lock is left.
#[test]
fn p11_stock_clients_remove_our_locks_and_we_remove_theirs() {
    for programs in [
        [keeping(FILE), TF_FORCE_FILE],
        [keeping(TABLE), TF_FORCE_TABLE],
        [keeping(TABLE), TOFU_FORCE_TABLE],
        [keeping(DUAL), TF_FORCE_DUAL],
        [keeping(DUAL), TOFU_FORCE_DUAL],
        [TF_FILE, FORCE_FILE],
        [TF_DUAL, FORCE_DUAL_ID],
        [TOFU_DUAL, FORCE_DUAL],
    ] {
        let found = explore(&run(&programs, 0), Until::Exhausted);
        assert!(found.breaches.is_empty(), "{:?}", found.breaches);
    }
}

/// Of clients of one kind that want the lock at once, one gets it.
#[test]
fn somebody_gets_the_lock() {
    for programs in [
        [FILE, FILE, TF_FILE],
        [TABLE, TF_TABLE, TOFU_TABLE],
        [DUAL, DUAL, TF_DUAL],
        [DUAL, TOFU_DUAL, waiting(DUAL)],
    ] {
        let run = Run { promises: vec![Promise::Progress], ..run(&programs, 0) };
        let found = explore(&run, Until::Exhausted);
        assert!(found.breaches.is_empty(), "{:?}", found.breaches);
    }
}

/// The survey leaves out faults that follow from others.
#[test]
fn p1_the_faults_that_are_left_out_add_nothing() {
    const ALL_BUT_STALE_READS: [Fault; 9] = [
        Fault::RequestLost,
        Fault::AnswerLost,
        Fault::DeliveredTwice,
        Fault::DeliveredLate,
        Fault::Conflict409,
        Fault::Throttled503,
        Fault::Error500Applied,
        Fault::Error500NotApplied,
        Fault::ClientKilled,
    ];
    for programs in [[tidy(FILE), waiting(FILE)], [DUAL, waiting(DUAL)]] {
        let run = Run { kinds: &ALL_BUT_STALE_READS, ..run(&programs, 2) };
        let found = explore(&run, Until::Exhausted);
        assert!(found.breaches.is_empty(), "{:?}", found.breaches);
        assert!(found.states > 1000, "{} states", found.states);
    }
}

/// Reads that lag behind endanger nobody who uses each lock ID for one attempt.
#[test]
fn p3_a_release_does_not_rely_on_reads() {
    for programs in [[FILE, FILE], [tidy(FILE), FILE], [DUAL, DUAL]] {
        let run = Run { kinds: &Fault::OF_MESSAGES, ..run(&programs, 2) };
        let found = explore(&run, Until::Exhausted);
        assert!(found.breaches.is_empty(), "{:?}", found.breaches);
    }
}

#[test]
fn an_exploration_is_repeatable() {
    let run = Run { promises: PROMISES.to_vec(), ..run(&[FILE, FORCE_FILE, TF_FILE], 1) };
    let (one, two) = (explore(&run, Until::Exhausted), explore(&run, Until::Exhausted));
    assert_eq!((one.states, one.transitions, one.ends), (two.states, two.transitions, two.ends));
}
