//! What the S3 framework accepts by itself, and that the guard in front of it does not.
//!
//! Each case starts from a request that a key holder signed, seen by somebody who has no key, and is
//! changed by that somebody. The framework serves no operation here: 501 says that it accepted the
//! signature and went on. When the framework is updated and a case here answers 403 instead, its hole
//! is closed there too; `docs/decisions/0002-s3-framework.md` says what may then go.

#![expect(clippy::unwrap_used, reason = "a request that cannot be built fails the test")]

use std::time::SystemTime;

use aws_credential_types::Credentials as Key;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::Request;
use s3s::service::{S3Service, S3ServiceBuilder};
use statelock_server::auth::credentials::{AccessKey, Credentials};
use statelock_server::auth::guard::{self, GuardError};

const ID: &str = "SLEXAMPLE";
const SECRET: &str = "a-secret-of-some-length";

/// Serves no operation: every one that passes authentication answers 501.
#[derive(Debug)]
struct NoOperations;

impl s3s::S3 for NoOperations {}

fn framework() -> S3Service {
    let key = AccessKey::new(ID, SECRET).unwrap();
    let mut builder = S3ServiceBuilder::new(NoOperations);
    builder.set_auth(Credentials::in_memory(key));
    builder.build()
}

/// What the framework answers, and what the guard says.
async fn asked(request: Request<()>) -> (u16, Result<(), GuardError>) {
    let guarded = guard::check(request.method(), request.uri(), request.headers());
    let request = request.map(|()| s3s::Body::empty());
    let response = framework().call(request).await.unwrap();
    (response.status().as_u16(), guarded)
}

/// `GET /bucket/key`, signed by the AWS SDK's signer for this moment: the framework reads the clock.
#[expect(clippy::disallowed_methods, reason = "the framework asks the system's clock, so must we")]
fn signed(service: &str) -> Request<()> {
    let key = Key::new(ID, SECRET, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    let params = SigningParams::builder().identity(&key).region("us-east-1").name(service);
    let params = params.time(SystemTime::now()).settings(settings).build().unwrap();
    let uri = "http://127.0.0.1:9000/bucket/key";
    let host = [("host", "127.0.0.1:9000")].into_iter();
    let signable = SignableRequest::new("GET", uri, host, SignableBody::Bytes(b"")).unwrap();
    let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
    let mut request =
        Request::get("/bucket/key").header("host", "127.0.0.1:9000").body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// Adds a header, and a name to the list of signed ones; the signature stays as it was.
fn with_header_and_name(header: &'static str, value: &[u8], name: &str) -> Request<()> {
    let mut request = signed("s3");
    let headers = request.headers_mut();
    headers.insert(header, http::HeaderValue::from_bytes(value).unwrap());
    let authorization = headers["authorization"].to_str().unwrap();
    let longer =
        authorization.replace("SignedHeaders=host;", &format!("SignedHeaders=host;{name};"));
    assert_ne!(longer, authorization);
    headers.insert("authorization", longer.parse().unwrap());
    request
}

#[tokio::test]
async fn both_accept_what_the_key_holder_signed() {
    let (status, guarded) = asked(signed("s3")).await;
    assert_eq!((status, guarded), (501, Ok(())));
}

#[tokio::test]
async fn the_framework_checks_signatures_at_all() {
    let mut request = signed("s3");
    *request.uri_mut() = "/bucket/other".parse().unwrap();
    let (status, guarded) = asked(request).await;
    assert_eq!((status, guarded), (403, Ok(())), "the guard verifies nothing");
}

#[tokio::test]
async fn an_unsigned_header_that_acts() {
    let mut request = signed("s3");
    request.headers_mut().insert("x-amz-server-side-encryption", "AES256".parse().unwrap());
    let (status, guarded) = asked(request).await;
    assert_eq!(status, 501, "the framework accepts it");
    assert_eq!(guarded.unwrap_err().code, "AccessDenied");
}

#[tokio::test]
async fn a_header_that_is_only_claimed_to_be_signed() {
    let cases: [(&str, &[u8], &str, &str); 3] = [
        ("x-amz-acl", b"private", "X-Amz-Acl", "SignatureDoesNotMatch"),
        ("x-amz-acl", b"private", "x-amz-acl ", "AuthorizationHeaderMalformed"),
        ("x-amz-meta-a", b"\xff", "x-amz-meta-a", "SignatureDoesNotMatch"),
    ];
    for (header, value, name, code) in cases {
        let (status, guarded) = asked(with_header_and_name(header, value, name)).await;
        assert_eq!(status, 501, "{name:?}: the framework accepts it");
        assert_eq!(guarded.unwrap_err().code, code, "{name:?}");
    }
    // The plain lie is found by both.
    let (status, guarded) = asked(with_header_and_name("x-amz-acl", b"private", "x-amz-acl")).await;
    assert_eq!((status, guarded), (403, Ok(())));
}

#[tokio::test]
async fn a_signature_for_another_service() {
    let (status, guarded) = asked(signed("sts")).await;
    assert_eq!(status, 501, "the framework accepts it");
    assert_eq!(guarded.unwrap_err().code, "AuthorizationHeaderMalformed");
}

#[tokio::test]
async fn another_algorithm() {
    let mut request = signed("s3");
    let value =
        request.headers()["authorization"].to_str().unwrap().replace("AWS4-HMAC-SHA256", "AWS5");
    request.headers_mut().insert("authorization", value.parse().unwrap());
    let (status, guarded) = asked(request).await;
    assert_eq!(status, 501, "the framework does not read the name of the algorithm");
    assert_eq!(guarded.unwrap_err().code, "InvalidRequest");
}

#[tokio::test]
async fn a_version_2_signature_of_last_century() {
    use base64::Engine as _;
    use hmac::{KeyInit as _, Mac as _};
    let date = "Fri, 31 Dec 1999 23:59:59 GMT";
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("GET\n\n\n{date}\n/bucket/key").as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let request = Request::get("/bucket/key")
        .header("host", "127.0.0.1:9000")
        .header("date", date)
        .header("authorization", format!("AWS {ID}:{signature}"))
        .body(())
        .unwrap();
    let (status, guarded) = asked(request).await;
    assert_eq!(status, 501, "the framework accepts it, at any later time");
    assert_eq!(guarded.unwrap_err().code, "InvalidRequest");
}
