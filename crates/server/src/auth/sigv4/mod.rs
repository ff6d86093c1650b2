//! Signature Version 4, verified for the services that the S3 framework does not serve.
//!
//! Steps: find the claim in the `Authorization` header or the query ([`claim`]); refuse what it
//! leaves open (the scope, the date, headers that act and are not signed); rebuild the canonical
//! request from what arrived ([`canonical`]); sign it with the secret of the claimed key; compare.
//!
//! Time is an argument, bodies are given whole, and there is no way to accept a request without a
//! signature. Session tokens are signed like any header or parameter and reported in [`Verified`]:
//! whether one is welcome is the caller's decision.

pub mod canonical;
mod checks;
pub mod claim;
mod error;
pub mod query;
mod signature;
pub mod timestamp;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::credentials::Credentials;
use canonical::{PathRule, SignedRequest};
use claim::{ALGORITHM, Claim};
use query::Query;
use timestamp::Timestamp;

pub use error::SigV4Error;

/// How far the clocks of a client and of this server may differ, in seconds.
pub const MAX_SKEW_SECS: i64 = 15 * 60;
/// The longest life of a presigned request, in seconds: a week.
pub const MAX_EXPIRES_SECS: i64 = 7 * 24 * 60 * 60;

/// Two readers must not be able to take these from different copies.
const SINGLE_HEADERS: [&str; 5] =
    ["authorization", "host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/// What the service at hand demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The service name in the credential scope.
    pub service: &'a str,
    /// How the path is brought into canonical form.
    pub path_rule: PathRule,
    /// Whether the body may stay outside the signature, as `UNSIGNED-PAYLOAD`.
    pub unsigned_payload: bool,
}

impl<'a> Expected<'a> {
    /// The rules of every service but S3: a normalised path, a signed body.
    pub fn service(service: &'a str) -> Self {
        Self { service, path_rule: PathRule::Normalised, unsigned_payload: false }
    }
}

/// A request whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The access key that signed it.
    pub access_key_id: String,
    /// Whether it carries a session token.
    pub has_session_token: bool,
}

/// Verifies that `request` was signed with a known key, for `expected`, at about `now_unix`.
///
/// # Errors
///
/// See [`SigV4Error`]; each API maps it to its own codes.
pub fn verify(
    request: &SignedRequest<'_>,
    expected: Expected<'_>,
    credentials: &Credentials,
    now_unix: i64,
) -> Result<Verified, SigV4Error> {
    let query = Query::parse(request.query);
    let claimed = claimed(request.headers, &query, expected.service, credentials, now_unix)?;
    let Claimed { claim, stamp, presigned, secret } = claimed;
    let payload = checks::payload_hash(request, expected.unsigned_payload, presigned)?;
    let canonical =
        canonical::request(request, expected.path_rule, &query, &claim, presigned, &payload);
    if !signature::matches(&claim, &stamp, secret, &canonical) {
        return Err(SigV4Error::Mismatch);
    }
    let has_session_token =
        query.has("X-Amz-Security-Token") || request.headers.contains_key("x-amz-security-token");
    Ok(Verified { access_key_id: claim.scope.access_key_id, has_session_token })
}

/// Checks what can be checked of a request before its body arrives: that it claims a known key, for
/// `expected`, at about `now_unix`. It proves nothing: neither key IDs nor dates are secret.
///
/// # Errors
///
/// Those that [`verify`] finds before it looks at the body.
pub fn check_claim(
    head: &http::request::Parts,
    expected: Expected<'_>,
    credentials: &Credentials,
    now_unix: i64,
) -> Result<(), SigV4Error> {
    let query = Query::parse(head.uri.query().unwrap_or_default());
    claimed(&head.headers, &query, expected.service, credentials, now_unix).map(|_| ())
}

/// A claim that is worth a signature.
struct Claimed<'a> {
    claim: Claim,
    stamp: Timestamp,
    presigned: bool,
    secret: &'a str,
}

fn claimed<'a>(
    headers: &HeaderMap,
    query: &Query,
    service: &str,
    credentials: &'a Credentials,
    now_unix: i64,
) -> Result<Claimed<'a>, SigV4Error> {
    let (claim, presigned) = find_claim(headers, query)?;
    let stamp = find_timestamp(headers, query, presigned)?;
    checks::scope(&claim, service, &stamp)?;
    checks::signed_headers(&claim, headers)?;
    let secret = credentials.secret_of(&claim.scope.access_key_id).ok_or_else(|| {
        SigV4Error::UnknownKey { access_key_id: claim.scope.access_key_id.clone() }
    })?;
    if presigned {
        checks::life(query, &stamp, now_unix)?;
    } else if stamp.unix().abs_diff(now_unix) > MAX_SKEW_SECS.unsigned_abs() {
        return Err(SigV4Error::skewed(&stamp, now_unix));
    }
    Ok(Claimed { claim, stamp, presigned, secret })
}

/// The claim, and whether it stands in the query.
fn find_claim(headers: &HeaderMap, query: &Query) -> Result<(Claim, bool), SigV4Error> {
    let repeated = |name: &&str| headers.get_all(*name).iter().nth(1).is_some();
    if let Some(name) = SINGLE_HEADERS.iter().find(|name| repeated(name)) {
        return Err(SigV4Error::Malformed(format!("The header '{name}' must not be repeated.")));
    }
    let in_query = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];
    let in_query = in_query.iter().any(|name| query.has(name));
    let (claim, presigned) = match (headers.get(AUTHORIZATION), in_query) {
        (None, false) => return Err(SigV4Error::Missing),
        (Some(_), true) => {
            return Err(SigV4Error::Malformed(
                "Only one of the Authorization header and the X-Amz-* query parameters may be given."
                    .to_owned(),
            ));
        }
        (None, true) => (Claim::from_query(query)?, true),
        (Some(value), false) => {
            let text = value.to_str().unwrap_or_default();
            if text.split_ascii_whitespace().next() != Some(ALGORITHM) {
                return Err(SigV4Error::UnsupportedAlgorithm);
            }
            (Claim::from_header(text)?, false)
        }
    };
    if claim.algorithm == ALGORITHM {
        Ok((claim, presigned))
    } else {
        Err(SigV4Error::UnsupportedAlgorithm)
    }
}

fn find_timestamp(
    headers: &HeaderMap,
    query: &Query,
    presigned: bool,
) -> Result<Timestamp, SigV4Error> {
    let text = if presigned {
        query.only("X-Amz-Date")
    } else {
        headers.get("x-amz-date").and_then(|value| value.to_str().ok())
    };
    text.and_then(Timestamp::parse).ok_or_else(|| {
        SigV4Error::Malformed(
            "Date must be in ISO-8601 'basic format', 'YYYYMMDDTHHMMSSZ', in X-Amz-Date."
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests;
