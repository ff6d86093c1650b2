//! One access key, and the AWS SDK's own signer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use statelock_server::auth::credentials::{AccessKey, Credentials};

/// The id of the key.
pub const ID: &str = "SLFUZZ";
/// Its secret.
pub const SECRET: &str = "a-secret-of-the-fuzz-targets";
const REGION: &str = "us-east-1";
/// How long a presigned request lives.
const PRESIGNED_FOR: Duration = Duration::from_secs(600);

/// The key as the server takes it.
pub fn access_key() -> AccessKey {
    AccessKey::new(ID, SECRET).expect("a key")
}

/// What the server knows: this key alone.
pub fn credentials() -> Credentials {
    Credentials::in_memory(access_key())
}

/// Where the signature goes, and what it covers of the body.
#[derive(Clone, Copy, Debug)]
pub enum Signing<'a> {
    /// In the `Authorization` header, over the body.
    Header,
    /// In the `Authorization` header, with this text in the place of the body's hash.
    Declared(&'a str),
    /// In the query, over no body.
    Query,
}

/// Signs a request for `service` at a time in seconds since 1970, as the AWS SDKs do. `None` if the signer refuses it.
pub fn signed(
    request: Request<Bytes>,
    service: &str,
    signing: Signing<'_>,
    unix_seconds: u64,
) -> Option<Request<Bytes>> {
    let identity = SdkCredentials::new(ID, SECRET, None, None, "fuzz").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(UNIX_EPOCH + Duration::from_secs(unix_seconds))
        .settings(settings(service, signing))
        .build()
        .expect("all parameters are set");
    let (mut head, body) = request.into_parts();
    let uri = head.uri.to_string();
    let headers: Option<Vec<(String, String)>> = head
        .headers
        .iter()
        .map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let headers = headers?;
    let covered = match signing {
        Signing::Header => SignableBody::Bytes(&body),
        Signing::Declared(text) => SignableBody::Precomputed(text.to_owned()),
        Signing::Query => SignableBody::UnsignedPayload,
    };
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(head.method.as_str(), uri, pairs, covered).ok()?;
    let (instructions, _) = sign(signable, &params.into()).ok()?.into_parts();
    let mut request = Request::new(());
    std::mem::swap(request.method_mut(), &mut head.method);
    std::mem::swap(request.uri_mut(), &mut head.uri);
    std::mem::swap(request.headers_mut(), &mut head.headers);
    instructions.apply_to_request_http1x(&mut request);
    Some(request.map(|()| body))
}

fn settings(service: &str, signing: Signing<'_>) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if matches!(signing, Signing::Query) {
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(PRESIGNED_FOR);
    }
    settings
}

/// The present time, in seconds since 1970: the server asks its own clock.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}
