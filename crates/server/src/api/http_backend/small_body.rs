//! Bodies that are lock infos, and what a request says about its body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, header};
use statelock_protocol::state::Digest;

use super::error::HttpError;
use super::{Call, HttpBackendApi, refuse_packed};
use crate::engine::{BodyError, EngineError, SMALL_BODY_BYTES_MAX};
use crate::listener::CollectError;

/// The whole body of a request, if it is as small as a lock info.
///
/// # Errors
/// It is larger, ends early, stalls, or is not what `Content-MD5` says.
pub(super) async fn receive(api: &HttpBackendApi, call: &mut Call<'_>) -> Result<Bytes, HttpError> {
    refuse_packed(call.headers)?;
    let md5 = announced_md5(call.headers)?;
    let limit = u64::try_from(SMALL_BODY_BYTES_MAX).unwrap_or(u64::MAX);
    if announced_length(call.headers).is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let stall_timeout = api.engine.limits().stall_timeout;
    let received = call.body.collected(SMALL_BODY_BYTES_MAX, stall_timeout).await;
    let received = received.map_err(|error| match error {
        CollectError::TooLarge => too_large(),
        CollectError::Stalled => EngineError::Body(BodyError::Stalled).into(),
        CollectError::Incomplete(error) => incomplete(&error).into(),
    })?;
    if md5.is_some_and(|md5| md5 != Digest::of(&received)) {
        return Err(HttpError::md5_mismatch());
    }
    Ok(received)
}

fn too_large() -> HttpError {
    HttpError::new(
        http::StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("a lock info has at most {SMALL_BODY_BYTES_MAX} bytes"),
        "send a lock info",
    )
}

/// What it means when a body cannot be read on.
pub(super) fn incomplete(error: &hyper::Error) -> EngineError {
    EngineError::Body(BodyError::Incomplete(error.to_string()))
}

/// The size of the body, if its sender says it.
pub(super) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// The MD5 of the body, if its sender says it.
///
/// # Errors
/// The header is not the base64 of 16 bytes.
pub(super) fn announced_md5(headers: &HeaderMap) -> Result<Option<Digest>, HttpError> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let md5: Option<[u8; 16]> =
        BASE64_STANDARD.decode(text).ok().and_then(|raw| raw.try_into().ok());
    let md5 = md5.ok_or_else(|| {
        HttpError::bad_request("Content-MD5 is not the base64 of 16 bytes", "correct it")
    })?;
    Ok(Some(Digest::from_bytes(md5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_md5_is_the_base64_of_sixteen_bytes() {
        let announced = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([("content-md5".parse().unwrap(), value.parse().unwrap())]);
            announced_md5(&headers)
        };
        let empty = announced("1B2M2Y8AsgTpgAmY7PhCfg==").unwrap();
        assert_eq!(empty, Some(Digest::of(b"")));
        assert_eq!(announced_md5(&HeaderMap::new()).unwrap(), None);
        for wrong in ["", "1B2M2Y8AsgTpgAmY7PhCfg", "AAAA", "d41d8cd98f00b204e9800998ecf8427e"] {
            assert!(announced(wrong).is_err(), "{wrong}");
        }
    }
}
