//! Answers that are no state and no refusal in words: nothing at all, and lock infos.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use s3s::Body;

use super::error::HttpError;

/// Says in a word why a lock was not given or not released.
const REASON: HeaderName = HeaderName::from_static("x-statelock-reason");

/// Success without a word.
pub(super) fn done() -> Response<Body> {
    Response::new(Body::empty())
}

/// A lock info, shown because the lock is not the sender's to take or to release.
pub(super) fn lock_info(status: StatusCode, info: Bytes, reason: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(info));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REASON, HeaderValue::from_static(reason));
    response
}

/// The answer to a request that took too long: one whose body has not come yet had no effect.
pub(crate) fn timed_out(body_is_complete: bool) -> Response<Body> {
    let error = if body_is_complete {
        HttpError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "outcome_unknown",
            "the request took longer than the server allows; whether it had an effect is unknown",
            "read back before repeating",
        )
    } else {
        HttpError::new(
            StatusCode::REQUEST_TIMEOUT,
            "timed_out",
            "the body took longer than the server allows; nothing was changed",
            "send it again, or raise --request-timeout-seconds",
        )
    };
    error.render()
}
