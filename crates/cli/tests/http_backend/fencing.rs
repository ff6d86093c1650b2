//! Who holds no lock writes no locked state.

use serde_json::Value;

use crate::stage::{KEY, STATE, Stage, lock_info, state};

/// What is asked with which claim, and what is answered.
fn attempt(stage: &Stage, method: &str, query: &str) -> (u16, Value) {
    let body = if method == "DELETE" { String::new() } else { state(9) };
    let answer = stage.ask(method, &format!("{STATE}{query}"), "", body.as_bytes());
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn code_of(error: &Value) -> &str {
    error["error"]["code"].as_str().unwrap_or_default()
}

fn message_of(error: &Value) -> &str {
    error["error"]["message"].as_str().unwrap_or_default()
}

const METHODS: [&str; 3] = ["POST", "PUT", "DELETE"];

#[test]
fn p6_only_the_holder_writes_a_locked_state() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert_eq!(stage.status("LOCK", STATE, lock_info("the-holders").as_bytes()), 200);
    for method in METHODS {
        let (status, error) = attempt(&stage, method, "?ID=other");
        assert_eq!((status, code_of(&error)), (423, "locked"), "{method}: {error}");
        assert_eq!(error["holder"]["ID"], "the-holders", "{error}");
        for part in ["the-holders", "other", "me@ci"] {
            assert!(message_of(&error).contains(part), "{part} is not named: {error}");
        }
        let (status, error) = attempt(&stage, method, "");
        assert_eq!((status, code_of(&error)), (423, "locked"), "{method}: {error}");
        assert!(message_of(&error).contains("the-holders"), "{error}");
        assert_eq!(stage.state(STATE).unwrap(), state(1).as_bytes(), "{method}");
    }
    let holders = format!("{STATE}?ID=the-holders");
    assert_eq!(stage.status("POST", &holders, state(2).as_bytes()), 200);
    assert_eq!(stage.status("PUT", &holders, state(3).as_bytes()), 200);
    assert_eq!(stage.state(STATE).unwrap(), state(3).as_bytes());
    assert_eq!(stage.status("DELETE", &holders, b""), 200);
    assert_eq!(stage.state(STATE), None);
}

#[test]
fn p6_a_lock_that_was_lost_lets_nothing_through() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert_eq!(stage.status("LOCK", STATE, lock_info("my-lock").as_bytes()), 200);
    assert_eq!(stage.ask("UNLOCK", STATE, "", b"").status, 200, "somebody forces it");
    for method in METHODS {
        let (status, error) = attempt(&stage, method, "?ID=my-lock");
        assert_eq!((status, code_of(&error)), (409, "lock_gone"), "{method}: {error}");
        assert!(message_of(&error).contains("my-lock"), "the lock is not named: {error}");
    }
    assert_eq!(stage.status("LOCK", STATE, lock_info("next").as_bytes()), 200);
    for method in METHODS {
        assert_eq!(attempt(&stage, method, "?ID=my-lock").0, 423, "{method}");
    }
    assert_eq!(stage.state(STATE).unwrap(), state(1).as_bytes());
}

#[test]
fn p6_a_late_copy_of_a_write_does_not_pass_the_release() {
    let stage = Stage::start(&[]);
    let info = lock_info("mine");
    assert_eq!(stage.status("LOCK", STATE, info.as_bytes()), 200);
    let mine = format!("{STATE}?ID=mine");
    assert_eq!(stage.status("POST", &mine, state(1).as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, info.as_bytes()), 200);
    assert_eq!(stage.status("POST", &mine, state(1).as_bytes()), 200, "as the first one");
    assert_eq!(stage.writes(KEY), 1, "and without another effect");
    assert_eq!(stage.status("POST", &mine, state(2).as_bytes()), 409);
    assert_eq!(stage.status("POST", STATE, state(2).as_bytes()), 200);
    assert_eq!(stage.status("POST", &mine, state(1).as_bytes()), 409);
    assert_eq!(stage.state(STATE).unwrap(), state(2).as_bytes());
}

#[test]
fn p9_a_write_that_is_sent_again_makes_one_version() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("LOCK", STATE, lock_info("mine").as_bytes()), 200);
    let mine = format!("{STATE}?ID=mine");
    let write = |serial| {
        let answer = stage.ask("POST", &mine, "", state(serial).as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    write(1);
    let once = stage.writes(KEY);
    write(1);
    assert_eq!(stage.writes(KEY), once, "the answer was lost, and the write is repeated");
    write(2);
    assert_eq!(stage.writes(KEY), once + 1);
}

#[test]
fn p7_serial_and_lineage_are_guarded_and_the_refusal_says_what_to_do() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(5).as_bytes()), 200);
    let other_lineage = state(6).replace("11111111", "99999999");
    for offered in [state(4), other_lineage, String::new()] {
        let answer = stage.ask("POST", STATE, "", offered.as_bytes());
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, code_of(&error)), (409, "state_conflict"), "{error}");
        assert!(message_of(&error).contains("statelock state allow-overwrite"), "{error}");
    }
    assert_eq!(stage.state(STATE).unwrap(), state(5).as_bytes());
}

#[test]
fn without_a_lock_and_without_a_claim_a_state_is_written() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert_eq!(stage.status("POST", STATE, state(2).as_bytes()), 200);
    assert_eq!(stage.status("DELETE", STATE, b""), 200);
}
