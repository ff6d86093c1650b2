//! A presigned request: what the AWS SDK's signer presigns is accepted until it expires, and what was changed is not.
#![no_main]

use bytes::Bytes;
use http::{Request, Uri};
use libfuzzer_sys::fuzz_target;
use statelock_fuzz::key::{self, Signing};
use statelock_fuzz::request;
use statelock_server::auth::guard;
use statelock_server::auth::sigv4::canonical::{PathRule, SignedRequest};
use statelock_server::auth::sigv4::claim::Claim;
use statelock_server::auth::sigv4::query::Query;
use statelock_server::auth::sigv4::{Expected, SigV4Error, Verified, verify};

const NOW: u64 = 1_790_000_000;
/// Beyond the life of what is presigned.
const LATER: u64 = NOW + 601;

fn verified(request: &Request<Bytes>, now: u64) -> Result<Verified, SigV4Error> {
    let (head, body) = request.clone().into_parts();
    let expected = Expected { service: "s3", path_rule: PathRule::AsSent, unsigned_payload: true };
    let now = i64::try_from(now).expect("a time");
    verify(&SignedRequest::new(&head, &body), expected, &key::credentials(), now)
}

/// The same with another parameter in the query.
fn with_parameter(request: &Request<Bytes>) -> Option<Request<Bytes>> {
    let mut changed = request.clone();
    *changed.uri_mut() = format!("{}&versionId=1", request.uri()).parse::<Uri>().ok()?;
    Some(changed)
}

fuzz_target!(|text: &[u8]| {
    if let Ok(text) = std::str::from_utf8(text) {
        let query = Query::parse(text);
        let _ = Claim::from_query(&query);
        assert!(query.pairs().count() <= text.len() + 1);
    }
    let Some(plain) = request::parse(text) else {
        return;
    };
    assert!(verified(&plain, NOW).is_err(), "unsigned, and accepted");
    let is_signed_as_sent = request::is_canonical_path(plain.uri().path());
    if !is_signed_as_sent || !request::is_text(plain.uri().query()) {
        return;
    }
    let Some(signed) = key::signed(plain, "s3", Signing::Query, NOW) else {
        return;
    };
    let _ = guard::check(signed.method(), signed.uri(), signed.headers());
    match verified(&signed, NOW) {
        Ok(verified) => assert_eq!(verified.access_key_id, key::ID),
        Err(SigV4Error::Mismatch) => panic!("the signer and the verifier disagree: {signed:?}"),
        Err(_) => return,
    }
    assert!(verified(&signed, LATER).is_err(), "expired, and accepted");
    if let Some(changed) = with_parameter(&signed) {
        assert!(verified(&changed, NOW).is_err(), "one more parameter, and accepted");
    }
});
