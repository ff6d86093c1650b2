//! Any request of Terraform's `http` backend, with the right password. It is answered, and never by a failure inside
//! the server.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use statelock_fuzz::{key, request, server};

fuzz_target!(|text: &[u8]| {
    let server = server::server();
    let Some(mut request) = request::parse(text) else {
        return;
    };
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", key::ID, key::SECRET)));
    let basic = HeaderValue::from_str(&basic).expect("a header");
    request.headers_mut().insert("authorization", basic);
    server.ask(request);
});
