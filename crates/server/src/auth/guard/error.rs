//! The answers of the guard, with the codes and sentences of the S3 API.

use http::StatusCode;

/// Why a request stays outside, in the terms of the S3 API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct GuardError {
    /// The S3 error code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The text for the caller.
    pub message: String,
    /// The content of the element `HeadersNotSigned`, where S3 sends one.
    pub headers_not_signed: Option<String>,
}

impl GuardError {
    pub(super) fn new(code: &'static str, status: StatusCode, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), headers_not_signed: None }
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, StatusCode::BAD_REQUEST, message)
    }
    pub(super) fn unsupported_mechanism() -> Self {
        Self::bad_request(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use \
             AWS4-HMAC-SHA256.",
        )
    }
}
