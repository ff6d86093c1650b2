//! Reading the claim of an S3 request, with the errors of the S3 API for each mistake.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::{GuardError, Mechanism};
use crate::auth::sigv4::MAX_EXPIRES_SECS;
use crate::auth::sigv4::claim::{ALGORITHM, Claim};
use crate::auth::sigv4::query::Query;

/// Query parameters of a presigned request. AWS reads them in any case, the framework in one.
pub(super) const PRESIGNED_PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

/// The code of every mistake in a presigned query.
pub(super) const QUERY_ERROR: &str = "AuthorizationQueryParametersError";

/// The claim in the `Authorization` header.
pub(super) fn header_claim(headers: &HeaderMap) -> Result<Claim, GuardError> {
    let malformed = |detail: &str| {
        GuardError::bad_request(
            "AuthorizationHeaderMalformed",
            format!("The authorization header is malformed; {detail}"),
        )
    };
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let value = value.ok_or_else(|| malformed("it is not ASCII text."))?;
    // The scheme first: for `AWS id:signature` or `Bearer …` nothing else in the header has a meaning.
    if value.split_ascii_whitespace().next() != Some(ALGORITHM) {
        return Err(GuardError::unsupported_mechanism());
    }
    Claim::from_header(value).map_err(|error| malformed(&error.0))
}

/// The claim of a presigned query, with its life checked.
pub(super) fn query_claim(query: &Query) -> Result<Claim, GuardError> {
    let wrong = |message: &str| GuardError::bad_request(QUERY_ERROR, message);
    if let Some(name) = PRESIGNED_PARAMETERS.iter().find(|name| query.count(name) > 1) {
        return Err(wrong(&format!("{name} must not be repeated.")));
    }
    let claim = Claim::from_query(query).map_err(|error| wrong(&error.0))?;
    if claim.algorithm != ALGORITHM {
        return Err(wrong("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
    }
    let expires = query.only("X-Amz-Expires").unwrap_or_default();
    // Digits first: Rust takes a plus sign too, other readers may not.
    let digits = expires.strip_prefix('-').unwrap_or(expires).bytes().all(|b| b.is_ascii_digit());
    match expires.parse::<i64>() {
        Ok(seconds) if digits && seconds < 0 => Err(wrong("X-Amz-Expires must be non-negative")),
        Ok(seconds) if digits && seconds <= MAX_EXPIRES_SECS => Ok(claim),
        Ok(_) if digits => Err(wrong(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires \
             must be less than 604800 seconds",
        )),
        Ok(_) | Err(_) => Err(wrong("X-Amz-Expires should be a number")),
    }
}

/// Only the service `s3`: the framework would also take `sts`.
pub(super) fn check_service(mechanism: Mechanism, claim: &Claim) -> Result<(), GuardError> {
    let service = &claim.scope.service;
    if service == "s3" {
        return Ok(());
    }
    let detail = format!("incorrect service \"{service}\". This endpoint belongs to \"s3\".");
    Err(match mechanism {
        Mechanism::Header => GuardError::bad_request(
            "AuthorizationHeaderMalformed",
            format!("The authorization header is malformed; {detail}"),
        ),
        Mechanism::Query => GuardError::bad_request(
            QUERY_ERROR,
            format!("Error parsing the X-Amz-Credential parameter; {detail}"),
        ),
    })
}
