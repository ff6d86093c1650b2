//! LOCK and UNLOCK.

use std::sync::Barrier;
use std::thread;

use crate::stage::{KEY, STATE, Stage, assert_held, content_md5, lock_info};

/// What terraform says that it is. When such a client sent a request is known from its connection.
const STOCK: &str = "User-Agent: Go-http-client/1.1\r\n";
const LOCKFILE: &str = "app/terraform.tfstate.tflock";

#[test]
fn p1_a_held_lock_is_refused_with_its_holders_lock_info() {
    let stage = Stage::start(&[]);
    let first = lock_info("first");
    assert_eq!(stage.status("LOCK", STATE, first.as_bytes()), 200);
    let refused = stage.ask("LOCK", STATE, "", lock_info("second").as_bytes());
    assert_held(&refused, &first);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    assert_eq!(stage.status("LOCK", &STATE.replace("app", "other"), first.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, first.as_bytes()), 200);
    assert_eq!(stage.status("LOCK", STATE, lock_info("second").as_bytes()), 200);
}

#[test]
fn p1_of_sixteen_racers_one_wins_each_round() {
    let stage = Stage::start(&[]);
    for round in 0..10 {
        let barrier = Barrier::new(16);
        let race = |racer: usize| {
            let info = lock_info(&format!("r{round}c{racer}"));
            barrier.wait();
            (stage.ask("LOCK", STATE, "", info.as_bytes()), info)
        };
        let race = &race;
        let answers: Vec<_> = thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|racer| scope.spawn(move || race(racer))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let winners: Vec<_> = answers.iter().filter(|(answer, _)| answer.status == 200).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let held = &winners[0].1;
        for (answer, _) in answers.iter().filter(|(answer, _)| answer.status != 200) {
            assert_held(answer, held);
        }
        assert_eq!(stage.status("UNLOCK", STATE, held.as_bytes()), 200);
    }
    stage.assert_no_lock();
}

#[test]
fn p9_a_lock_is_taken_again_by_its_own_id() {
    let stage = Stage::start(&[]);
    let info = lock_info("mine");
    for _ in 0..3 {
        assert_eq!(stage.status("LOCK", STATE, info.as_bytes()), 200);
    }
    assert_eq!(stage.status("LOCK", STATE, lock_info("other").as_bytes()), 423);
    assert_eq!(stage.status("UNLOCK", STATE, info.as_bytes()), 200, "one release is enough");
    stage.assert_no_lock();
}

#[test]
fn p4_an_unlock_releases_no_lock_but_the_one_it_names() {
    let stage = Stage::start(&[]);
    let (mine, other) = (lock_info("mine"), lock_info("other"));
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    let refused = stage.ask("UNLOCK", STATE, "", other.as_bytes());
    assert_eq!((refused.status, refused.text()), (409, mine.clone()));
    assert_eq!(refused.header("x-statelock-reason"), Some("other_lock_id"));
    assert_eq!(stage.ask("UNLOCK", &format!("{STATE}?ID=other"), "", b"").status, 409);
    assert_eq!(stage.status("LOCK", STATE, other.as_bytes()), 423, "still held");
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, other.as_bytes()), 409, "never held it");
}

#[test]
fn p9_an_unlock_that_is_sent_again_is_answered_again_and_spares_the_next_holder() {
    let stage = Stage::start(&[]);
    let (mine, next) = (lock_info("mine"), lock_info("next"));
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 200, "the answer was lost");
    assert_eq!(stage.status("LOCK", STATE, next.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 200, "and once more");
    assert_held(&stage.ask("LOCK", STATE, "", lock_info("x").as_bytes()), &next);
}

#[test]
fn p9_a_late_copy_of_a_lock_request_takes_nothing() {
    let stage = Stage::start(&[]);
    let mine = lock_info("mine");
    // A copy that was on its way all the time came on a connection that is older than the release.
    let mut old = stage.connect();
    assert_eq!(stage.ask_on(&mut old, "GET", STATE, "", b"").status, 404);
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 200);
    let late = stage.ask_on(&mut old, "LOCK", STATE, STOCK, mine.as_bytes());
    assert_eq!((late.status, late.text()), (423, mine.clone()));
    assert_eq!(late.header("x-statelock-reason"), Some("late"));
    stage.assert_no_lock();
    assert!(stage.server.stderr().contains("late copy"), "{}", stage.server.stderr());
    let again = stage.ask_on(&mut old, "LOCK", STATE, STOCK, mine.as_bytes());
    assert_eq!(again.status, 200, "this one was certainly sent after the release");
}

#[test]
fn an_unlock_without_a_body_removes_whatever_lock_there_is() {
    let stage = Stage::start(&[]);
    // As terraform's force-unlock sends it.
    let chunked =
        stage.authorization.clone() + &content_md5(b"") + "Transfer-Encoding: chunked\r\n";
    let force = || {
        let mut connection = stage.connect();
        connection.send_head("UNLOCK", STATE, &chunked);
        connection.send(b"0\r\n\r\n").unwrap();
        connection.answer()
    };
    let nothing = force();
    assert_eq!(nothing.status, 409, "{}", nothing.text());
    assert!(nothing.text().contains("\"not_held\""), "{}", nothing.text());

    let mine = lock_info("mine");
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    assert_eq!(force().status, 200);
    stage.assert_no_lock();
    let log = stage.server.stderr();
    assert!(log.contains("lock removed by force") && log.contains("mine"), "{log}");
    assert_eq!(stage.status("UNLOCK", STATE, mine.as_bytes()), 409, "its holder is told");
}

#[test]
fn an_unlock_without_a_body_removes_a_lock_that_was_taken_through_s3() {
    let stage = Stage::start(&[]);
    assert!(stage.create_object(LOCKFILE, &lock_info("by-s3")));
    assert_eq!(stage.ask("UNLOCK", STATE, "", b"").status, 200);
    assert_eq!(stage.object(LOCKFILE), None);
}

#[test]
fn p4_a_second_force_unlock_right_after_the_first_may_be_its_copy() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("LOCK", STATE, lock_info("first").as_bytes()), 200);
    assert_eq!(stage.ask("UNLOCK", STATE, STOCK, b"").status, 200);
    let next = lock_info("next");
    assert_eq!(stage.status("LOCK", STATE, next.as_bytes()), 200);
    let copy = stage.ask("UNLOCK", STATE, STOCK, b"");
    assert_eq!((copy.status, copy.text()), (409, next));
    assert_eq!(copy.header("x-statelock-reason"), Some("maybe_meant_an_earlier_lock"));
    assert_eq!(stage.ask("UNLOCK", &format!("{STATE}?ID=next"), "", b"").status, 200);
    stage.assert_no_lock();
}

#[test]
fn p4_a_late_force_unlock_spares_a_lock_that_is_younger_than_it() {
    let stage = Stage::start(&[]);
    let mine = lock_info("mine");
    let mut old = stage.connect();
    assert_eq!(stage.ask_on(&mut old, "GET", STATE, "", b"").status, 404);
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    let late = stage.ask_on(&mut old, "UNLOCK", STATE, STOCK, b"");
    assert_eq!((late.status, late.text()), (409, mine.clone()));
    assert_eq!(late.header("x-statelock-reason"), Some("maybe_meant_an_earlier_lock"));
    let again = stage.ask_on(&mut old, "UNLOCK", STATE, STOCK, b"");
    assert_eq!(again.status, 200, "its sender has seen the lock now");
}

#[test]
fn opentofus_force_unlock_removes_the_lock_that_it_names() {
    let stage = Stage::start(&[]);
    let force = |id: &str| {
        let body = format!(
            r#"{{"ID":"{id}","Operation":"","Info":"","Who":"","Version":"","Created":"0001-01-01T00:00:00Z","Path":""}}"#
        );
        stage.ask("UNLOCK", STATE, "", body.as_bytes())
    };
    let mine = lock_info("mine");
    assert_eq!(stage.status("LOCK", STATE, mine.as_bytes()), 200);
    let wrong = force("other");
    assert_eq!((wrong.status, wrong.text()), (409, mine));
    assert_eq!(force("mine").status, 200);
    stage.assert_no_lock();
    let log = stage.server.stderr();
    assert!(log.contains("force-unlock of a lock by its ID"), "{log}");
}

#[test]
fn p1_http_and_s3_clients_exclude_each_other() {
    let stage = Stage::start(&[]);
    let by_http = lock_info("by-http");
    assert_eq!(stage.status("LOCK", STATE, by_http.as_bytes()), 200);
    assert_eq!(stage.object(LOCKFILE).as_deref(), Some(by_http.as_bytes()), "S3 shows the holder");
    assert!(!stage.create_object(LOCKFILE, &lock_info("by-s3")));
    assert_eq!(stage.status("UNLOCK", STATE, by_http.as_bytes()), 200);
    stage.assert_no_lock();

    let by_s3 = lock_info("by-s3").replace("\"Path\":\"\"", &format!("\"Path\":\"tfstate/{KEY}\""));
    assert!(stage.create_object(LOCKFILE, &by_s3));
    let refused = stage.ask("LOCK", STATE, "", by_http.as_bytes());
    assert_held(&refused, &by_s3);
    assert_eq!(stage.status("UNLOCK", STATE, lock_info("never").as_bytes()), 409);
    stage.delete_object(LOCKFILE);
    let taken = stage.ask("LOCK", STATE, "", by_http.as_bytes());
    assert_eq!(taken.status, 200, "{taken:?}");
}

#[test]
fn a_lockfile_that_is_no_lock_info_is_shown_with_an_id_that_can_be_typed() {
    let stage = Stage::start(&[]);
    assert!(stage.create_object(LOCKFILE, "garbage"));
    let refused = stage.ask("LOCK", STATE, "", lock_info("a").as_bytes());
    assert_eq!(refused.status, 423);
    let shown: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(shown["ID"], "unreadable");
    assert_eq!(stage.ask("UNLOCK", STATE, "", &refused.body).status, 200);
    stage.assert_no_lock();
}
