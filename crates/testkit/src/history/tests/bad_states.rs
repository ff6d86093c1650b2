//! Histories of states that no server with its promises leaves behind.

use super::*;

use Outcome::{Done, Refused};

#[test]
fn p12_a_read_of_a_lost_write() {
    script().then(write(1), Done).then(read(), NOTHING).fails();
    script().then(write(1), Done).then(write(2), Done).then(read(), state(1)).fails();
    script().then(post(1, None), Done).then(Action::Read { through: Api::Http }, NOTHING).fails();
}

#[test]
fn a_stale_read() {
    script()
        .between(10, Some(60), write(1), Done)
        .between(20, Some(30), read(), state(1))
        .between(40, Some(50), read(), NOTHING)
        .fails();
    script()
        .between(10, Some(60), write(1), Done)
        .between(20, Some(30), read(), NOTHING)
        .between(40, Some(50), read(), state(1))
        .passes();
}

#[test]
fn a_read_of_what_nobody_wrote() {
    script().then(write(1), Done).then(read(), state(9)).fails();
}

#[test]
fn p12_an_acknowledged_write_that_vanished_in_a_crash() {
    script().then(write(1), Done).and_maybe_before_a_kill(write(2)).then(read(), NOTHING).fails();
}

#[test]
fn p12_an_unknown_write_that_comes_and_goes() {
    let killed = || script().then(write(1), Done).and_maybe_before_a_kill(write(2));
    killed().then(read(), state(1)).passes();
    killed().then(read(), state(2)).passes();
    killed().then(read(), state(2)).then(read(), state(1)).fails();
    killed().then(read(), state(1)).then(read(), state(2)).fails();
}

#[test]
fn p6_a_write_under_the_lock_of_another() {
    let held = || script().then(acquire(HTTP, "a"), Done);
    held().then(post(1, Some("b")), Done).fails();
    held().then(post(1, None), Done).fails();
    held().then(write(1), Done).fails();
    held().then(post(1, Some("a")), Refused).fails();
    held().then(post(1, Some("a")), Done).passes();
}

#[test]
fn p6_a_write_with_a_lock_that_is_gone() {
    script()
        .then(acquire(HTTP, "a"), Done)
        .then(Action::ForceUnlock, Done)
        .then(post(1, Some("a")), Done)
        .fails();
}

#[test]
fn p7_a_serial_that_does_not_grow() {
    script().then(write(2), Done).then(write(1), Done).fails();
    script().then(write(1), Done).then(write(2), Refused).fails();
    let foreign = StateValue { lineage: "other".to_owned(), ..value(9) };
    let foreign = Action::Write { writer: Writer::S3 { took: None }, value: foreign };
    script().then(write(1), Done).then(foreign, Done).fails();
}

#[test]
fn p8_a_digest_of_another_state() {
    let digest = |serial| Outcome::Digest(Some(value(serial).digest));
    let written = || script().then(write(1), Done).then(write(2), Done);
    written().then(Action::ReadDigest, digest(1)).fails();
    written().then(Action::ReadDigest, Outcome::Digest(None)).fails();
    written().then(Action::ReadDigest, digest(2)).passes();
}

#[test]
fn a_delete_that_did_nothing_and_one_under_a_lock() {
    let delete = || Action::Delete { writer: Writer::S3 { took: None } };
    script().then(write(1), Done).then(delete(), Done).then(read(), state(1)).fails();
    script().then(write(1), Done).then(acquire(TABLE, "a"), Done).then(delete(), Done).fails();
    script().then(write(1), Done).then(delete(), Refused).fails();
    script().then(write(2), Done).then(delete(), Done).then(write(1), Done).passes();
}

/// A write through S3 on a connection that took this lock before.
fn write_after(took: &str) -> Action {
    Action::Write { writer: Writer::S3 { took: Some(took.to_owned()) }, value: value(1) }
}

#[test]
fn p6_who_lost_its_lock_to_a_third_one_does_not_write() {
    let lost = |outcome, holder: u32| {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .by(7)
            .then(Action::ForceUnlock, outcome)
            .by(8)
            .then(acquire(LOCKFILE, "b"), Done)
            .by(holder)
    };
    lost(Done, 9).then(write_after("a"), Done).by(7).fails();
    lost(Done, 9).then(write_after("a"), Refused).by(7).passes();
    // Who removed it may have been the holder, or somebody who was cut off before the server noted it.
    lost(Done, 8).then(write_after("a"), Done).by(7).passes();
    lost(UNKNOWN, 9).then(write_after("a"), Done).by(7).passes();
    lost(UNKNOWN, 9).then(write_after("a"), Refused).by(7).passes();
}

#[test]
fn who_gave_its_own_lock_back_may_write() {
    let given = || {
        script()
            .then(acquire(LOCKFILE, "a"), Done)
            .by(7)
            .then(release(LOCKFILE, "a"), Done)
            .by(7)
            .then(acquire(LOCKFILE, "b"), Done)
    };
    given().then(write_after("a"), Done).by(7).passes();
    given().then(write_after("a"), Refused).by(7).fails();
}
