//! GET, HEAD, POST, PUT and DELETE of a state.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Response, header};
use http_body_util::BodyDataStream;
use s3s::Body;
use statelock_protocol::lock::LockId;
use statelock_protocol::state::Digest;
use statelock_protocol::store::Precondition;

use super::answer;
use super::error::HttpError;
use super::small_body::{announced_length, announced_md5, incomplete};
use super::{Call, HttpBackendApi, refuse_packed};
use crate::api::object_body;
use crate::engine::{
    DeleteCondition, DeleteRequest, EngineError, PutRequest, SMALL_BODY_BYTES_MAX, Sender, Staged,
    WriteClaim,
};
use crate::records::{Content, Headers};

const JSON: &str = "application/json";

/// Gives the state out, exactly as it was stored: 404 if there is none.
pub(super) async fn read(
    api: &HttpBackendApi,
    call: Call<'_>,
    with_body: bool,
) -> Result<Response<Body>, HttpError> {
    let (bucket, key) = (call.target.state.bucket, call.target.state.key);
    let (version, _, whole) = api.engine.find(bucket, key, None, with_body).await?;
    let content = version.content.ok_or_else(HttpError::no_state)?;
    let body = if with_body {
        let all = 0..content.size;
        Body::from(object_body::give_out(&api.engine, &content, whole.as_ref(), all))
    } else {
        Body::empty()
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.size));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    insert_etag(&mut response, &content.etag);
    if let Some(md5) = md5(&content)
        && let Ok(value) = HeaderValue::from_str(&BASE64_STANDARD.encode(md5.as_bytes()))
    {
        response.headers_mut().insert("content-md5", value);
    }
    Ok(response)
}

/// The MD5 of the whole state, if it is known.
fn md5(content: &Content) -> Option<Digest> {
    match &content.facts {
        Some(facts) => Some(facts.digest),
        // The ETag of an object in one piece is its MD5.
        None => Digest::parse(&content.etag).ok(),
    }
}

fn insert_etag(response: &mut Response<Body>, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
}

/// Replaces the state, if the sender may: 200.
pub(super) async fn write(
    api: &HttpBackendApi,
    mut call: Call<'_>,
) -> Result<Response<Body>, HttpError> {
    // Before the body is asked for; asked again when it is stored.
    api.engine.bucket(call.target.state.bucket.clone()).await?;
    let staged = receive(api, &mut call).await?;
    let state = call.target.state;
    let mut headers = Headers::default();
    headers.standard.insert(header::CONTENT_TYPE.as_str().to_owned(), JSON.to_owned());
    let put = PutRequest {
        bucket: state.bucket,
        key: state.key,
        precondition: Precondition::None,
        headers,
        tags: Vec::new(),
        checksum: None,
        sender: with_call(call.sender, call.target.id.as_ref()),
        claim: WriteClaim::Http(call.target.id),
    };
    let written = api.engine.put(put, staged).await?;
    let mut response = answer::done();
    insert_etag(&mut response, &written.etag);
    Ok(response)
}

/// A holder that sends the very bytes again which it wrote last repeats a write whose answer got lost.
/// These clients give their calls no ids, so its lock ID names the call.
fn with_call(sender: Sender, id: Option<&LockId>) -> Sender {
    let of_lock = id.map(ToString::to_string);
    let of_lock = of_lock.filter(|id| id.len() <= Sender::INVOCATION_SIZE_BYTES_MAX);
    Sender { invocation: sender.invocation.clone().or(of_lock), ..sender }
}

/// Takes a state in and verifies what its sender says of it; on failure nothing of it is kept.
async fn receive(api: &HttpBackendApi, call: &mut Call<'_>) -> Result<Staged, HttpError> {
    refuse_packed(call.headers)?;
    let md5 = announced_md5(call.headers)?;
    let announced = announced_length(call.headers);
    let limit = api.engine.limits().body_size_bytes_max;
    if announced.is_some_and(|length| length > limit) {
        return Err(EngineError::TooLarge(limit).into());
    }
    let small = |length: u64| usize::try_from(length).is_ok_and(|n| n <= SMALL_BODY_BYTES_MAX);
    // The semaphore is never closed, so there always is a turn in the end. A small body takes none.
    let turn = if announced.is_some_and(small) { None } else { api.intake.acquire().await.ok() };
    let body = BodyDataStream::new(call.body.clone());
    let staged = api.engine.stage(body, &[], |error| incomplete(&error)).await;
    drop(turn);
    let staged = staged?;
    if md5.is_some_and(|md5| *md5.as_bytes() != staged.hashes.md5) {
        api.engine.abandon(&staged).await;
        return Err(HttpError::md5_mismatch());
    }
    Ok(staged)
}

/// Deletes the state, if the sender may: 200, also if there is none.
pub(super) async fn delete(
    api: &HttpBackendApi,
    call: Call<'_>,
) -> Result<Response<Body>, HttpError> {
    let state = call.target.state;
    let delete = DeleteRequest {
        bucket: state.bucket,
        key: state.key,
        version: None,
        // No mark of a deletion is left where nothing is deleted.
        condition: DeleteCondition::IfPresent,
        claim: WriteClaim::Http(call.target.id),
        sender: call.sender,
    };
    match api.engine.delete(delete).await {
        Ok(_) | Err(EngineError::NoSuchKey | EngineError::PreconditionFailed(_)) => {
            Ok(answer::done())
        }
        Err(error) => Err(error.into()),
    }
}
