//! Reading, writing and deleting states.

use crate::stage::{KEY, STATE, Stage, assert_held, basic, content_md5, md5_base64, state};

#[test]
fn only_the_access_key_is_let_in() {
    let stage = Stage::start(&[]);
    let (id, secret) = stage.server.credentials();
    let wrong = basic(&id, "not the secret");
    let swapped = basic(&secret, &id);
    let cases =
        [("", 401), ("Authorization: Bearer x\r\n", 401), (wrong.as_str(), 403), (&swapped, 403)];
    for (authorization, status) in cases {
        for method in ["GET", "POST", "PUT", "DELETE", "LOCK", "UNLOCK", "PATCH"] {
            let mut connection = stage.connect();
            connection.send_head(method, STATE, &format!("{authorization}Content-Length: 2\r\n"));
            connection.send(b"{}").unwrap();
            let answer = connection.answer();
            assert_eq!(answer.status, status, "{method} {authorization}: {}", answer.text());
            assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"statelock\""));
        }
    }
    assert_eq!(stage.keys(), Vec::<String>::new());
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
}

#[test]
fn p11_a_state_is_given_back_as_it_came_by_both_protocols() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.state(STATE), None);
    let first = state(1);
    let written = stage.ask("POST", STATE, &content_md5(first.as_bytes()), first.as_bytes());
    assert_eq!(written.status, 200, "{}", written.text());
    assert_eq!(stage.object(KEY).unwrap(), first.as_bytes(), "S3 reads what HTTP wrote");

    let read = stage.ask("GET", STATE, "Accept-Encoding: gzip\r\n", b"");
    assert_eq!((read.status, read.body.as_slice()), (200, first.as_bytes()));
    assert_eq!(read.header("content-type"), Some("application/json"));
    assert_eq!(read.header("content-md5"), Some(md5_base64(first.as_bytes()).as_str()));
    assert_eq!(read.header("content-encoding"), None);
    assert_eq!(read.header("etag"), written.header("etag"));
    assert!(read.header("etag").is_some());

    let second = state(2);
    stage.put_object(KEY, &second);
    assert_eq!(stage.state(STATE).unwrap(), second.as_bytes(), "HTTP reads what S3 wrote");
    let third = state(3);
    assert_eq!(stage.status("PUT", STATE, third.as_bytes()), 200, "update_method = PUT");
    assert_eq!(stage.state(STATE).unwrap(), third.as_bytes());
}

#[test]
fn head_says_what_get_would() {
    let stage = Stage::start(&[]);
    let body = state(1);
    assert_eq!(stage.status("POST", STATE, body.as_bytes()), 200);
    let mut connection = stage.connect();
    connection.send_head("HEAD", STATE, &stage.authorization);
    let (status, head) = connection.answer_head();
    assert_eq!(status, 200, "{head}");
    assert!(head.to_ascii_lowercase().contains(&format!("content-length: {}\r\n", body.len())));
    assert!(head.contains(&md5_base64(body.as_bytes())), "{head}");
    // The next answer on the connection would show bytes that do not belong there.
    let read = stage.ask_on(&mut connection, "GET", STATE, "", b"");
    assert_eq!(read.body, body.as_bytes());
    connection.send_head("HEAD", &STATE.replace("app", "none"), &stage.authorization);
    assert_eq!(connection.answer_head().0, 404);
}

#[test]
fn a_deleted_state_is_gone_and_its_versions_are_not() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("DELETE", STATE, b""), 200, "there is nothing to delete");
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert_eq!(stage.status("DELETE", STATE, b""), 200);
    assert_eq!(stage.state(STATE), None);
    assert_eq!(stage.object(KEY), None);
    assert_eq!(stage.status("DELETE", STATE, b""), 200, "again");
    let deleted = |action| stage.effects(KEY, action);
    assert_eq!((deleted("state_deleted"), deleted("object_deleted")), (1, 0), "one had an effect");
    assert_eq!(stage.keys(), Vec::<String>::new());
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert!(stage.state(STATE).is_some());
}

#[test]
fn a_bucket_that_does_not_exist_is_said_to_be_missing() {
    let stage = Stage::start(&[]);
    let target = "/_statelock/state/no-such-bucket/k";
    let info = crate::stage::lock_info("a");
    for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", ""), ("LOCK", &info)] {
        let answer = stage.ask(method, target, "", body.as_bytes());
        assert_eq!(answer.status, 404, "{method}: {}", answer.text());
        assert!(answer.text().contains("\"no_such_bucket\""), "{}", answer.text());
    }
    // A lock that had been taken all the same would now be released.
    assert_eq!(stage.status("UNLOCK", target, info.as_bytes()), 409);
}

#[test]
fn p12_a_state_and_its_lock_survive_kill_9() {
    let mut stage = Stage::start(&[]);
    let (body, info) = (state(1), crate::stage::lock_info("survivor"));
    assert_eq!(stage.status("LOCK", STATE, info.as_bytes()), 200);
    let target = format!("{STATE}?ID=survivor");
    assert_eq!(stage.status("POST", &target, body.as_bytes()), 200);
    stage.server.kill_hard();
    stage.server.restart();
    assert_eq!(stage.state(STATE).unwrap(), body.as_bytes());
    let held = stage.ask("LOCK", STATE, "", crate::stage::lock_info("other").as_bytes());
    assert_held(&held, &info);
    assert_eq!(stage.status("UNLOCK", STATE, info.as_bytes()), 200);
    stage.assert_no_lock();
}
