//! No history breaks a promise. All runs are explored once, by whichever test comes first.

use std::sync::OnceLock;

use statelock_testkit::explorer::promise::Promise;

use crate::runs::{DUAL, FILE, TABLE, run, tidy, waiting};
use crate::survey::Survey;

fn survey() -> &'static Survey {
    static SURVEY: OnceLock<Survey> = OnceLock::new();
    SURVEY.get_or_init(|| {
        let two_faults = [
            &[FILE, FILE][..],
            &[TABLE, TABLE],
            &[waiting(FILE), FILE],
            &[tidy(FILE), waiting(FILE)],
            &[DUAL, DUAL],
        ];
        let one_fault = [&[FILE, FILE, FILE][..], &[TABLE, TABLE, TABLE], &[DUAL, DUAL, DUAL]];
        let two_faults = two_faults.iter().map(|programs| run(programs, 2));
        let one_fault = one_fault.iter().map(|programs| run(programs, 1));
        Survey::of("ours", &two_faults.chain(one_fault).collect::<Vec<_>>())
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
