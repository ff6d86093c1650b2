//! Bodies: whole, cut off, wrong, large.

use statelock_testkit::server_process::wait_until;
use std::time::Duration;

use crate::stage::{STATE, Stage, content_md5, lock_info, md5_base64, state};

const MIB: usize = 1 << 20;

#[test]
fn a_body_that_is_not_what_its_md5_says_changes_nothing() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    let other = content_md5(b"something else");
    for (method, body) in [("POST", state(2)), ("PUT", state(2)), ("LOCK", lock_info("a"))] {
        for header in [other.as_str(), "Content-MD5: no base64\r\n", "Content-MD5: AAAA\r\n"] {
            let answer = stage.ask(method, STATE, header, body.as_bytes());
            assert_eq!(answer.status, 400, "{method} {header}: {}", answer.text());
        }
    }
    assert_eq!(stage.state(STATE).unwrap(), state(1).as_bytes());
    stage.assert_no_lock();
    assert_eq!(stage.status("LOCK", STATE, lock_info("a").as_bytes()), 200);
    let answer = stage.ask("UNLOCK", STATE, &other, lock_info("a").as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(stage.status("UNLOCK", STATE, lock_info("a").as_bytes()), 200);
}

#[test]
fn packed_bodies_are_refused_and_plain_ones_never_packed() {
    let stage = Stage::start(&[]);
    for (method, body) in [("POST", state(1)), ("LOCK", lock_info("a"))] {
        let answer = stage.ask(method, STATE, "Content-Encoding: gzip\r\n", body.as_bytes());
        assert_eq!(answer.status, 415, "{}", answer.text());
        let plain = stage.ask(method, STATE, "Content-Encoding: identity\r\n", body.as_bytes());
        assert_eq!(plain.status, 200, "{}", plain.text());
    }
}

#[test]
fn lock_infos_that_cannot_be_read_are_refused() {
    let stage = Stage::start(&[]);
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        r#"{"ID":""}"#,
        r#"{"ID":17}"#,
        r#"{"ID":"a","Created":"yesterday"}"#,
        r#"{"ID":"a"#,
        &format!("{{\"ID\":\"{}\"}}", "x".repeat(300)),
    ] {
        let answer = stage.ask("LOCK", STATE, "", body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.text().contains("the lock info"), "{}", answer.text());
    }
    stage.assert_no_lock();
    let padding = |length: usize| format!("{{\"ID\":\"a\",\"Info\":\"{}\"}}", "x".repeat(length));
    let largest = padding(64 * 1024 - 20);
    assert_eq!(largest.len(), 64 * 1024);
    let too_large = padding(64 * 1024 - 19);
    let chunked = stage.authorization.clone() + "Transfer-Encoding: chunked\r\n";
    for method in ["LOCK", "UNLOCK"] {
        assert_eq!(stage.status(method, STATE, too_large.as_bytes()), 413, "{method}");
        let mut connection = stage.connect();
        connection.send_head(method, STATE, &chunked);
        let body = format!("{:x}\r\n{too_large}\r\n0\r\n\r\n", too_large.len());
        connection.send(body.as_bytes()).unwrap();
        assert_eq!(connection.answer().status, 413, "{method}, in chunks");
    }
    assert_eq!(stage.status("LOCK", STATE, largest.as_bytes()), 200);
    assert_eq!(stage.status("UNLOCK", STATE, largest.as_bytes()), 200);
}

#[test]
fn chunked_bodies_are_taken_whole_or_not_at_all() {
    let stage = Stage::start(&[]);
    let head = stage.authorization.clone() + "Transfer-Encoding: chunked\r\n";
    let mut connection = stage.connect();
    connection.send_head("POST", STATE, &head);
    connection.send(b"5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n").unwrap();
    assert_eq!(connection.answer().status, 200);
    assert_eq!(stage.state(STATE).unwrap(), b"{\"a\":1}");

    for (headers, sent) in [
        (head.as_str(), &b"5\r\n{\"b\":\r\n"[..]),
        (&head, b"5\r\n{\"b\":\r\n2\r\n"),
        (&(stage.authorization.clone() + "Content-Length: 100\r\n"), b"{\"b\":"),
    ] {
        let mut cut_off = stage.connect();
        cut_off.send_head("POST", STATE, headers);
        cut_off.send(sent).unwrap();
        drop(cut_off);
    }
    assert_eq!(stage.state(STATE).unwrap(), b"{\"a\":1}", "half a body is none");
    let answered = || {
        let log = stage.server.stderr();
        (log.matches("status=400").count() >= 3 || log.matches("method=POST").count() >= 1)
            .then_some(())
    };
    wait_until(Duration::from_secs(10), answered).expect("the server noticed");
    assert_eq!(stage.state(STATE).unwrap(), b"{\"a\":1}", "nor later");
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on_or_not_to() {
    let stage = Stage::start(&["--body-size-bytes-max", "1000000"]);
    let body = state(1);
    let head = |length: usize| {
        let authorization = &stage.authorization;
        format!("{authorization}Expect: 100-continue\r\nContent-Length: {length}\r\n")
    };
    let mut connection = stage.connect();
    connection.send_head("POST", STATE, &head(body.len()));
    assert_eq!(connection.answer_head().0, 100);
    connection.send(body.as_bytes()).unwrap();
    assert_eq!(connection.answer().status, 200);
    assert_eq!(stage.state(STATE).unwrap(), body.as_bytes());

    for (target, length, status) in [
        ("/_statelock/state/no-such-bucket/k", 10, 404),
        (STATE, 1_000_001, 413),
        ("/_statelock/state/tfstate", 10, 400),
    ] {
        let mut connection = stage.connect();
        connection.send_head("POST", target, &head(length));
        let answer = connection.answer();
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        assert_eq!(answer.header("connection"), Some("close"), "the body was never asked for");
    }
    let mut connection = stage.connect();
    connection.send_head("LOCK", STATE, &head(100_000));
    assert_eq!(connection.answer().status, 413);
}

#[test]
fn a_body_beyond_the_limit_is_refused_and_not_kept() {
    let stage = Stage::start(&["--body-size-bytes-max", "2000000"]);
    let body = vec![b' '; 2_000_001];
    assert_eq!(stage.status("POST", STATE, &body), 413);
    let mut connection = stage.connect();
    connection.send_head(
        "POST",
        STATE,
        &(stage.authorization.clone() + "Transfer-Encoding: chunked\r\n"),
    );
    connection.send(format!("{:x}\r\n", body.len()).as_bytes()).unwrap();
    connection.send(&body).ok();
    connection.send(b"\r\n0\r\n\r\n").ok();
    assert_eq!(connection.answer().status, 413);
    assert_eq!(stage.state(STATE), None);
}

/// 100 MB of a state, made piece by piece: text with a number, so that pieces differ.
fn piece(number: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(MIB);
    while text.len() + 64 <= MIB {
        text.extend_from_slice(format!("\"{number:08}{:08}\", ", text.len()).as_bytes());
    }
    text.resize(MIB, b' ');
    text
}

const PIECES: usize = 96;

#[test]
fn a_state_of_a_hundred_megabytes_streams_through_little_memory() {
    let stage = Stage::start(&[]);
    assert_eq!(stage.status("POST", STATE, state(1).as_bytes()), 200);
    assert!(stage.state(STATE).is_some());
    let idle_kib = peak_kib(&stage);
    let target = STATE.replace("app", "big");
    let (before, after) = (
        br#"{"version":4,"serial":1,"lineage":"l","outputs":{},"resources":[],"check_results":["#,
        br#""end"]}"#,
    );
    let size = before.len() + PIECES * MIB + after.len();
    let mut connection = stage.connect();
    let head = format!("{}Content-Length: {size}\r\n", stage.authorization);
    connection.send_head("POST", &target, &head);
    connection.send(before).unwrap();
    for number in 0..PIECES {
        connection.send(&piece(number)).unwrap();
    }
    connection.send(after).unwrap();
    let written = connection.answer();
    assert_eq!(written.status, 200, "{}", written.text());

    connection.send_head("GET", &target, &stage.authorization);
    let (status, head) = connection.answer_head();
    assert_eq!(status, 200, "{head}");
    assert!(head.to_ascii_lowercase().contains("content-md5: "), "{head}");
    let mut expect = |expected: &[u8]| {
        let mut read = Vec::with_capacity(expected.len());
        connection.read_body(expected.len(), &mut |bytes| read.extend_from_slice(bytes));
        assert!(read == expected, "the state differs");
    };
    expect(before);
    (0..PIECES).for_each(|number| expect(&piece(number)));
    expect(after);
    let grown = peak_kib(&stage).saturating_sub(idle_kib);
    assert!(grown <= 64 * 1024, "100 MB took {grown} KiB above {idle_kib} KiB");
    assert_eq!(md5_base64(b"").len(), 24);
}

/// The server's peak of resident memory so far.
fn peak_kib(stage: &Stage) -> usize {
    let lock = stage.server.credentials_file().with_file_name("lock");
    let pid = std::fs::read_to_string(lock).expect("a lock file");
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim()));
    let status = status.expect("the server's memory can be read");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
