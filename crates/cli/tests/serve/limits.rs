//! Bounds on bodies and headers: refused in S3's words, nothing stored, the server unharmed.

use std::time::{Duration, Instant};

use statelock_testkit::sigv4::{Signer, Unsigned, payload_hash};

use crate::stage::Stage;

const LIMIT: usize = 200_000;

fn limited() -> Stage {
    Stage::start(&["--body-size-bytes-max", "200000"])
}

/// A body as one HTTP chunk and its end.
fn chunked(body: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", body.len());
    [size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

#[test]
fn a_body_of_exactly_the_limit_is_taken() {
    let stage = limited();
    let body = vec![b'a'; LIMIT];
    let target = stage.presigned("PUT", "exact");
    assert_eq!(stage.connect().exchange("PUT", &target, &body).status, 200);
    assert_eq!(stage.get("exact").expect("it was stored"), body);
}

#[test]
fn an_announced_body_above_the_limit_is_refused() {
    let stage = limited();
    for surplus in [1, LIMIT] {
        let body = vec![b'a'; LIMIT + surplus];
        let answer = stage.connect().exchange("PUT", &stage.presigned("PUT", "too-large"), &body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text().contains("<Code>EntityTooLarge</Code>"), "{answer:?}");
    }
    assert_eq!(stage.keys(), Vec::<String>::new());
    stage.page("/_statelock/health");
}

#[test]
fn a_client_that_asks_first_is_refused_before_it_sends() {
    let stage = limited();
    let target = stage.presigned("PUT", "too-large");
    let mut connection = stage.connect();
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", 1 << 30);
    connection.send_head("PUT", &target, &headers);
    let answer = connection.answer();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text().contains("<Code>EntityTooLarge</Code>"), "{answer:?}");
    assert!(connection.is_at_end(), "the connection is kept open for a body that is not wanted");
}

#[test]
fn a_chunked_body_above_the_limit_is_refused() {
    let stage = limited();
    let target = stage.presigned("PUT", "chunked");
    for (size, expected) in [(LIMIT, 200), (LIMIT + 1, 400), (4 * LIMIT, 400)] {
        let mut connection = stage.connect();
        connection.send_head("PUT", &target, "Transfer-Encoding: chunked\r\n");
        connection.send(&chunked(&vec![b'b'; size])).ok();
        let answer = connection.answer();
        assert_eq!(answer.status, expected, "{size}: {answer:?}");
        let is_too_large = answer.text().contains("<Code>EntityTooLarge</Code>");
        assert_eq!(is_too_large, expected == 400, "{answer:?}");
    }
    assert_eq!(stage.get("chunked").expect("the first was stored").len(), LIMIT);
}

#[test]
fn an_endless_chunked_body_is_cut_off() {
    let stage = limited();
    let target = stage.presigned("PUT", "endless");
    let mut connection = stage.connect();
    connection.send_head("PUT", &target, "Transfer-Encoding: chunked\r\n");
    let piece = [b"100000\r\n", &vec![b'c'; 1 << 20][..], b"\r\n"].concat();
    // 200 MB would be read by a server that reads on for ever; it gives up long before.
    let refused = (0..200).any(|_| connection.send(&piece).is_err());
    assert!(refused, "the server goes on reading a body that it refused");
    assert_eq!(stage.keys(), Vec::<String>::new());
    stage.page("/_statelock/health");
}

#[test]
fn a_header_of_five_megabytes_is_refused() {
    let stage = limited();
    let mut connection = stage.connect();
    let long = "a".repeat(5_000_000);
    let head = format!("GET /tfstate/a HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
    connection.send(head.as_bytes()).ok();
    let answer = connection.answer();
    assert_eq!(answer.status, 431, "{answer:?}");
    stage.page("/_statelock/health");
}

#[test]
fn slow_uploads_do_not_hold_up_a_lock() {
    let stage = Stage::start(&[]);
    let slow: Vec<_> = (0..20)
        .map(|number| {
            let target = stage.presigned("PUT", &format!("slow-{number}"));
            let mut connection = stage.connect();
            connection.send_head("PUT", &target, "Content-Length: 10000000\r\n");
            connection.send(b"and no more").expect("the beginning of a body can be sent");
            connection
        })
        .collect();
    let target = stage.presigned("PUT", "a/terraform.tfstate.tflock");
    let answer = stage.connect().exchange("PUT", &target, b"{\"ID\":\"one\"}");
    assert_eq!(answer.status, 200, "{answer:?}");
    drop(slow);
}

/// More than the server receives large bodies at a time.
const SILENT: usize = 14;

fn stores_a_large_state(stage: &Stage) {
    let body = vec![b's'; 200_000];
    let answer = stage.connect().exchange("PUT", &stage.presigned("PUT", "state"), &body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn who_claims_no_key_is_not_waited_for() {
    let stage = Stage::start(&[]);
    let table =
        "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let silent = |headers: &str, length: usize| {
        let mut connection = stage.connect();
        connection.send_head("POST", "/", &format!("{headers}Content-Length: {length}\r\n"));
        connection
    };
    let mut connections: Vec<_> = (0..SILENT).map(|_| silent(table, 100_000)).collect();
    stores_a_large_state(&stage);
    connections.extend([silent(table, 100), silent(form, 100)]);
    for mut connection in connections {
        let answer = connection.answer();
        let is_refused = answer.text().contains("MissingAuthenticationToken");
        assert!(is_refused && matches!(answer.status, 400 | 403), "{answer:?}");
        assert!(connection.is_at_end(), "the connection is kept open for the rest of the body");
    }
    stage.page("/_statelock/health");
}

#[test]
fn slow_clients_of_tables_do_not_hold_up_a_state_and_are_given_up() {
    let stage = Stage::start(&["--stall-timeout-seconds", "2"]);
    let (access_key, secret_key) = stage.server.credentials();
    let (signer, host) = (Signer::new(&access_key, &secret_key), stage.server.address());
    let silent = |service: &str, length: usize| {
        let headers = [
            ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned()),
            ("x-amz-target".to_owned(), "DynamoDB_20120810.GetItem".to_owned()),
        ];
        let head = signer.head(&Unsigned {
            service,
            method: "POST",
            path: "/",
            host: &host.to_string(),
            headers: &headers,
            payload: &payload_hash(b"never sent"),
            length,
        });
        let mut connection = stage.connect();
        connection.send(head.as_bytes()).expect("the head can be sent");
        connection
    };
    let large: Vec<_> = (0..SILENT).map(|_| silent("dynamodb", 100_000)).collect();
    stores_a_large_state(&stage);
    drop(large);
    for (service, status) in [("dynamodb", 408), ("sts", 400)] {
        let mut connection = silent(service, 100);
        let answer = connection.answer();
        assert_eq!(answer.status, status, "{service}: {answer:?}");
        assert!(connection.is_at_end(), "the connection is kept open for the rest of the body");
    }
    stage.page("/_statelock/health");
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let stage = Stage::start(&["--stall-timeout-seconds", "1"]);
    let target = stage.presigned("PUT", "stalled");
    let mut connection = stage.connect();
    connection.send_head("PUT", &target, "Content-Length: 100000\r\n");
    connection.send(b"and no more").expect("the beginning of a body can be sent");
    let answer = connection.answer();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text().contains("<Code>RequestTimeout</Code>"), "{answer:?}");
    assert_eq!(stage.keys(), Vec::<String>::new());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "when the upload is given up is what is tested")]
fn an_upload_that_drips_runs_out_of_time() {
    // Each byte comes long before the body counts as stalled; only the request's own limit ends it.
    let limit = Duration::from_secs(1);
    let stage = Stage::start(&["--request-timeout-seconds", "1", "--stall-timeout-seconds", "30"]);
    let target = stage.presigned("PUT", "dripping");
    let mut connection = stage.connect();
    let began = Instant::now();
    connection.send_head("PUT", &target, "Content-Length: 100000\r\n");
    // 50 bytes would take ten seconds.
    let answered = (0..50).any(|_| {
        let sent = connection.send(b"a");
        sent.is_err() || connection.has_bytes_within(Duration::from_millis(200))
    });
    let took = began.elapsed();
    assert!(answered, "the upload still drips after {took:?}");
    assert!(took >= limit, "given up after {took:?}, too early");
    assert!(took < 5 * limit, "given up after {took:?}, too late");
    let answer = connection.answer();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text().contains("<Code>RequestTimeout</Code>"), "{answer:?}");
    assert!(connection.is_at_end(), "the connection is kept open for the rest of the body");
    assert_eq!(stage.keys(), Vec::<String>::new());
    stage.page("/_statelock/health");
}

#[test]
fn a_reader_that_stalls_loses_its_connection() {
    let stage = Stage::start(&["--stall-timeout-seconds", "1"]);
    let body = vec![b'z'; 64 << 20];
    let put = stage.connect().exchange("PUT", &stage.presigned("PUT", "large"), &body);
    assert_eq!(put.status, 200, "{put:?}");
    let mut connection = stage.connect();
    connection.send_head("GET", &stage.presigned("GET", "large"), "");
    assert!(
        stage.becomes("statelock_connections 1"),
        "the connection of a client that reads nothing stays open"
    );
}
