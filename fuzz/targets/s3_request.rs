//! Any request of S3, properly signed: operations, queries, conditions and XML documents. It is answered, and never by
//! a failure inside the server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use statelock_fuzz::key::{self, Signing};
use statelock_fuzz::{request, server};

fuzz_target!(|text: &[u8]| {
    let server = server::server();
    if let Some(plain) = request::parse(text)
        && let Some(signed) = key::signed(plain, "s3", Signing::Header, key::now())
    {
        server.ask(signed);
    }
});
