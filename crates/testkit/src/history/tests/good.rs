//! Histories that a good server may leave behind, unknown outcomes among them.

use super::*;

use Outcome::{Done, NotSent, Refused};

#[test]
fn an_apply_of_each_kind_after_the_other() {
    let mut all = script();
    for (serial, facets) in
        [vec![LOCKFILE], vec![TABLE], vec![LOCKFILE, TABLE], vec![HTTP]].into_iter().enumerate()
    {
        let lock = format!("lock {serial}");
        let serial = u64::try_from(serial).unwrap();
        for facet in &facets {
            all = all.then(acquire(*facet, &lock), Done).then(acquire(HTTP, "other"), Refused);
        }
        let write = if facets == [HTTP] { post(serial, Some(&lock)) } else { write(serial) };
        all = all.then(look(TABLE), holder(&lock)).then(write, Done);
        for facet in &facets {
            all = all.then(release(*facet, &lock), Done);
        }
        all = all.then(look(LOCKFILE), NOBODY).then(read(), state(serial));
    }
    all.passes();
}

#[test]
fn concurrent_operations_in_any_order() {
    script()
        .between(10, Some(100), acquire(LOCKFILE, "a"), Refused)
        .between(20, Some(90), acquire(TABLE, "b"), Done)
        .between(30, Some(80), look(LOCKFILE), NOBODY)
        .between(40, Some(70), look(TABLE), holder("b"))
        .passes();
}

#[test]
fn what_changes_nothing_first_may_have_come_later() {
    let delete = Action::Delete { writer: Writer::S3 { took: None } };
    let other = StateValue { lineage: "other".to_owned(), ..value(1) };
    let other = Action::Write { writer: Writer::S3 { took: None }, value: other };
    script()
        .between(10, Some(60), delete, Done)
        .between(20, Some(50), write(1), Done)
        .then(other, Done)
        .passes();
    script()
        .between(10, Some(60), attempt_to_release("a", Naming::Seen), Done)
        .between(20, Some(50), acquire(LOCKFILE, "a"), Done)
        .then(look(LOCKFILE), NOBODY)
        .passes();
}

#[test]
fn an_unknown_acquire_may_have_taken_the_lock_or_not() {
    let unknown = || script().then(acquire(LOCKFILE, "a"), UNKNOWN);
    unknown().then(look(LOCKFILE), NOBODY).passes();
    unknown().then(look(LOCKFILE), holder("a")).passes();
    script()
        .and_maybe(acquire(LOCKFILE, "a"))
        .then(look(LOCKFILE), NOBODY)
        .then(look(LOCKFILE), holder("a"))
        .passes();
    // Once it did, it does not undo it by itself.
    unknown().then(look(LOCKFILE), holder("a")).then(look(LOCKFILE), NOBODY).fails();
}

#[test]
fn an_unknown_release_may_come_late() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .and_maybe(release(LOCKFILE, "a"))
        .then(look(LOCKFILE), holder("a"))
        .then(acquire(HTTP, "b"), Done)
        .passes();
}

#[test]
fn a_call_is_told_again_what_it_was_told_first() {
    let unknown = || script().then(attempt("a"), UNKNOWN);
    unknown().then(attempt("a"), Done).then(look(TABLE), holder("a")).passes();
    // The first attempt was refused, and its answer lost.
    script()
        .then(acquire(HTTP, "b"), Done)
        .then(attempt("a"), UNKNOWN)
        .then(release(HTTP, "b"), Done)
        .then(attempt("a"), Refused)
        .passes();
    // It took the lock, and somebody removed it.
    unknown().then(Action::ForceUnlock, Done).then(attempt("a"), Refused).passes();
}

#[test]
fn an_unlock_over_http_that_is_sent_again() {
    let held = || script().then(acquire(HTTP, "a"), Done);
    held().then(release(HTTP, "a"), Done).then(release(HTTP, "a"), Done).passes();
    held()
        .then(release(HTTP, "a"), UNKNOWN)
        .then(acquire(TABLE, "b"), Done)
        .then(release(HTTP, "a"), Done)
        .then(look(TABLE), holder("b"))
        .passes();
    held().then(Action::ForceUnlock, Done).then(release(HTTP, "a"), Refused).passes();
}

#[test]
fn half_a_lock_is_shown_by_its_own_facet_and_ends_by_itself() {
    let given = || {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(acquire(TABLE, "a"), Done)
            .then(release(LOCKFILE, "a"), Done)
    };
    given().then(look(LOCKFILE), NOBODY).then(look(TABLE), holder("a")).passes();
    given().then(look(LOCKFILE), holder("a")).fails();
    given().then(look(TABLE), NOBODY).fails();
    given().later(5_000_000).then(look(TABLE), NOBODY).passes();
    given().later(5_000_000).then(acquire(HTTP, "b"), Done).passes();
    given().then(release(TABLE, "a"), Done).then(acquire(HTTP, "b"), Done).passes();
}

#[test]
fn a_release_through_a_facet_that_is_not_held_frees_the_lock() {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "a"), Done)
        .then(release(HTTP, "a"), Done)
        .then(acquire(LOCKFILE, "b"), Done)
        .passes();
}

#[test]
fn what_never_left_changes_nothing() {
    script()
        .then(acquire(LOCKFILE, "a"), NotSent)
        .then(write(1), NotSent)
        .then(look(LOCKFILE), NOBODY)
        .then(read(), NOTHING)
        .passes();
    script().then(acquire(LOCKFILE, "a"), NotSent).then(look(LOCKFILE), holder("a")).fails();
}

#[test]
fn a_write_that_is_sent_again_is_one_write() {
    script()
        .then(acquire(HTTP, "a"), Done)
        .then(post(1, Some("a")), UNKNOWN)
        .then(Action::ForceUnlock, Done)
        .then(post(1, Some("a")), Done)
        .then(read(), state(1))
        .passes();
}

#[test]
fn many_unknown_operations_are_decided() {
    let mut all = script();
    for round in 0..10 {
        all = all
            .and_maybe(acquire(LOCKFILE, &format!("{round}")))
            .and_maybe(release(LOCKFILE, &format!("{round}")))
            .and_maybe(write(round));
    }
    all.then(look(LOCKFILE), NOBODY).then(read(), state(7)).then(read(), state(8)).passes();
}
