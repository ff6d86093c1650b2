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

use http::header::{AUTHORIZATION, CONTENT_TYPE};
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
    check_headers_are_signed(&claim, headers)
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
        (false, false, false) => Err(GuardError::new(
            "AccessDenied",
            StatusCode::FORBIDDEN,
            "Access Denied",
        )),
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
