//! How states and operations are addressed.

use crate::stage::{KEY, STATE, Stage, lock_info, state};

#[test]
fn keys_are_those_that_s3_clients_see() {
    let stage = Stage::start(&[]);
    let keys = [
        ("env:/dev/app.tfstate", "env:/dev/app.tfstate"),
        ("env%3A/prod/app.tfstate", "env:/prod/app.tfstate"),
        ("%C3%BCber%20alles/%E2%9C%93.tfstate", "über alles/✓.tfstate"),
        ("plus+and%2Bplus", "plus+and+plus"),
    ];
    for (number, (path, key)) in (1..).zip(keys) {
        let target = format!("/_statelock/state/tfstate/{path}");
        assert_eq!(stage.status("POST", &target, state(number).as_bytes()), 200, "{path}");
        assert_eq!(stage.object(key).as_deref(), Some(state(number).as_bytes()), "{key}");
    }
    assert_eq!(stage.keys().len(), keys.len());
}

#[test]
fn dots_in_a_key_lead_nowhere_else() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    for path in [
        "/_statelock/state/tfstate/x/../app/terraform.tfstate",
        "/_statelock/state/tfstate/x/%2e%2e/app/terraform.tfstate",
        "/_statelock/state/tfstate/./app/terraform.tfstate",
        "/_statelock/state/tfstate//app/terraform.tfstate",
    ] {
        assert_eq!(stage.ask("GET", path, "", b"").status, 404, "{path}");
    }
    for path in [
        "/_statelock/state/../health",
        "/_statelock/state/%2e%2e/health",
        "/_statelock/state/..%2f..%2fcredentials/x",
        "/_statelock/state/../../etc/passwd",
    ] {
        let answer = stage.ask("GET", path, "", b"");
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.text().contains("no_such_bucket"), "{path}: {}", answer.text());
    }
}

#[test]
fn what_names_no_state_is_refused() {
    let stage = Stage::start(&[]);
    let info = lock_info("a");
    for path in [
        "/_statelock/state",
        "/_statelock/state/",
        "/_statelock/state/tfstate",
        "/_statelock/state/tfstate/",
        "/_statelock/state/tfstate/%ff",
        "/_statelock/state/tfstate/app/terraform.tfstate.tflock",
        &format!("/_statelock/state/tfstate/{}", "k".repeat(1025)),
        &format!("{STATE}?ID="),
        &format!("{STATE}?ID=a&ID=b"),
    ] {
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", ""), ("LOCK", &info)] {
            let answer = stage.ask(method, path, "", body.as_bytes());
            assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text());
            let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            for member in ["code", "message", "hint"] {
                assert!(error["error"][member].is_string(), "{member} in {error}");
            }
        }
    }
    assert_eq!(stage.keys(), Vec::<String>::new());
}

#[test]
fn locks_are_taken_and_released_by_any_method_at_addresses_of_their_own() {
    let stage = Stage::start(&[]);
    let info = lock_info("by-path");
    let at = |room: &str| STATE.replacen("/state/", &format!("/{room}/"), 1);
    let (lock, unlock) = (at("lock"), at("unlock"));
    for taking in ["LOCK", "POST", "PUT"] {
        for giving in ["UNLOCK", "POST", "PUT", "DELETE"] {
            assert_eq!(stage.status(taking, &lock, info.as_bytes()), 200, "{taking}");
            assert!(stage.object(&format!("{KEY}.tflock")).is_some(), "{taking} {lock}");
            assert_eq!(stage.status(giving, &unlock, info.as_bytes()), 200, "{giving}");
            stage.assert_no_lock();
        }
    }
    assert_eq!(stage.state(STATE), None, "nothing of this is a write");
    for (method, target) in
        [("GET", &lock), ("DELETE", &lock), ("LOCK", &unlock), ("HEAD", &unlock)]
    {
        let mut connection = stage.connect();
        connection.send_head(method, target, &stage.authorization);
        assert_eq!(connection.answer_head().0, 405, "{method} {target}");
    }
}

#[test]
fn a_header_can_name_the_method() {
    let stage = Stage::start(&[]);
    let info = lock_info("by-header");
    let ask = |method, name: &str| {
        let header = format!("X-HTTP-Method-Override: {name}\r\n");
        stage.ask(method, STATE, &header, info.as_bytes()).status
    };
    assert_eq!(ask("POST", "LOCK"), 200);
    assert!(stage.object(&format!("{KEY}.tflock")).is_some());
    assert_eq!(ask("PUT", "UNLOCK"), 200);
    stage.assert_no_lock();
    assert_eq!(ask("POST", "DELETE"), 400);
    assert_eq!(stage.state(STATE), None, "nothing of this is a write");
}
