//! Who waits for a lock: what the line excuses, and what it does not.

use super::super::examine;
use super::*;

use Outcome::{Done, Refused};

/// `a` held the lock, `b` was refused it, and it is free.
fn freed() -> Script {
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "b"), Refused)
        .then(release(LOCKFILE, "a"), Done)
}

/// A look on the connection on which `b` was refused in [`freed`].
fn look_of_b() -> Action {
    look_after(TABLE, "b", 40)
}

#[test]
fn who_was_refused_may_be_shown_who_is_next() {
    freed().then(look_of_b(), holder("b")).passes();
    freed().then(look_of_b(), NOBODY).passes();
    freed().then(look(TABLE), holder("b")).fails();
    freed().then(look_of_b(), holder("never asked")).fails();
    // Only where nobody holds.
    freed().then(acquire(HTTP, "c"), Done).then(look_of_b(), holder("b")).fails();
}

#[test]
fn who_had_the_lock_before_is_not_next() {
    freed().then(look_of_b(), holder("a")).fails();
    // The refusal of `c`, whatever that was: somebody was there.
    let look_of_c = || look_after(TABLE, "c", 80);
    let had = |outcome| {
        let all = script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(acquire(TABLE, "b"), Refused)
            .then(acquire(TABLE, "c"), Refused)
            .then(release(LOCKFILE, "a"), Done);
        let all = all.then(acquire(TABLE, "b"), outcome).then(release(TABLE, "b"), Done);
        all.then(look_of_c(), holder("b"))
    };
    had(Done).fails();
    // Refused once more, it still waits.
    let waits = script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "b"), Refused)
        .then(acquire(TABLE, "c"), Refused)
        .then(release(LOCKFILE, "a"), Done);
    waits.then(look_of_c(), holder("b")).passes();
}

#[test]
fn who_has_the_lock_by_now_was_next_until_then() {
    freed()
        .between(100, Some(200), acquire(TABLE, "d"), Done)
        .between(110, Some(120), look_of_b(), holder("d"))
        .passes();
}

#[test]
fn who_does_not_come_back_is_forgotten() {
    let away = |seconds: u64| {
        freed().later(seconds * 1_000_000).then(look_after(TABLE, "c", 1), holder("b"))
    };
    away(15).passes();
    away(30).fails();
}

#[test]
fn who_is_next_is_shown_once_for_each_refusal() {
    let shown = || freed().then(look_of_b(), holder("b")).by(7);
    shown().then(look_of_b(), NOBODY).by(7).passes();
    shown().then(look_of_b(), holder("b")).by(7).fails();
    shown().then(look_after(TABLE, "b", 41), holder("b")).by(7).passes();
    // What is stored is shown as often as one looks.
    freed()
        .then(acquire(TABLE, "b"), Done)
        .then(look_of_b(), holder("b"))
        .by(7)
        .then(look_of_b(), holder("b"))
        .by(7)
        .passes();
}

#[test]
fn who_was_refused_a_moment_ago_is_not_told_that_nobody_holds() {
    let look_of_b = || look_at_once(TABLE, "b", 40);
    freed().then(look_of_b(), NOBODY).fails();
    freed().then(look_of_b(), holder("b")).passes();
    freed().later(10_000_000).then(look_of_b(), NOBODY).passes();
    // It may have had the lock in between, by an attempt that it gave up.
    freed().and_maybe(acquire(TABLE, "b")).then(look_of_b(), NOBODY).passes();
}

#[test]
fn who_stands_in_line_comes_before_a_newcomer() {
    let freed = |outcome| {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(acquire(TABLE, "b"), outcome)
            .between(50, Some(200), acquire(TABLE, "b"), Done)
            .between(60, Some(70), release(LOCKFILE, "a"), Done)
            .between(80, Some(90), acquire(HTTP, "c"), Refused)
            .between(100, Some(110), look(LOCKFILE), NOBODY)
    };
    freed(Refused).passes();
    freed(UNKNOWN).passes();
    // A first attempt does not wait.
    freed(Outcome::NotSent).fails();
}

#[test]
fn a_copy_of_a_first_attempt_may_wait_and_one_that_met_half_a_lock() {
    let first = || {
        script().then(acquire(LOCKFILE, "a"), Done).between(
            50,
            Some(200),
            acquire(TABLE, "b"),
            Done,
        )
    };
    let rest = |all: Script| {
        all.between(60, Some(70), release(LOCKFILE, "a"), Done)
            .between(80, Some(90), acquire(HTTP, "c"), Refused)
            .between(100, Some(110), look(LOCKFILE), NOBODY)
    };
    rest(first()).fails();
    rest(first().twice()).passes();
    let dual = script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(TABLE, "a"), Done)
        .then(release(TABLE, "a"), Done)
        .between(55, Some(200), acquire(TABLE, "b"), Done);
    rest(dual).passes();
}

/// `a` waited for the lock in its second attempt, and hung up; its server died at `death`, if it did.
fn waited(death: Option<u64>) -> Script {
    script()
        .then(acquire(LOCKFILE, "b"), Done)
        .then(acquire(LOCKFILE, "a"), Refused)
        .then(release(LOCKFILE, "b"), Done)
        .between(100, death, acquire(LOCKFILE, "a"), HUNG_UP)
}

#[test]
fn a_lock_is_taken_back_from_who_waited_and_hung_up() {
    let seen = || waited(None).then(look(LOCKFILE), holder("a"));
    seen().then(look(LOCKFILE), NOBODY).passes();
    seen().then(acquire(LOCKFILE, "c"), Done).passes();
    // Not once its client took the other half.
    seen().then(acquire(TABLE, "a"), Done).then(look(LOCKFILE), NOBODY).fails();
}

#[test]
fn p12_a_first_attempt_that_breaks_off_keeps_its_lock() {
    let hung_up = || script().between(10, None, acquire(LOCKFILE, "a"), HUNG_UP);
    let seen = || hung_up().then(look(LOCKFILE), holder("a"));
    hung_up().then(look(LOCKFILE), NOBODY).passes();
    seen().then(look(LOCKFILE), NOBODY).fails();
    seen().then(acquire(LOCKFILE, "b"), Done).fails();
}

#[test]
fn a_first_attempt_that_met_half_a_lock_and_hung_up() {
    script()
        .then(acquire(LOCKFILE, "b"), Done)
        .then(acquire(TABLE, "b"), Done)
        .then(release(TABLE, "b"), Done)
        .between(65, None, acquire(LOCKFILE, "a"), HUNG_UP)
        .then(release(LOCKFILE, "b"), Done)
        .then(look(LOCKFILE), holder("a"))
        .then(look(LOCKFILE), NOBODY)
        .passes();
}

#[test]
fn p12_a_server_that_died_takes_no_lock_back() {
    let seen_at =
        |start: u64| waited(Some(150)).between(start, Some(start + 5), look(LOCKFILE), holder("a"));
    let freed_at = |seen: u64, start: u64| {
        seen_at(seen).between(start, Some(start + 5), look(LOCKFILE), NOBODY)
    };
    freed_at(110, 120).passes();
    freed_at(110, 160).passes();
    freed_at(160, 170).fails();
    freed_at(140, 170).passes();
}

/// `a` was refused on a connection, and waited on it in its next attempt until it was refused at `end`.
/// Meanwhile `b` took the lock whose first attempt began at `first`.
fn waited_while_another_took_it(end: u64, first: u64) -> Script {
    script()
        .between(10, Some(20), acquire(LOCKFILE, "holder"), Done)
        .between(30, Some(40), acquire(LOCKFILE, "a"), Refused)
        .by(7)
        .between(1_000, Some(end), acquire(TABLE, "a"), Refused)
        .by(7)
        .between(first, Some(first + 10), acquire(HTTP, "b"), Refused)
        .between(400_000, Some(400_010), release(LOCKFILE, "holder"), Done)
        .between(500_000, Some(500_010), acquire(HTTP, "b"), Done)
}

#[test]
fn p1_who_waits_is_not_overtaken() {
    let breaches = |all: Script| examine(&all.history).breaches;
    let found = breaches(waited_while_another_took_it(1_002_000, 60));
    let [breach] = found.as_slice() else { panic!("{found:?}") };
    let last = breach.report.lines().last().unwrap();
    assert_eq!(last, "a waited in its second attempt, and who came later got the lock");
    assert!(breach.report.contains("acquire b (http)"), "{}", breach.report);
    let is_fair = |all: Script| assert_eq!(breaches(all), []);
    // It came before.
    is_fair(waited_while_another_took_it(1_002_000, 25));
    // It may have arrived late, or not have been held open.
    is_fair(waited_while_another_took_it(1_600_000, 60));
    is_fair(waited_while_another_took_it(900_000, 60));
    // It had the lock before, or may have had it.
    let perhaps = |lock: &str| {
        let all = waited_while_another_took_it(1_002_000, 60);
        all.between(80, Some(600_000), acquire(TABLE, lock), UNKNOWN)
    };
    is_fair(perhaps("a"));
    is_fair(perhaps("b"));
    assert_eq!(breaches(perhaps("c")).len(), 1);
}
