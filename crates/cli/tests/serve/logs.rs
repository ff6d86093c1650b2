//! Log lines: one JSON object each, one per request, and nothing in them that is nobody's business.

use std::time::Duration;

use serde_json::Value;
use statelock_testkit::server_process::wait_until;

use crate::stage::Stage;

const BOUND: Duration = Duration::from_secs(20);
/// Stands for a secret inside a state.
const MARKER: &str = "hunter2-in-a-state";

fn lines(stage: &Stage) -> Vec<Value> {
    let log = stage.server.stderr();
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"))
        .inspect(|line| assert!(line.is_object(), "{line}"))
        .collect()
}

/// Waits for the line of a request, which is written just before its answer.
fn line_of(stage: &Stage, request_id: &str) -> Value {
    let found = wait_until(BOUND, || {
        let log = stage.server.stderr();
        log.lines().find(|line| line.contains(request_id)).map(str::to_owned)
    });
    let line = found.expect("the request is logged");
    serde_json::from_str(&line).expect("the line is JSON")
}

#[test]
fn each_request_leaves_one_json_line_with_its_id() {
    let mut stage = Stage::start(&["--log-format", "json"]);
    let target = stage.presigned("PUT", "logged/terraform.tfstate");
    let stored = stage.connect().exchange("PUT", &target, b"{}");
    let refused = stage.connect().exchange("GET", "/tfstate/none", b"");
    assert_eq!((stored.status, refused.status), (200, 403));
    for (answer, method, path) in
        [(&stored, "PUT", "/tfstate/logged/terraform.tfstate"), (&refused, "GET", "/tfstate/none")]
    {
        let id = answer.header("x-amz-request-id").expect("an id");
        let line = line_of(&stage, id);
        assert_eq!(line["span"]["request_id"], id, "{line}");
        assert_eq!(line["span"]["method"], method, "{line}");
        assert_eq!(line["span"]["path"], path, "{line}");
        assert!(line["span"]["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")));
        assert_eq!(line["fields"]["status"], answer.status, "{line}");
        assert!(line["fields"]["micros"].is_u64(), "{line}");
        assert!(line["timestamp"].is_string() && line["level"] == "INFO", "{line}");
    }
    assert!(refused.text().contains(refused.header("x-amz-request-id").expect("an id")));
    assert!(stage.server.terminate().success());
    let answered = lines(&stage).into_iter().filter(|line| line["fields"]["message"] == "answered");
    assert_eq!(answered.count(), 2);
}

#[test]
fn a_refused_lock_is_no_error_in_the_log() {
    let stage = Stage::start(&["--log-format", "json"]);
    let target = stage.presigned("PUT", "a.tflock");
    let mut connection = stage.connect();
    for (body, expected) in [("{\"ID\":\"one\"}", 200), ("{\"ID\":\"two\"}", 412)] {
        let length = body.len();
        let headers = format!("If-None-Match: *\r\nContent-Length: {length}\r\n");
        connection.send_head("PUT", &target, &headers);
        connection.send(body.as_bytes()).expect("the body can be sent");
        let answer = connection.answer();
        assert_eq!(answer.status, expected, "{answer:?}");
    }
    for line in lines(&stage) {
        assert_eq!(line["level"], "INFO", "{line}");
    }
}

#[test]
fn no_line_holds_a_secret_a_signature_a_query_a_header_or_a_body() {
    // Not even for those who ask for the lines of the S3 framework.
    for (format, filter) in
        [("text", "trace"), ("json", "trace,s3s=trace"), ("text", "trace,[call]=trace")]
    {
        let mut stage = Stage::start(&["--log-format", format, "--log", filter]);
        let target = stage.presigned("PUT", "state/terraform.tfstate");
        let signature = target.rsplit_once("Signature=").expect("a signature").1.to_owned();
        sends_what_must_not_be_logged(&stage, &target);
        let secret = stage.server.credentials().1;
        assert!(stage.server.terminate().success(), "{}", stage.server.stderr());

        let log = stage.server.stderr();
        assert!(log.contains("/tfstate/state/terraform.tfstate"), "requests are logged: {log}");
        for private in [&secret, &signature, MARKER, "X-Amz-", "x-amz-", "Credential", "?"] {
            let line = log.lines().find(|line| line.contains(private));
            assert_eq!(line, None, "{private:?} is logged");
        }
    }
}

/// The marker in bodies, queries and headers, of requests that succeed and of ones that do not.
fn sends_what_must_not_be_logged(stage: &Stage, target: &str) {
    let secret = format!("{{\"version\":4,\"outputs\":{{\"password\":\"{MARKER}\"}}}}");
    assert_eq!(stage.connect().exchange("PUT", target, secret.as_bytes()).status, 200);
    stage.put("signed/terraform.tfstate", secret.clone());
    assert_eq!(stage.get("signed/terraform.tfstate").expect("it is there"), secret.as_bytes());

    let spoilt = target.replacen("state/terraform", "other/terraform", 1);
    assert_eq!(stage.connect().exchange("PUT", &spoilt, secret.as_bytes()).status, 403);
    let unsigned = format!("/tfstate?prefix={MARKER}");
    assert_eq!(stage.connect().exchange("GET", &unsigned, b"").status, 403);
    assert!(stage.connect().exchange("POST", "/tfstate?delete", secret.as_bytes()).status >= 400);

    let mut connection = stage.connect();
    let header = format!("Authorization: Basic {MARKER}\r\nX-Custom: {MARKER}\r\n");
    connection.send_head("GET", "/tfstate/a", &header);
    assert!(connection.answer().status >= 400);

    let mut broken = stage.connect();
    broken.send(format!("GET /{MARKER}?{MARKER} HTTP/9\r\n{MARKER}\r\n\r\n").as_bytes()).ok();
    assert!((400..500).contains(&broken.answer().status));
}
