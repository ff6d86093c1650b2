//! Bytes that no client should send: each gets a clear refusal, and the server serves on.
//!
//! Everything here is unsigned and written to the socket by hand. Signed requests with broken bodies
//! are in `tests/python/bad_bodies.py`. After each input the server must answer its health path and
//! an ordinary signed request, and the bucket must hold what it held before.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

#[path = "../bucket/mod.rs"]
mod bucket;
mod target;

use target::{Reaction, Target, is_closed, request};

#[test]
fn garbage_instead_of_a_request_is_refused() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    for bytes in [
        &b"hello\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nName: a\0b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        target.refuses(&String::from_utf8_lossy(bytes), bytes, 400);
    }
    target.refuses("a request without Host", b"GET / HTTP/1.1\r\n\r\n", 403);
    target.closes("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

#[test]
fn oversized_heads_are_refused() {
    let target = Target::start(&["--header-timeout-seconds", "5"]);
    let long = "a".repeat(1024 * 1024);
    let header = request("GET", "/tfstate/a", &format!("X-Long: {long}\r\n"));
    target.refuses_or_closes("a header of 1 MiB", &header, 431);
    let path = request("GET", &format!("/tfstate/{long}"), "");
    target.refuses_or_closes("a target of 1 MiB", &path, 431);
    let many = request("GET", "/tfstate/a", &"X-Many: a\r\n".repeat(5000));
    target.refuses_or_closes("5000 headers", &many, 431);
}

#[test]
fn odd_paths_lead_nowhere() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    // Not signed, so that nothing of the path matters where it can be read at all.
    let unsigned = 403;
    let unreadable = 400;
    for (path, status) in [
        ("//", unsigned),
        ("/../", unsigned),
        ("/%2e%2e/", unsigned),
        ("/%2e%2e/%2e%2e/etc/passwd", unsigned),
        ("/../../etc/passwd", unsigned),
        ("/%00", unsigned),
        ("/tfstate/%00", unsigned),
        ("/tfstate/%ff", unsigned),
        ("/tfstate/../../credentials", unsigned),
        ("/%ff/a", unsigned),
        ("/%zz", unreadable),
        ("/tfstate/%", unreadable),
        ("/tfstate/..%2f..%2fcredentials", unsigned),
        ("/tfstate?prefix=%ff", unsigned),
        ("/tfstate?%00", unsigned),
        ("*", unsigned),
        ("tfstate", unsigned),
        ("http://example.com/tfstate/kept", unsigned),
        ("http://[::1/", unreadable),
        ("/tfstate/\u{fc}", unsigned),
        ("/ tfstate", unreadable),
    ] {
        target.refuses(path, &request("GET", path, ""), status);
        target.refuses(path, &request("PUT", path, "Content-Length: 0\r\n"), status);
    }
}

#[test]
fn odd_paths_of_the_operator_pages_lead_nowhere() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    for path in [
        "/_statelock/",
        "/_statelock/none",
        "/_statelock/../tfstate/kept",
        "/_statelock/%2e%2e/tfstate",
    ] {
        target.refuses(path, &request("GET", path, ""), 404);
        target.refuses(path, &request("PUT", path, "Content-Length: 0\r\n"), 405);
    }
}

#[test]
fn absurd_lengths_are_refused() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    for (headers, status) in [
        ("Content-Length: 18446744073709551615\r\n", 431),
        ("Content-Length: 99999999999999999999999\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: five\r\n", 400),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 400),
        // Readable, if strange: refused because it is not signed.
        ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 403),
    ] {
        target.refuses(headers, &request("PUT", "/tfstate/a", headers), status);
    }
    let cut_off =
        [request("PUT", "/tfstate/a", "Transfer-Encoding: chunked\r\n"), b"zz\r\n".into()];
    target.refuses("a chunk size that is no number", &cut_off.concat(), 403);
}

#[test]
fn errors_before_authentication_are_s3_errors() {
    let target = Target::start(&[]);
    let Reaction::Answered(status, text) = target.send(&request("GET", "/tfstate/a", "")) else {
        panic!("closed without an answer");
    };
    assert_eq!(status, 403, "{text}");
    let head = text.to_ascii_lowercase();
    assert!(head.contains("x-amz-request-id: "), "no request id: {text}");
    assert!(head.contains("content-type: application/xml"), "not XML: {text}");
}

#[test]
fn a_silent_client_is_closed() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    for start in [&b""[..], b"GET /tfs", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        match target.send(start) {
            Reaction::Closed | Reaction::Answered(408, _) => {}
            other @ Reaction::Answered(..) => panic!("{other:?}"),
        }
        target.is_unharmed("a silent client");
    }
}

#[test]
fn a_client_that_sends_one_byte_at_a_time_is_closed() {
    let target = Target::start(&["--header-timeout-seconds", "2"]);
    let mut connection = target.connect();
    connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    // Each round waits up to 200 ms for the end: 50 of them are five times the limit.
    let ended = (0..50).any(|_| {
        let written = connection.write_all(b"a");
        let read = connection.read(&mut [0; 1024]);
        let still_open = |error: &std::io::Error| {
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        };
        written.is_err() || !read.as_ref().is_err_and(still_open)
    });
    assert!(ended, "the connection is open after ten seconds");
    target.is_unharmed("a slow client");
}

#[test]
fn more_connections_than_allowed_do_not_lock_anyone_out() {
    let target = Target::start(&["--header-timeout-seconds", "2", "--connections-max", "16"]);
    let flood: Vec<_> = (0..200)
        .map(|_| {
            let mut connection = target.connect();
            // A surplus connection may be closed at once; then there is nobody to write to.
            match connection.write_all(b"GET / HTTP/1.1\r\n") {
                Ok(()) => {}
                Err(error) => assert!(is_closed(&error), "cannot write: {error}"),
            }
            connection
        })
        .collect();
    // While the flood lasts, a patient client gets its turn, because idle heads run out of time.
    target.gets_a_turn("while 200 connections are held");
    drop(flood);
    target.gets_a_turn("after the flood");
    target.is_unharmed("a flood of connections");
}
