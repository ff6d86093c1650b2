//! Any request of DynamoDB, properly signed: the operation's name on the first line, then its JSON. It is answered, and
//! never by a failure inside the server.
#![no_main]

use bytes::Bytes;
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use statelock_fuzz::key::{self, Signing};
use statelock_fuzz::{request, server};

fuzz_target!(|text: &[u8]| {
    let server = server::server();
    let Some((operation, json)) = request::line_of(text) else {
        return;
    };
    let target = [b"DynamoDB_20120810.", operation].concat();
    let Ok(target) = HeaderValue::from_bytes(&target) else {
        return;
    };
    let plain = Request::post(format!("http://{}/", request::HOST))
        .header("host", request::HOST)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", target)
        .body(Bytes::copy_from_slice(json))
        .expect("a request");
    if let Some(signed) = key::signed(plain, "dynamodb", Signing::Header, key::now()) {
        let answer = server.ask(signed);
        let body: serde_json::Value =
            serde_json::from_slice(answer.body()).expect("an answer in JSON");
        assert_eq!(answer.status() == 200, body.get("__type").is_none(), "{body}");
    }
});
