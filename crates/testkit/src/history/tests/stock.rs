//! What Terraform and OpenTofu are told beside whether they have the lock.

use super::super::examine;
use super::*;

use Claim::{Holds, IsNext};
use Outcome::{Done, Refused};

const TERRAFORM: &str = "Terraform/1.11.4";

fn breaches(all: &Script) -> Vec<String> {
    examine(&all.history).breaches.into_iter().map(|breach| breach.report).collect()
}

#[track_caller]
fn is_breached(all: &Script, why: &str) {
    let found = breaches(all);
    let [report] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(report.lines().last(), Some(why), "{report}");
}

#[test]
fn a_refusal_shows_who_holds() {
    let held = || {
        let all = script().then(acquire(LOCKFILE, "a"), Done);
        all.then(acquire(HTTP, "b"), Refused)
    };
    held().shows("a", None).passes();
    held().shows("b", None).fails();
    held().shows("c", None).fails();
}

#[test]
fn a_refusal_of_a_free_lock_shows_who_waits() {
    let freed = |shown: &str| {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(acquire(TABLE, "b"), Refused)
            .between(50, Some(200), acquire(TABLE, "b"), Done)
            .between(60, Some(70), release(LOCKFILE, "a"), Done)
            .between(80, Some(90), acquire(HTTP, "c"), Refused)
            .shows(shown, None)
            .between(100, Some(110), look(LOCKFILE), NOBODY)
    };
    freed("b").passes();
    freed("a").fails();
    freed("c").fails();
}

#[test]
fn a_lock_info_does_not_say_that_somebody_holds_who_is_next() {
    let refused =
        || script().then(acquire(LOCKFILE, "a"), Done).then(acquire(LOCKFILE, "b"), Refused);
    let freed = |says| {
        refused()
            .then(release(LOCKFILE, "a"), Done)
            .then(look_after(LOCKFILE, "b", 40), holder("b"))
            .shows("b", says)
    };
    freed(None).passes();
    freed(Some(IsNext)).passes();
    freed(Some(Holds)).fails();
    let held = |says| refused().then(look_after(LOCKFILE, "b", 40), holder("a")).shows("a", says);
    held(None).passes();
    held(Some(Holds)).passes();
    held(Some(IsNext)).fails();
}

#[test]
fn a_client_that_was_refused_on_another_connection_may_be_shown_who_is_next() {
    let looks = |program: Option<&str>, seconds: u64| {
        let all = script()
            .then(acquire(LOCKFILE, "a"), Done)
            .then(acquire(LOCKFILE, "b"), Refused)
            .from(TERRAFORM)
            .then(release(LOCKFILE, "a"), Done)
            .later(seconds * 1_000_000)
            .then(look(LOCKFILE), holder("b"));
        match program {
            Some(program) => all.from(program),
            None => all,
        }
    };
    looks(Some(TERRAFORM), 0).passes();
    looks(Some(TERRAFORM), 15).fails();
    looks(Some("OpenTofu/1.10.2"), 0).fails();
    looks(None, 0).fails();
}

#[test]
fn p9_a_copy_of_what_was_refused_is_refused() {
    let copied = |program: Option<&str>, first: Outcome| {
        let all = script()
            .then(acquire(LOCKFILE, "a"), Done)
            .between(30, None, acquire(HTTP, "b"), first)
            .then(release(LOCKFILE, "a"), Done)
            .then(acquire(HTTP, "b"), Refused)
            .shows("b", None);
        match program {
            Some(program) => all.from(program),
            None => all,
        }
    };
    copied(Some(TERRAFORM), HUNG_UP).passes();
    copied(Some(TERRAFORM), Outcome::NotSent).fails();
    copied(None, HUNG_UP).fails();
}

/// `b` and then `c` were refused; when the lock was free, `c` was shown who is next. `b` came back by `again`,
/// on the connection of before or on another.
fn away(first: &str, shown: &str) -> Script {
    let second = if first == "b" { "c" } else { "b" };
    script()
        .then(acquire(LOCKFILE, "a"), Done)
        .then(acquire(LOCKFILE, first), Refused)
        .by(7)
        .then(acquire(LOCKFILE, second), Refused)
        .then(release(LOCKFILE, "a"), Done)
        .then(look_after(LOCKFILE, "c", 60), holder(shown))
        .shows(shown, Some(IsNext))
}

#[test]
fn who_came_first_is_shown_as_next() {
    let passed_over = "b came before c, which was shown as next";
    let back = |all: Script| all.then(acquire(LOCKFILE, "b"), Done).by(7);
    is_breached(&back(away("b", "c")), passed_over);
    assert!(breaches(&back(away("b", "b"))).is_empty());
    assert!(breaches(&back(away("c", "c"))).is_empty());
    // The server may have been killed in between, and forgot who stood in line.
    assert!(breaches(&away("b", "c").then(acquire(LOCKFILE, "b"), Done)).is_empty());
    // In an open request it is next before those who are away.
    let waits = away("b", "c").between(85, Some(300), acquire(LOCKFILE, "c"), Done);
    assert!(breaches(&waits.then(acquire(LOCKFILE, "b"), Refused).by(7)).is_empty());
    // It may have had its turn.
    let had = away("b", "c").between(65, None, acquire(LOCKFILE, "b"), HUNG_UP);
    assert!(breaches(&had.then(look(TABLE), NOBODY).by(7)).is_empty());
}

/// `a` came back at 100 ms for a lock that was free at 200 ms, and was answered at `end` ms. `b` was refused in
/// between, at `other` ms.
fn forgets(end: u64, other: u64) -> Script {
    script()
        .between(10_000, Some(20_000), acquire(LOCKFILE, "holder"), Done)
        .between(30_000, Some(40_000), acquire(LOCKFILE, "a"), Refused)
        .by(7)
        .between(100_000, Some(end * 1000), acquire(LOCKFILE, "a"), Done)
        .sent(100_000)
        .by(7)
        .between(190_000, Some(200_000), release(LOCKFILE, "holder"), Done)
        .between(other * 1000, Some(other * 1000 + 5_000), acquire(HTTP, "b"), Refused)
}

#[test]
fn a_free_lock_goes_to_who_waits_for_it() {
    let why = "a waited, and the lock was certainly free from 200.000 ms on";
    is_breached(&forgets(900, 300), why);
    let is_fair = |all: Script| assert_eq!(breaches(&all), Vec::<String>::new());
    is_fair(forgets(250, 210));
    // The whole server may have been slow.
    is_fair(forgets(900, 210));
    is_fair(forgets(900, 600));
    // Somebody else may have had it.
    is_fair(forgets(900, 300).between(150_000, None, acquire(TABLE, "c"), UNKNOWN));
    let had = forgets(900, 300).between(210_000, Some(220_000), acquire(TABLE, "c"), HUNG_UP);
    is_fair(had);
    // Others saw that nobody had. Who went away is granted nothing later.
    let hung_up = |gave_up_micros| {
        let mut all = forgets(900, 300).between(5_000, None, acquire(TABLE, "c"), HUNG_UP);
        all.history.last_mut().unwrap().gave_up_micros = gave_up_micros;
        all.between(230_000, Some(240_000), look(TABLE), NOBODY)
    };
    is_fair(hung_up(None));
    let why = "a waited, and the lock was certainly free from 240.000 ms on";
    is_breached(&hung_up(Some(6_000)), why);
}

/// `a` came back at 100 ms and was granted the lock at `end` ms; `b`, which came later, at 500 ms.
fn overtook(end: u64) -> Script {
    script()
        .between(10_000, Some(20_000), acquire(LOCKFILE, "holder"), Done)
        .between(30_000, Some(40_000), acquire(LOCKFILE, "a"), Refused)
        .by(7)
        .between(100_000, Some(end * 1000), acquire(LOCKFILE, "a"), Done)
        .sent(100_000)
        .by(7)
        .between(430_000, Some(440_000), release(LOCKFILE, "holder"), Done)
        .between(480_000, Some(500_000), acquire(HTTP, "b"), Done)
        .between(505_000, Some(510_000), release(HTTP, "b"), Done)
}

#[test]
fn p1_who_was_sent_long_before_is_not_overtaken() {
    let why = "a waited in its second attempt, and who came later got the lock";
    is_breached(&overtook(800), why);
    let is_fair = |all: Script| assert_eq!(breaches(&all), Vec::<String>::new());
    // Its answer may have been on the way.
    is_fair(overtook(700));
    // It may have had the lock, and lost it.
    is_fair(overtook(800).between(470_000, Some(475_000), Action::ForceUnlock, UNKNOWN));
    // It may not have been there yet.
    let mut late = overtook(800);
    late.history[2].sent_micros = Some(300_000);
    is_fair(late);
}

/// `a` came back at 100 ms, and `b`, whose first attempt was later, at 120 ms. The lock became free at 430 ms, and
/// `b` was told at 500 ms that it has it, `a` at 800 ms.
fn out_of_order(first: [&str; 2], freed: u64) -> Script {
    script()
        .between(10_000, Some(20_000), acquire(LOCKFILE, "holder"), Done)
        .between(30_000, Some(40_000), acquire(LOCKFILE, first[0]), Refused)
        .by(if first[0] == "a" { 7 } else { 8 })
        .between(50_000, Some(60_000), acquire(LOCKFILE, first[1]), Refused)
        .by(if first[1] == "a" { 7 } else { 8 })
        .between(100_000, Some(800_000), acquire(LOCKFILE, "a"), Done)
        .sent(100_000)
        .by(7)
        .between(120_000, Some(500_000), acquire(LOCKFILE, "b"), Done)
        .sent(120_000)
        .by(8)
        .between(freed * 1000, Some(440_000), release(LOCKFILE, "holder"), Done)
        .between(510_000, Some(520_000), release(LOCKFILE, "b"), Done)
}

#[test]
fn p1_of_two_who_wait_the_earlier_is_served_first() {
    let why = "a waited in its second attempt, and who came later got the lock";
    is_breached(&out_of_order(["a", "b"], 430), why);
    let is_fair = |all: Script| assert_eq!(breaches(&all), Vec::<String>::new());
    is_fair(out_of_order(["b", "a"], 430));
    // `a` may not have been there yet.
    is_fair(out_of_order(["a", "b"], 300));
    let forced = (Action::ForceUnlock, UNKNOWN);
    is_fair(out_of_order(["a", "b"], 430).between(50_000, Some(90_000), forced.0, forced.1));
}
