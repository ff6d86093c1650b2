//! Why a signature was not accepted.

use super::claim::ClaimError;
use super::timestamp::Timestamp;

/// Why a signature was not accepted, without the code of any API.
///
/// The texts are those of AWS and are safe to answer: none tells what the right signature would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// The request is not signed.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// The signature's parameters cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// Another algorithm than `AWS4-HMAC-SHA256`.
    #[error("Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is supported.")]
    UnsupportedAlgorithm,
    /// Signed for another service or another day.
    #[error("{0}")]
    WrongScope(String),
    /// A header that acts is not covered by the signature.
    #[error("'{name}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderNotSigned {
        /// The header.
        name: String,
    },
    /// A covered header did not arrive, or is listed twice.
    #[error("The signed header '{name}' is missing or repeated.")]
    SignedHeaderMissing {
        /// The name as listed.
        name: String,
    },
    /// Nobody has this access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey {
        /// The access key id.
        access_key_id: String,
    },
    /// The clocks differ by more than [`super::MAX_SKEW_SECS`].
    #[error("{}", skew_text(request_time, server_time))]
    Skewed {
        /// The time in the request.
        request_time: Timestamp,
        /// The time here.
        server_time: Timestamp,
    },
    /// A presigned request whose life is over.
    #[error("Request has expired.")]
    Expired,
    /// The body is not the one whose hash is in `x-amz-content-sha256`.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    PayloadMismatch,
    /// The signature is not the one that this key makes for this request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SigV4Error {
    pub(super) fn skewed(request_time: &Timestamp, now_unix: i64) -> Self {
        Self::Skewed {
            request_time: request_time.clone(),
            server_time: Timestamp::from_unix(now_unix),
        }
    }
}

impl From<ClaimError> for SigV4Error {
    fn from(error: ClaimError) -> Self {
        Self::Malformed(error.0)
    }
}

fn skew_text(request: &Timestamp, server: &Timestamp) -> String {
    if request.unix() < server.unix() {
        format!(
            "Signature expired: {request} is now earlier than {} ({server} - 15 min.)",
            Timestamp::from_unix(server.unix().saturating_sub(super::MAX_SKEW_SECS))
        )
    } else {
        format!(
            "Signature not yet current: {request} is still later than {} ({server} + 15 min.)",
            Timestamp::from_unix(server.unix().saturating_add(super::MAX_SKEW_SECS))
        )
    }
}
