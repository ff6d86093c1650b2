//! Requests that no verb sends: those that configure buckets and tables.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use serde_json::Value;
use ureq::http::Request;

use crate::stage::Stage;

/// Configures the bucket: `PUT /tfstate?WHAT`.
#[track_caller]
pub(crate) fn configure(stage: &Stage, what: &str, body: &str) {
    let request =
        Request::builder().method("PUT").uri(format!("{}/tfstate?{what}", stage.server.endpoint()));
    let (status, said) = send(stage, request, "s3", body);
    assert!((200..300).contains(&status), "{what}: {status} {said}");
}

/// Removes a setting of the bucket: `DELETE /tfstate?WHAT`.
#[track_caller]
pub(crate) fn remove(stage: &Stage, what: &str) {
    let uri = format!("{}/tfstate?{what}", stage.server.endpoint());
    let request = Request::builder().method("DELETE").uri(uri);
    let (status, said) = send(stage, request, "s3", "");
    assert!((200..300).contains(&status), "{what}: {status} {said}");
}

/// Asks the lock table's API.
#[track_caller]
pub(crate) fn dynamodb(stage: &Stage, operation: &str, body: &Value) {
    let request = Request::builder()
        .method("POST")
        .uri(format!("{}/", stage.server.endpoint()))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    let (status, said) = send(stage, request, "dynamodb", &body.to_string());
    assert_eq!(status, 200, "{operation}: {said}");
}

#[expect(clippy::disallowed_methods, reason = "a signature says when it was made")]
fn send(
    stage: &Stage,
    request: ureq::http::request::Builder,
    service: &'static str,
    body: &str,
) -> (u16, String) {
    let host = stage.server.endpoint().trim_start_matches("http://").to_owned();
    let mut request = request.header("host", host).body(body.to_owned()).expect("a request");
    let (id, secret) = stage.server.credentials();
    let identity = Credentials::new(id, secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(std::time::SystemTime::now())
        .settings(settings)
        .build()
        .expect("all that a signature needs");
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable = SignableRequest::new(&method, &uri, headers, body).expect("a request");
    let signed = sign(signable, &params.into()).expect("a signature");
    signed.into_parts().0.apply_to_request_http1x(&mut request);
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    let mut answer = config.build().new_agent().run(request).expect("an answer");
    let said = answer.body_mut().read_to_string().expect("the answer's body");
    (answer.status().as_u16(), said)
}
