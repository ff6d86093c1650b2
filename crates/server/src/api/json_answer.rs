//! Answers that are JSON documents, and the shape of errors in them.

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde::Serialize;

use crate::storage::StorageError;

/// An error: `code` is for programs, the rest for people.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ErrorText<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) hint: &'a str,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorText<'a>,
}

/// What a failure of the storage is called, and what to do next: status, code, hint. `None` for what only
/// a bug of ours brings about.
pub(super) fn storage_failure(
    error: &StorageError,
) -> Option<(StatusCode, &'static str, &'static str)> {
    match error {
        StorageError::Corrupt(_) => Some((
            StatusCode::INTERNAL_SERVER_ERROR,
            "corrupt",
            "keep a copy of the data directory and restore a backup",
        )),
        StorageError::OutcomeUnknown(_) => Some((
            StatusCode::INTERNAL_SERVER_ERROR,
            "outcome_unknown",
            "read back before repeating",
        )),
        StorageError::Failed(_) | StorageError::Full(_) | StorageError::Closed => Some((
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "nothing was changed; repeat the request",
        )),
        StorageError::ReadOnly => None,
    }
}

/// An error as a document.
pub(super) fn error(status: StatusCode, text: ErrorText<'_>) -> Response<Body> {
    json(status, &ErrorDocument { error: text })
}

/// A JSON document. It is about one moment, so nobody may keep it.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    // Our documents have text for keys and no map that could refuse, so that this cannot fail.
    let mut text = serde_json::to_string(document).unwrap_or_default();
    text.push('\n');
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
