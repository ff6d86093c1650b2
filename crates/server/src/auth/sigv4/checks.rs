//! What a claim must satisfy before its signature is worth computing.

use http::HeaderMap;

use super::canonical::SignedRequest;
use super::claim::Claim;
use super::query::Query;
use super::timestamp::Timestamp;
use super::{MAX_EXPIRES_SECS, MAX_SKEW_SECS, SigV4Error, signature};

/// The header with the hash of the body.
pub(super) const CONTENT_HASH: &str = "x-amz-content-sha256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The scope names the service at hand and the day of the request.
pub(super) fn scope(claim: &Claim, service: &str, stamp: &Timestamp) -> Result<(), SigV4Error> {
    if claim.scope.service != service {
        return Err(SigV4Error::WrongScope(format!(
            "Credential should be scoped to correct service: '{service}'."
        )));
    }
    if claim.scope.date != stamp.day() {
        return Err(SigV4Error::WrongScope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{}' != '{}'.",
            claim.scope.date,
            stamp.day()
        )));
    }
    Ok(())
}

/// Every listed header arrived, spelt exactly so and once in the list; `host` and every `x-amz-*`
/// header that arrived is listed.
pub(super) fn signed_headers(claim: &Claim, headers: &HeaderMap) -> Result<(), SigV4Error> {
    for (index, name) in claim.signed_headers.iter().enumerate() {
        let arrived = headers.keys().any(|found| found.as_str() == name);
        if !arrived || claim.signed_headers.iter().skip(index + 1).any(|other| other == name) {
            return Err(SigV4Error::SignedHeaderMissing { name: name.clone() });
        }
    }
    let acts = |name: &str| name.starts_with("x-amz-");
    let mut open = headers.keys().map(http::HeaderName::as_str).filter(|name| acts(name));
    let open = open.find(|name| !claim.covers(name));
    match open.or_else(|| (!claim.covers("host")).then_some("host")) {
        Some(name) => Err(SigV4Error::HeaderNotSigned { name: name.to_owned() }),
        None => Ok(()),
    }
}

/// The life of a presigned request has begun and is not over.
pub(super) fn life(query: &Query, stamp: &Timestamp, now_unix: i64) -> Result<(), SigV4Error> {
    let seconds =
        query.only("X-Amz-Expires").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let seconds = seconds.and_then(|text| text.parse::<i64>().ok());
    let Some(seconds) = seconds.filter(|seconds| *seconds <= MAX_EXPIRES_SECS) else {
        return Err(SigV4Error::Malformed(format!(
            "X-Amz-Expires must be a number of seconds from 0 to {MAX_EXPIRES_SECS}."
        )));
    };
    if stamp.unix() > now_unix.saturating_add(MAX_SKEW_SECS) {
        return Err(SigV4Error::skewed(stamp, now_unix));
    }
    if now_unix > stamp.unix().saturating_add(seconds) {
        return Err(SigV4Error::Expired);
    }
    Ok(())
}

/// The payload line of the canonical request: the hash of the body that arrived, or the marker.
pub(super) fn payload_hash(
    request: &SignedRequest<'_>,
    unsigned_allowed: bool,
    presigned: bool,
) -> Result<String, SigV4Error> {
    let arrived = signature::sha256_hex(request.body);
    match request.headers.get(CONTENT_HASH).map(http::HeaderValue::as_bytes) {
        Some(value) if value == arrived.as_bytes() => Ok(arrived),
        Some(value) if value == UNSIGNED_PAYLOAD.as_bytes() && unsigned_allowed => {
            Ok(UNSIGNED_PAYLOAD.to_owned())
        }
        Some(_) => Err(SigV4Error::PayloadMismatch),
        None if presigned && unsigned_allowed => Ok(UNSIGNED_PAYLOAD.to_owned()),
        None => Ok(arrived),
    }
}
