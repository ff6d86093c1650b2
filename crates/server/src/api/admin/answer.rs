//! Answers of the admin API, and its errors as JSON.

use http::{HeaderValue, Method, Response, StatusCode, header};
use s3s::Body;

pub(super) use crate::api::json_answer::json;
use crate::api::json_answer::{self, ErrorText, storage_failure};
use crate::auth::basic::{self, BasicError};
use crate::engine::EngineError;
use crate::metrics::Metrics;
use crate::storage::StorageError;

/// Why a request to the admin API was not done. `code` is what programs look at.
#[derive(Clone, Debug)]
pub(super) struct AdminError {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: &'static str,
    header: Option<Extra>,
}

/// A header that belongs to an error.
#[derive(Clone, Debug)]
enum Extra {
    /// How to authenticate.
    Challenge,
    /// What is answered instead.
    Allow(Method),
}

impl AdminError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { status, code, message: message.into(), hint, header: None }
    }

    pub(super) fn bad_request(message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message, hint)
    }

    pub(super) fn no_such_endpoint() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_endpoint",
            "this server has no such endpoint",
            "use a client of the same version as the server",
        )
    }

    pub(super) fn method_not_allowed(allowed: &Method) -> Self {
        let message = format!("only {allowed} is answered here");
        Self {
            header: Some(Extra::Allow(allowed.clone())),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                message,
                "use a client of the same version as the server",
            )
        }
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
        let text = ErrorText { code: self.code, message: &self.message, hint: self.hint };
        let mut response = json_answer::error(self.status, text);
        let (name, value) = match self.header {
            None => return response,
            Some(Extra::Challenge) => (header::WWW_AUTHENTICATE, basic::CHALLENGE.to_owned()),
            Some(Extra::Allow(method)) => (header::ALLOW, method.to_string()),
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<BasicError> for AdminError {
    fn from(error: BasicError) -> Self {
        let code = match error {
            BasicError::Missing | BasicError::Malformed => "unauthenticated",
            BasicError::Wrong => "wrong_credentials",
        };
        let hint = "use the access key of the server's `DIR/credentials` as user name and password";
        Self {
            header: Some(Extra::Challenge),
            ..Self::new(StatusCode::UNAUTHORIZED, code, error.to_string(), hint)
        }
    }
}

impl From<EngineError> for AdminError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Storage(error) => from_storage(&error, message),
            EngineError::Randomness(_) => {
                tracing::error!(%message, "an admin request failed");
                Self::internal()
            }
            EngineError::NoSuchBucket
            | EngineError::NoSuchKey
            | EngineError::NoSuchVersion
            | EngineError::NoSuchUpload => {
                Self::new(StatusCode::NOT_FOUND, "not_found", message, "check the names")
            }
            EngineError::IsDeleteMarker
            | EngineError::BucketExists
            | EngineError::BucketNotEmpty
            | EngineError::PreconditionFailed(_)
            | EngineError::LockRefused(_)
            | EngineError::WriteRefused(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", message, "look at what is there now")
            }
            EngineError::InvalidPart(_)
            | EngineError::InvalidPartOrder
            | EngineError::LockfileInParts
            | EngineError::PartTooSmall { .. }
            | EngineError::ObjectChecksumMismatch
            | EngineError::TooLarge(_)
            | EngineError::Body(_) => Self::bad_request(message, "correct the request"),
        }
    }
}

fn from_storage(error: &StorageError, message: String) -> AdminError {
    tracing::error!(%error, "an admin request failed in the storage");
    match storage_failure(error) {
        Some((status, code, hint)) => AdminError::new(status, code, message, hint),
        None => AdminError::internal(),
    }
}

/// The metrics page.
pub(super) fn metrics(metrics: &Metrics) -> Response<Body> {
    let mut response = text(StatusCode::OK, metrics.render());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Plain text.
pub(super) fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
