//! Every way in which the engine refuses, as S3 says it.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use s3s::{S3Error, S3ErrorCode};

use crate::engine::{BodyError, EngineError};
use crate::records::{ChecksumAlgorithm, VersionRecord};
use crate::storage::StorageError;

/// Carries the failed condition to the place where error bodies are completed; never sent.
pub(crate) const CONDITION_HEADER: HeaderName =
    HeaderName::from_static("x-statelock-failed-condition");

/// Puts a code and a message together.
pub(super) fn s3_error(code: S3ErrorCode, message: impl Into<String>) -> S3Error {
    S3Error::with_message(code, message.into())
}

/// A code that the framework does not know, with its status.
pub(super) fn custom_error(
    code: &'static str,
    status: http::StatusCode,
    message: impl Into<String>,
) -> S3Error {
    let mut error = s3_error(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

/// What this server does not do.
pub(super) fn not_implemented(what: &str) -> S3Error {
    let message =
        format!("A header you provided implies functionality that is not implemented: {what}");
    s3_error(S3ErrorCode::NotImplemented, message)
}

/// An engine's refusal in S3's words.
pub(super) fn from_engine(error: EngineError) -> S3Error {
    match error {
        EngineError::NoSuchBucket => {
            s3_error(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist")
        }
        EngineError::NoSuchKey => {
            s3_error(S3ErrorCode::NoSuchKey, "The specified key does not exist.")
        }
        EngineError::NoSuchVersion => {
            s3_error(S3ErrorCode::NoSuchVersion, "The specified version does not exist.")
        }
        EngineError::IsDeleteMarker => s3_error(
            S3ErrorCode::MethodNotAllowed,
            "The specified method is not allowed against this resource.",
        ),
        EngineError::NoSuchUpload => s3_error(
            S3ErrorCode::NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed.",
        ),
        EngineError::BucketExists => s3_error(
            S3ErrorCode::BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it.",
        ),
        EngineError::BucketNotEmpty => s3_error(
            S3ErrorCode::BucketNotEmpty,
            "The bucket you tried to delete is not empty. You must delete all versions in the \
             bucket.",
        ),
        EngineError::PreconditionFailed(condition) => precondition_failed(condition),
        EngineError::LockRefused(message) => s3_error(S3ErrorCode::PreconditionFailed, message),
        EngineError::WriteRefused(refused) => {
            custom_error("StateWriteRefused", http::StatusCode::CONFLICT, refused.message)
        }
        EngineError::LockfileInParts => {
            not_implemented("a multipart upload of a lockfile: write it in one piece")
        }
        EngineError::InvalidPart(_) => s3_error(
            S3ErrorCode::InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been \
             uploaded, or the specified entity tag may not match the part's entity tag.",
        ),
        EngineError::InvalidPartOrder => s3_error(
            S3ErrorCode::InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ),
        EngineError::PartTooSmall { number, size } => s3_error(
            S3ErrorCode::EntityTooSmall,
            format!(
                "Your proposed upload is smaller than the minimum allowed size: part {number} has \
                 {size} bytes, and every part but the last needs 5242880."
            ),
        ),
        EngineError::ObjectChecksumMismatch => s3_error(
            S3ErrorCode::BadDigest,
            "The checksum you specified for the object did not match the calculated checksum.",
        ),
        EngineError::TooLarge(limit) => s3_error(
            S3ErrorCode::EntityTooLarge,
            format!("Your proposed upload exceeds the maximum allowed size of {limit} bytes."),
        ),
        EngineError::Body(error) => from_body(&error),
        EngineError::Randomness(_) => internal(),
        EngineError::Storage(error) => from_storage(&error),
    }
}

/// S3's answer to a condition that does not hold, with the condition's name in the error body.
pub(super) fn precondition_failed(condition: &'static str) -> S3Error {
    let mut error = s3_error(
        S3ErrorCode::PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold",
    );
    error.set_headers(xml_headers([(CONDITION_HEADER, HeaderValue::from_static(condition))]));
    error
}

/// S3's answer to a read that meets a delete marker.
pub(super) fn delete_marker(version: &VersionRecord, named: bool) -> S3Error {
    let mut error =
        from_engine(if named { EngineError::IsDeleteMarker } else { EngineError::NoSuchKey });
    let mut headers = xml_headers(
        [(HeaderName::from_static("x-amz-delete-marker"), "true".parse().ok())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if let Ok(id) = HeaderValue::from_str(&version.id.to_string()) {
        headers.insert(HeaderName::from_static("x-amz-version-id"), id);
    }
    if named {
        headers.insert(header::ALLOW, HeaderValue::from_static("DELETE"));
    }
    error.set_headers(headers);
    error
}

/// Headers of an error; the framework replaces its own by them.
fn xml_headers(more: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.extend(more);
    headers
}

fn from_body(error: &BodyError) -> S3Error {
    match error {
        BodyError::Incomplete(_) => s3_error(
            S3ErrorCode::IncompleteBody,
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        ),
        BodyError::Sha256Mismatch => custom_error(
            "XAmzContentSHA256Mismatch",
            http::StatusCode::BAD_REQUEST,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        BodyError::ChunkSignature => s3_error(
            S3ErrorCode::SignatureDoesNotMatch,
            "The signature of a chunk of the body does not match the signature we calculated.",
        ),
        BodyError::Encoding(_) => s3_error(
            S3ErrorCode::InvalidRequest,
            "The aws-chunked encoding of the body is malformed.",
        ),
        BodyError::Md5Mismatch => s3_error(
            S3ErrorCode::BadDigest,
            "The Content-MD5 you specified did not match what we received.",
        ),
        BodyError::ChecksumMismatch(algorithm) => s3_error(
            S3ErrorCode::BadDigest,
            format!(
                "The {} you specified did not match the calculated checksum.",
                algorithm_name(*algorithm)
            ),
        ),
        BodyError::Stalled => s3_error(
            S3ErrorCode::RequestTimeout,
            "Your socket connection to the server was not read from or written to within the \
             timeout period.",
        ),
    }
}

/// A failure of the storage: retried by clients only where nothing was done.
fn from_storage(error: &StorageError) -> S3Error {
    tracing::error!(%error, "the storage engine failed");
    match error {
        StorageError::Full(_) => s3_error(
            S3ErrorCode::ServiceUnavailable,
            "The server's disk is full. Nothing was changed.",
        ),
        StorageError::Closed => s3_error(
            S3ErrorCode::ServiceUnavailable,
            "The server is shutting down. Nothing was changed.",
        ),
        StorageError::Failed(_) => s3_error(
            S3ErrorCode::ServiceUnavailable,
            "The server's storage failed. Nothing was changed.",
        ),
        StorageError::Corrupt(_) => s3_error(
            S3ErrorCode::InternalError,
            "Stored data is damaged; the server's log names the record. Nothing damaged is served.",
        ),
        StorageError::OutcomeUnknown(_) | StorageError::ReadOnly => internal(),
    }
}

pub(super) fn internal() -> S3Error {
    s3_error(S3ErrorCode::InternalError, "We encountered an internal error. Please try again.")
}

/// An algorithm as S3 spells it.
pub(super) const fn algorithm_name(algorithm: ChecksumAlgorithm) -> &'static str {
    match algorithm {
        ChecksumAlgorithm::Crc32 => "CRC32",
        ChecksumAlgorithm::Crc32c => "CRC32C",
        ChecksumAlgorithm::Crc64nvme => "CRC64NVME",
        ChecksumAlgorithm::Sha1 => "SHA1",
        ChecksumAlgorithm::Sha256 => "SHA256",
    }
}
