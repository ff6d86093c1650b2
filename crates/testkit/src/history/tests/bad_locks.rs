//! Histories of locks that no server with its promises leaves behind.

use super::*;

use Outcome::{Done, Refused};

#[test]
fn p1_two_holders() {
    script().then(acquire(LOCKFILE, "a"), Done).then(acquire(LOCKFILE, "b"), Done).fails();
    script().then(acquire(LOCKFILE, "a"), Done).then(acquire(TABLE, "b"), Done).fails();
    script().then(acquire(HTTP, "a"), Done).then(acquire(LOCKFILE, "b"), Done).fails();
}

#[test]
fn p1_two_holders_at_once() {
    script()
        .between(10, Some(50), acquire(LOCKFILE, "a"), Done)
        .between(20, Some(40), acquire(TABLE, "b"), Done)
        .fails();
    // With somebody who may have removed the first in between, it is possible.
    script()
        .between(10, Some(50), acquire(LOCKFILE, "a"), Done)
        .between(15, None, Action::ForceUnlock, UNKNOWN)
        .between(20, Some(40), acquire(TABLE, "b"), Done)
        .passes();
}

#[test]
fn p2_who_was_told_that_it_holds_is_not_seen() {
    script().then(acquire(LOCKFILE, "a"), Done).then(look(LOCKFILE), NOBODY).fails();
    script().then(acquire(LOCKFILE, "a"), Done).then(look(TABLE), holder("b")).fails();
}

#[test]
fn p4_a_release_of_anothers_lock() {
    script().then(acquire(LOCKFILE, "a"), Done).then(release(LOCKFILE, "b"), Done).fails();
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(release(HTTP, "b"), Refused)
        .then(look(LOCKFILE), NOBODY)
        .fails();
}

#[test]
fn p4_a_release_delivered_twice_that_removes_the_next_lock() {
    let twice = || {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(attempt_to_release("a", Naming::Seen), UNKNOWN)
            .then(look(LOCKFILE), NOBODY)
            .then(acquire(LOCKFILE, "b"), Done)
            .then(attempt_to_release("a", Naming::Blind), Done)
    };
    twice().then(look(LOCKFILE), holder("b")).passes();
    twice().then(look(LOCKFILE), NOBODY).fails();
    // Another call is another matter: the server cannot know what it means.
    script()
        .then(acquire(LOCKFILE, "b"), Done)
        .then(attempt_to_release("a", Naming::Blind), Done)
        .then(look(LOCKFILE), NOBODY)
        .passes();
}

#[test]
fn p4_a_release_of_what_was_not_seen() {
    script()
        .then(acquire(LOCKFILE, "b"), Done)
        .then(attempt_to_release("a", Naming::Seen), Done)
        .fails();
}

#[test]
fn a_refused_acquire_on_a_free_lock_with_nobody_there() {
    script().then(acquire(LOCKFILE, "a"), Refused).fails();
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(release(LOCKFILE, "a"), Done)
        .then(acquire(HTTP, "b"), Refused)
        .fails();
    // Its own second request is nobody else.
    script()
        .between(10, Some(50), acquire(LOCKFILE, "a"), Refused)
        .between(20, Some(60), acquire(TABLE, "a"), Refused)
        .fails();
}

#[test]
fn p9_the_own_lock_in_the_way() {
    script()
        .then(attempt("a"), UNKNOWN)
        .then(look(LOCKFILE), holder("a"))
        .then(attempt("a"), Refused)
        .fails();
}

#[test]
fn p3_a_refused_call_that_took_the_lock() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(attempt("b"), Refused)
        .then(release(LOCKFILE, "a"), Done)
        .then(look(LOCKFILE), holder("b"))
        .fails();
}

#[test]
fn p9_a_call_that_was_refused_and_comes_again() {
    let refused = || {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(attempt("b"), Refused)
            .then(release(LOCKFILE, "a"), Done)
    };
    refused().then(attempt("b"), Done).fails();
    refused().then(attempt("b"), Refused).passes();
}

#[test]
fn p5_half_a_lock_that_excludes_nobody() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "a"), Done)
        .then(release(LOCKFILE, "a"), Done)
        .then(acquire(LOCKFILE, "b"), Done)
        .fails();
}

#[test]
fn p5_half_a_lock_that_never_ends() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "a"), Done)
        .then(release(LOCKFILE, "a"), Done)
        .later(60_000_000)
        .then(look(TABLE), holder("a"))
        .fails();
}

#[test]
fn p12_an_acknowledged_lock_that_vanished_in_a_crash() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .and_maybe_before_a_kill(acquire(LOCKFILE, "b"))
        .then(look(LOCKFILE), NOBODY)
        .fails();
}

#[test]
fn p12_an_acknowledged_release_that_a_crash_undid() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(release(LOCKFILE, "a"), Done)
        .and_maybe_before_a_kill(acquire(HTTP, "b"))
        .then(look(LOCKFILE), holder("a"))
        .fails();
}

#[test]
fn what_a_dead_server_did_not_do_it_does_not_do_later() {
    script()
        .and_maybe_before_a_kill(acquire(LOCKFILE, "a"))
        .then(look(LOCKFILE), NOBODY)
        .then(look(LOCKFILE), holder("a"))
        .fails();
}

#[test]
fn p9_a_release_that_was_refused_and_comes_late() {
    let refused = || {
        script()
            .then(acquire(LOCKFILE, "b"), Done)
            .and_maybe(attempt_to_release("a", Naming::Blind))
            .then(attempt_to_release("a", Naming::Blind), Refused)
    };
    refused().then(look(LOCKFILE), holder("b")).passes();
    refused().then(look(LOCKFILE), NOBODY).fails();
}
