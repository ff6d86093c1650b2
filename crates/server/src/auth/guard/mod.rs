//! A look at the head of an S3 request before the S3 framework sees it.
//!
//! The framework verifies signatures; this closes what its release leaves open (see
//! `docs/decisions/0002-s3-framework.md`). Two rules carry the rest:
//!
//! - *One way in*: Signature Version 4 for the service `s3`, in the header or in the query, once.
//!   Version 2 (replayable), form uploads and anonymous requests stay outside.
//! - *What acts is signed*: `host` and every `x-amz-*` header that arrives is in `SignedHeaders`, and
//!   every name in `SignedHeaders` arrives, as text, spelt exactly so. The framework drops names
//!   that it does not find from both sides of its comparison. Without the second half, anyone who
//!   sees a request could add a header to it and to the list, spelt so that only one of two readers
//!   finds it.
//!
//! The check is pure. It does not verify the signature, the dates or the key: a request that passes
//! here is well-formed, not authentic.

mod error;
mod reading;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode, Uri};

pub use error::GuardError;

use super::sigv4::claim::Claim;
use super::sigv4::query::Query;

/// Headers that decide something and that two readers could take from different copies.
const SINGLE_HEADERS: [&str; 12] = [
    "authorization",
    "content-length",
    "content-md5",
    "content-type",
    "host",
    "if-match",
    "if-none-match",
    "range",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
];

/// Query parameters that only Signature Version 2 uses.
const VERSION_2_PARAMETERS: [&str; 2] = ["AWSAccessKeyId", "Signature"];

/// How a request is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Header,
    Query,
}

/// Checks the head of an S3 request.
///
/// # Errors
///
/// The answer for the caller, by code: `AccessDenied` (not signed at all, or a header that is not),
/// `InvalidRequest` (another mechanism), `InvalidArgument` (two mechanisms, or a repeated header),
/// `AuthorizationHeaderMalformed` and `AuthorizationQueryParametersError` (unreadable, repeated,
/// another service, a life above a week), `InvalidToken` (no session tokens are issued here),
/// `SignatureDoesNotMatch` (a signed header did not arrive), `NotImplemented` (a form upload).
pub fn check(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), GuardError> {
    refuse_broken_escapes(uri)?;
    refuse_form_upload(method, headers)?;
    refuse_repeated_headers(headers)?;
    let query = Query::parse(uri.query().unwrap_or(""));
    let mechanism = mechanism(headers, &query)?;
    if query.has("X-Amz-Security-Token") || headers.contains_key("x-amz-security-token") {
        return Err(GuardError::bad_request(
            "InvalidToken",
            "The provided token is malformed or otherwise invalid.",
        ));
    }
    let claim = match mechanism {
        Mechanism::Header => reading::header_claim(headers)?,
        Mechanism::Query => reading::query_claim(&query)?,
    };
    reading::check_service(mechanism, &claim)?;
    check_signed_headers_arrived(&claim, headers)?;
    check_headers_are_signed(&claim, headers)?;
    refuse_unknown_payload_hash(headers)
}

/// The longest body of a request that is not an object's data: an XML document.
pub const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// Checks the announced length of a request whose body the S3 framework reads into memory.
///
/// # Errors
///
/// `MaxMessageLengthExceeded` for a document of more than [`DOCUMENT_BYTES_MAX`],
/// `MissingContentLength` for one whose length is not announced.
pub fn check_length(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), GuardError> {
    let mut parameters = uri.query().unwrap_or("").split('&').filter(|one| !one.is_empty());
    let is_data = *method == Method::PUT
        && parameters.all(|one| {
            let name = one.split('=').next().unwrap_or(one);
            matches!(name, "x-id" | "partNumber" | "uploadId") || name.starts_with("X-Amz-")
        });
    if !is_data && headers.contains_key(TRANSFER_ENCODING) {
        return Err(GuardError::new(
            "MissingContentLength",
            StatusCode::LENGTH_REQUIRED,
            "You must provide the Content-Length HTTP header.",
        ));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if !is_data && length.is_some_and(|length: u64| length > DOCUMENT_BYTES_MAX) {
        return Err(GuardError::bad_request(
            "MaxMessageLengthExceeded",
            "Your request was too big.",
        ));
    }
    Ok(())
}

/// The framework takes a `%` that begins no escape for itself, and signs it so.
fn refuse_broken_escapes(uri: &Uri) -> Result<(), GuardError> {
    let mut rest = uri.path().as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let escape = rest.get(at + 1..at + 3).unwrap_or_default();
        if escape.len() != 2 || !escape.iter().all(u8::is_ascii_hexdigit) {
            return Err(GuardError::bad_request("InvalidURI", "Couldn't parse the specified URI."));
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    Ok(())
}

fn refuse_unknown_payload_hash(headers: &HeaderMap) -> Result<(), GuardError> {
    let Some(value) = headers.get("x-amz-content-sha256") else { return Ok(()) };
    let value = value.as_bytes();
    let is_hash = value.len() == 64 && value.iter().all(u8::is_ascii_hexdigit);
    if is_hash || value == b"UNSIGNED-PAYLOAD" || value.starts_with(b"STREAMING-") {
        return Ok(());
    }
    Err(GuardError::bad_request(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a \
         valid sha256 value.",
    ))
}

/// A browser's form upload is signed by a field inside its body, which nothing here has read.
fn refuse_form_upload(method: &Method, headers: &HeaderMap) -> Result<(), GuardError> {
    let is_form = headers.get_all(CONTENT_TYPE).iter().any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        value.contains("multipart") && value.contains("form-data")
    });
    if is_form && *method == Method::POST {
        return Err(GuardError::new(
            "NotImplemented",
            StatusCode::NOT_IMPLEMENTED,
            "Uploads by HTML form (POST policies) are not implemented; use PutObject.",
        ));
    }
    Ok(())
}

fn refuse_repeated_headers(headers: &HeaderMap) -> Result<(), GuardError> {
    let repeated = |name: &&str| headers.get_all(*name).iter().nth(1).is_some();
    match SINGLE_HEADERS.iter().find(|name| repeated(name)) {
        Some(name) => Err(GuardError::bad_request(
            "InvalidArgument",
            format!("The header {name} must not be repeated."),
        )),
        None => Ok(()),
    }
}

fn mechanism(headers: &HeaderMap, query: &Query) -> Result<Mechanism, GuardError> {
    let in_header = headers.contains_key(AUTHORIZATION);
    // A token or a date alone is not an attempt to sign, and is refused elsewhere or harmless.
    let presigned = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];
    let in_query = presigned.iter().any(|name| query.has(name));
    let in_version_2_query = VERSION_2_PARAMETERS.iter().any(|name| query.has(name));
    match (in_header, in_query, in_version_2_query) {
        (true, false, false) => Ok(Mechanism::Header),
        (false, true, false) => Ok(Mechanism::Query),
        (false, false, true) => Err(GuardError::unsupported_mechanism()),
        (false, false, false) => {
            Err(GuardError::new("AccessDenied", StatusCode::FORBIDDEN, "Access Denied"))
        }
        (true, true, _) | (true, _, true) | (_, true, true) => Err(GuardError::bad_request(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature \
             query string parameter or the Authorization header should be specified",
        )),
    }
}

fn check_signed_headers_arrived(claim: &Claim, headers: &HeaderMap) -> Result<(), GuardError> {
    let mut seen = Vec::new();
    for name in &claim.signed_headers {
        let arrived = headers.iter().any(|(found, _)| found.as_str() == name);
        let mut values = headers.get_all(name).iter();
        let readable = arrived && values.all(|value| std::str::from_utf8(value.as_bytes()).is_ok());
        if !readable || seen.contains(&name) {
            return Err(GuardError::new(
                "SignatureDoesNotMatch",
                StatusCode::FORBIDDEN,
                format!(
                    "The request signature we calculated does not match the signature you provided. \
                     The signed header '{name}' is missing, repeated or not text: check for a proxy \
                     that changes headers."
                ),
            ));
        }
        seen.push(name);
    }
    Ok(())
}

/// Presigned requests too: AWS refuses `x-amz-*` headers that are not in `X-Amz-SignedHeaders`.
fn check_headers_are_signed(claim: &Claim, headers: &HeaderMap) -> Result<(), GuardError> {
    let mut not_signed: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-") && !claim.covers(name))
        .collect();
    // Also when no `Host` arrived: a signature must be bound to one server.
    if !claim.covers("host") {
        not_signed.push("host");
    }
    if not_signed.is_empty() {
        return Ok(());
    }
    not_signed.sort_unstable();
    let mut error = GuardError::new(
        "AccessDenied",
        StatusCode::FORBIDDEN,
        "There were headers present in the request which were not signed",
    );
    error.headers_not_signed = Some(not_signed.join(", "));
    Err(error)
}

#[cfg(test)]
mod tests;
