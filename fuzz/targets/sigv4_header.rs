//! A request signed in its `Authorization` header: what the AWS SDK's signer signs is accepted, what was changed
//! afterwards is not, and nothing that arrives makes the readers panic.
#![no_main]

use bytes::Bytes;
use http::Request;
use libfuzzer_sys::fuzz_target;
use statelock_fuzz::key::{self, Signing};
use statelock_fuzz::request;
use statelock_server::auth::guard;
use statelock_server::auth::sigv4::canonical::{PathRule, SignedRequest};
use statelock_server::auth::sigv4::claim::Claim;
use statelock_server::auth::sigv4::{Expected, SigV4Error, Verified, verify};

const NOW: u64 = 1_790_000_000;
const SERVICES: [(&str, PathRule); 2] =
    [("dynamodb", PathRule::Normalised), ("s3", PathRule::AsSent)];

fn verified(
    request: &Request<Bytes>,
    (service, path_rule): (&str, PathRule),
) -> Result<Verified, SigV4Error> {
    let (head, body) = request.clone().into_parts();
    let expected = Expected { service, path_rule, unsigned_payload: false };
    let now = i64::try_from(NOW).expect("a time");
    verify(&SignedRequest::new(&head, &body), expected, &key::credentials(), now)
}

/// Whether signers agree on a path. On a last segment of dots they do not.
fn is_signed_alike(path: &str, rule: PathRule) -> bool {
    match rule {
        PathRule::AsSent => request::is_canonical_path(path),
        PathRule::Normalised => !path.ends_with("/.") && !path.ends_with("/.."),
    }
}

fuzz_target!(|text: &[u8]| {
    // As it arrives: the text alone may claim anything, and proves nothing.
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = Claim::from_header(text);
    }
    let Some(plain) = request::parse(text) else {
        return;
    };
    if !request::is_text(plain.uri().query()) {
        return;
    }
    for service in SERVICES {
        if !is_signed_alike(plain.uri().path(), service.1) {
            continue;
        }
        assert!(verified(&plain, service).is_err(), "unsigned, and accepted");
        let Some(signed) = key::signed(plain.clone(), service.0, Signing::Header, NOW) else {
            continue;
        };
        let _ = guard::check(signed.method(), signed.uri(), signed.headers());
        match verified(&signed, service) {
            Ok(verified) => assert_eq!(verified.access_key_id, key::ID),
            // The signer leaves some headers out, and signs what a server must refuse: both are said.
            Err(SigV4Error::Mismatch) => panic!("the signer and the verifier disagree: {signed:?}"),
            Err(_) => continue,
        }
        let mut changed = signed.clone();
        *changed.body_mut() = [&signed.body()[..], b"x"].concat().into();
        assert!(verified(&changed, service).is_err(), "another body, and accepted");
        let mut changed = signed.clone();
        *changed.method_mut() =
            http::Method::from_bytes(format!("{}X", signed.method()).as_bytes()).expect("a method");
        assert!(verified(&changed, service).is_err(), "another method, and accepted");
        let mut changed = signed;
        changed.headers_mut().insert("x-amz-target", http::HeaderValue::from_static("another"));
        assert!(verified(&changed, service).is_err(), "one more header that acts, and accepted");
    }
});
