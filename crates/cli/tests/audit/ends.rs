//! How it ends when it cannot show anything, and who is let in.

use std::net::TcpListener;

use crate::stage::{Ended, Stage, audit, canned, ended, exchange};

const SECRET: &str = "a-secret-of-mine";

/// Runs it with a key, against this URL.
fn run_at(url: &str, args: &[&str]) -> Ended {
    let mut command = audit(args);
    command.env("AWS_ENDPOINT_URL", url);
    command.env("AWS_ACCESS_KEY_ID", "MINE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    let ended = ended(&command.output().expect("the binary can be started"));
    assert!(!ended.stderr.contains(SECRET), "the secret is shown: {ended:?}");
    ended
}

#[test]
fn a_wrong_key_ends_with_9() {
    let stage = Stage::start();
    let (id, _) = stage.server.credentials();
    let refused = run_at(&stage.server.endpoint(), &[]);
    refused
        .refused(9, &["the access key id or its secret is wrong", "AWS_SHARED_CREDENTIALS_FILE"]);
    assert_eq!(refused.stdout, "");
    let mut command = stage.command(&[]);
    command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", SECRET);
    ended(&command.output().expect("the binary can be started")).refused(9, &["is wrong"]);
    assert!(!stage.server.stderr().contains(SECRET), "the server logs no secret");
}

#[test]
fn a_server_that_is_not_there_ends_with_8() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let ended = run_at(&format!("http://{port}"), &[]);
    ended.refused(8, &[&format!("could not reach the server at http://{port}"), "statelock serve"]);
}

#[test]
fn what_is_no_statelock_server_is_said_to_be_none() {
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    run_at(&canned("403 Forbidden", denied), &[]).refused(2, &["does not answer as", "status 403"]);
    run_at(&canned("200 OK", "hello"), &[]).refused(2, &["does not answer as", "status 200"]);
    run_at(&canned("502 Bad Gateway", ""), &[]).refused(8, &["does not answer as", "status 502"]);
    let elsewhere = canned("302 Found\r\nLocation: http://127.0.0.1:1/", "");
    run_at(&elsewhere, &[]).refused(2, &["status 302"]);
}

#[test]
fn refusals_of_the_server_have_their_codes() {
    let error =
        |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m\u001b","hint":"h"}}}}"#);
    for (status, code, exit) in [
        ("500 Internal Server Error", "corrupt", 11),
        ("500 Internal Server Error", "internal", 8),
        ("503 Service Unavailable", "unavailable", 8),
        ("403 Forbidden", "forbidden", 9),
        ("404 Not Found", "no_such_endpoint", 2),
    ] {
        let ended = run_at(&canned(status, &error(code)), &[]);
        ended.refused(exit, &["refused: m\\u{1b}", "hint: h"]);
    }
}

#[test]
fn bad_input_ends_with_2() {
    for args in [
        &["tfstate/key"][..],
        &["s3://tfstate"],
        &["--workspace", "dev"],
        &["s3://tfstate/key", "--workspace", "a/b"],
        &["--since", "yesterday"],
        &["--limit", "0"],
        &["--verify", "--follow"],
        &["--verify", "--limit", "3"],
        &["--verify", "s3://tfstate/key"],
        &["--endpoint-url", "ftp://x"],
        &["--profile", "nobody"],
    ] {
        let ended = run_at("http://127.0.0.1:1", args);
        assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{args:?}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{args:?}: {ended:?}");
    }
    let no_key = ended(&audit(&[]).output().expect("the binary can be started"));
    no_key.refused(2, &["/nonexistent/.aws/credentials", "AWS_SHARED_CREDENTIALS_FILE"]);
}

#[test]
fn a_secret_in_clear_beyond_this_machine_is_warned_about() {
    let ended = run_at("http://statelock.invalid", &[]);
    ended.refused(8, &["warning: the secret access key travels to http://statelock.invalid"]);
    let ended = run_at("https://statelock.invalid", &[]);
    ended.refused(8, &["could not reach"]);
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
}

#[test]
fn no_proxy_stands_before_this_machine() {
    let stage = Stage::start();
    let mut command = stage.command(&[]);
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    let ended = ended(&command.output().expect("the binary can be started"));
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
}

#[test]
fn the_admin_api_lets_in_who_has_the_key_and_nobody_else() {
    let stage = Stage::start();
    let address = stage.server.address();
    let get = |target: &str, headers: &str| exchange(address, "GET", target, headers);
    for target in ["audit", "audit/verify", "nothing", ""] {
        for headers in ["", "Authorization: Basic Uk9PVDp4\r\n", "Authorization: Bearer x\r\n"] {
            let answer = get(&format!("/_statelock/admin/{target}"), headers);
            assert!(answer.starts_with("HTTP/1.1 401 "), "{target} {headers}: {answer}");
            let lower = answer.to_ascii_lowercase();
            assert!(lower.contains("www-authenticate: basic realm=\"statelock\"\r\n"), "{answer}");
            assert!(answer.contains("{\"error\":{\"code\":\""), "{answer}");
        }
    }
    assert!(get("/_statelock/health", "").starts_with("HTTP/1.1 200 "));
    assert!(get("/_statelock/metrics", "").starts_with("HTTP/1.1 200 "));
    assert!(get("/_statelock/adminaudit", "").starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_admin_api_refuses_what_it_does_not_know() {
    let stage = Stage::start();
    let (id, secret) = stage.server.credentials();
    let basic = base64_of(&format!("{id}:{secret}"));
    let headers = format!("Authorization: Basic {basic}\r\n");
    let ask = |method: &str, target: &str| {
        exchange(stage.server.address(), method, &format!("/_statelock/admin/{target}"), &headers)
    };
    assert!(ask("GET", "audit?limit=1").starts_with("HTTP/1.1 200 "));
    for target in
        ["audit?limit=0", "audit?lockid=x", "audit?from=x", "audit/verify?x=1", "audit?a=%FF"]
    {
        let answer = ask("GET", target);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
        assert!(answer.contains("\"code\":\"bad_request\""), "{answer}");
    }
    assert!(ask("GET", "nothing").starts_with("HTTP/1.1 404 "));
    let answer = ask("DELETE", "audit");
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("allow: get\r\n"), "{answer}");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
