//! Why a request was not done, as JSON.
//!
//! Terraform shows its user the status only, and sometimes less; the words are for whoever looks with
//! curl or into Terraform's trace. The statuses are those that Terraform has words for.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde::Serialize;
use statelock_protocol::lock::unified::{Facet, Hold};

use crate::api::json_answer::{self, ErrorText, storage_failure};
use crate::auth::basic::{self, BasicError};
use crate::engine::{BodyError, EngineError, RefusedWriteKind};
use crate::storage::StorageError;

/// Why a request was not done. `code` is what programs look at.
#[derive(Clone, Debug)]
pub(super) struct HttpError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: &'static str,
    header: Option<(HeaderName, &'static str)>,
    /// Who holds the lock, where that is the reason.
    holder: Option<Box<Hold>>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<serde_json::Value>,
}

impl HttpError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { status, code, message: message.into(), hint, header: None, holder: None }
    }

    pub(super) fn bad_request(message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message, hint)
    }

    pub(super) fn address(what: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_address",
            format!("the address is of no use: {what}"),
            "write it as /_statelock/state/BUCKET/KEY, percent-encoded",
        )
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        Self {
            header: Some((header::ALLOW, allowed)),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                format!("only {allowed} are answered here"),
                "correct the method or the address in the backend's configuration",
            )
        }
    }

    pub(super) fn packed() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body has a Content-Encoding",
            "send the body as it is",
        )
    }

    pub(super) fn md5_mismatch() -> Self {
        EngineError::Body(BodyError::Md5Mismatch).into()
    }

    pub(super) fn no_state() -> Self {
        EngineError::NoSuchKey.into()
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed on this request",
            "look into the server's log",
        )
    }

    /// The answer.
    pub(super) fn render(self) -> Response<Body> {
        let error = ErrorText { code: self.code, message: &self.message, hint: self.hint };
        let info = self.holder.map(|hold| hold.shown_through(Facet::Http));
        let holder = info.and_then(|info| serde_json::from_slice(&info).ok());
        let mut response = json_answer::json(self.status, &ErrorDocument { error, holder });
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<BasicError> for HttpError {
    fn from(error: BasicError) -> Self {
        // Terraform says "requires auth" to 401 and "invalid auth" to 403.
        let (status, code) = match error {
            BasicError::Missing | BasicError::Malformed => {
                (StatusCode::UNAUTHORIZED, "unauthenticated")
            }
            BasicError::Wrong => (StatusCode::FORBIDDEN, "wrong_credentials"),
        };
        let hint = "use the access key of the server's `DIR/credentials` as username and password";
        let header = Some((header::WWW_AUTHENTICATE, basic::CHALLENGE));
        Self { header, ..Self::new(status, code, error.to_string(), hint) }
    }
}

impl From<EngineError> for HttpError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Storage(error) => from_storage(&error, message),
            EngineError::Body(error) => from_body(&error, message),
            EngineError::Randomness(_) => {
                tracing::error!(%message, "a request failed");
                Self::internal()
            }
            EngineError::NoSuchBucket => Self::new(
                StatusCode::NOT_FOUND,
                "no_such_bucket",
                "the bucket that the address names does not exist",
                "correct the address, or make the bucket with an S3 client",
            ),
            EngineError::NoSuchKey | EngineError::NoSuchVersion | EngineError::IsDeleteMarker => {
                let message = "there is no state at this address";
                Self::new(StatusCode::NOT_FOUND, "no_state", message, "write one")
            }
            EngineError::LockRefused(_) => {
                Self::new(StatusCode::CONFLICT, "lock_refused", message, "look who holds the lock")
            }
            EngineError::WriteRefused(refused) => {
                let (status, code) = match refused.kind {
                    RefusedWriteKind::Locked => (StatusCode::LOCKED, "locked"),
                    RefusedWriteKind::LockGone => (StatusCode::CONFLICT, "lock_gone"),
                    RefusedWriteKind::Conflict => (StatusCode::CONFLICT, "state_conflict"),
                };
                let holder = refused.holder.map(Box::new);
                Self { holder, ..Self::new(status, code, message, "do what the message says") }
            }
            EngineError::TooLarge(_) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                message,
                "raise the server's --body-size-bytes-max",
            ),
            EngineError::BucketExists
            | EngineError::BucketNotEmpty
            | EngineError::PreconditionFailed(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", message, "look at what is there now")
            }
            EngineError::NoSuchUpload
            | EngineError::InvalidPart(_)
            | EngineError::InvalidPartOrder
            | EngineError::LockfileInParts
            | EngineError::PartTooSmall { .. }
            | EngineError::ObjectChecksumMismatch => {
                Self::bad_request(message, "correct the request")
            }
        }
    }
}

fn from_body(error: &BodyError, message: String) -> HttpError {
    let (status, code) = match error {
        BodyError::Stalled => (StatusCode::REQUEST_TIMEOUT, "timed_out"),
        BodyError::Md5Mismatch => (StatusCode::BAD_REQUEST, "bad_digest"),
        BodyError::Incomplete(_)
        | BodyError::Sha256Mismatch
        | BodyError::ChunkSignature
        | BodyError::Encoding(_)
        | BodyError::ChecksumMismatch(_) => (StatusCode::BAD_REQUEST, "bad_body"),
    };
    HttpError::new(status, code, message, "nothing was changed; send it again")
}

fn from_storage(error: &StorageError, message: String) -> HttpError {
    tracing::error!(%error, "a request failed in the storage");
    match storage_failure(error) {
        Some((status, code, hint)) => HttpError::new(status, code, message, hint),
        None => HttpError::internal(),
    }
}
