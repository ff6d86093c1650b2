//! PutObject and the deletes.

use futures::{Stream, StreamExt};
use http::header::EXPECT;
use http::{Extensions, HeaderMap};
use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result, TrailingHeaders};

use super::checksum_fields::{checksum_fields, checksum_type};
use super::checksums::{Claims, classify, text};
use super::conditions::{delete_condition, write_condition};
use super::error::{from_engine, not_implemented, s3_error};
use super::metadata::{check_acl, check_encryption, headers, tags_from_header};
use super::{S3Api, sender, version_id};
use crate::engine::{
    BodyError, DeleteCondition, DeleteRequest, Deleted, EngineError, PutRequest,
    SMALL_BODY_BYTES_MAX, Sender, Staged, WriteClaim,
};
use crate::listener::RequestBody;
use crate::records::Checksum as VerifiedChecksum;

/// S3's largest DeleteObjects.
const DELETE_MANY_MAX: usize = 1000;

/// A body with what its sender says about it.
pub(super) struct Upload<'a> {
    pub(super) body: Option<StreamingBlob>,
    pub(super) length: Option<i64>,
    pub(super) claims: Claims,
    pub(super) trailers: Option<&'a TrailingHeaders>,
    pub(super) extensions: &'a Extensions,
}

impl S3Api {
    /// Receives a body and verifies every claim about it; on failure nothing of it is kept.
    pub(super) async fn receive(
        &self,
        upload: Upload<'_>,
    ) -> S3Result<(Staged, Option<VerifiedChecksum>)> {
        let limit = self.engine.limits().body_size_bytes_max;
        let announced = upload.length.and_then(|length| u64::try_from(length).ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(from_engine(EngineError::TooLarge(limit)));
        }
        let body = upload.body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let body = no_longer_than(body, announced);
        let small = |length: u64| usize::try_from(length).is_ok_and(|n| n <= SMALL_BODY_BYTES_MAX);
        let is_small = announced.is_some_and(small);
        let staged = if is_small {
            // A lock never waits for states: it takes no turn.
            let algorithms = upload.claims.algorithms();
            self.engine.stage(body, &algorithms, |error| error).await.map_err(from_engine)?
        } else {
            self.stage(body, &upload.claims, |error| error).await?
        };
        let ended = upload.extensions.get::<RequestBody>().is_none_or(RequestBody::ended_properly);
        let complete = ended && announced.is_none_or(|length| length == staged.segment.size);
        let verified = if complete {
            upload.claims.verify(&staged.hashes, upload.trailers)
        } else {
            let error = BodyError::Incomplete("shorter than its announced length".to_owned());
            Err(from_engine(EngineError::Body(error)))
        };
        match verified {
            Ok(checksum) => Ok((staged, checksum)),
            Err(error) => {
                self.engine.abandon(&staged).await;
                Err(error)
            }
        }
    }

    /// Stages a body, few at a time.
    pub(super) async fn stage<S, E>(
        &self,
        body: S,
        claims: &Claims,
        classify: fn(E) -> EngineError,
    ) -> S3Result<Staged>
    where
        S: Stream<Item = Result<bytes::Bytes, E>> + Unpin + Send,
    {
        // The semaphore is never closed, so there always is a turn in the end.
        let _turn = self.intake.acquire().await.ok();
        self.engine.stage(body, &claims.algorithms(), classify).await.map_err(from_engine)
    }
}

/// Ends a body that goes on after its announced length: who announces little, sends little.
fn no_longer_than(
    body: StreamingBlob,
    announced: Option<u64>,
) -> impl Stream<Item = Result<bytes::Bytes, EngineError>> + Unpin + Send {
    let mut left = announced;
    body.map(move |piece| {
        let piece = piece.map_err(classify)?;
        if let Some(left) = &mut left {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            *left = left.checked_sub(length).ok_or_else(|| {
                BodyError::Encoding("longer than its announced length".to_owned())
            })?;
        }
        Ok(piece)
    })
}

pub(super) async fn put(
    api: &S3Api,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let sender = sender(&request)?;
    let trailers = request.trailing_headers.as_ref();
    let input = request.input;
    check_encryption(&request.headers, input.server_side_encryption.as_ref())?;
    refuse_object_lock(&request.headers)?;
    check_acl(&request.headers)?;
    if input.write_offset_bytes.is_some() {
        return Err(not_implemented("appending to an object"));
    }
    let put = PutRequest {
        precondition: write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?,
        headers: headers(&request.headers, input.metadata.as_ref())?,
        tags: tags_from_header(input.tagging.as_deref())?,
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender,
        bucket: input.bucket,
        key: input.key,
    };
    if request.headers.contains_key(EXPECT) {
        // So that a client that waits for `100 Continue` does not send a body for nothing.
        api.engine.bucket(put.bucket.clone()).await.map_err(from_engine)?;
    }
    let claims = Claims::from_headers(&request.headers, None)?;
    let length = body_length(&request.headers, input.content_length);
    let extensions = &request.extensions;
    let upload = Upload { body: input.body, length, claims, trailers, extensions };
    let (staged, checksum) = api.receive(upload).await?;
    let put = PutRequest { checksum: checksum.clone(), ..put };
    let written = api.engine.put(put, staged).await.map_err(from_engine)?;
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(written.etag)),
        version_id: written.version.map(|id| id.to_string()),
        ..Default::default()
    };
    checksum_fields!(output, &checksum);
    output.checksum_type = checksum.as_ref().map(checksum_type);
    Ok(output)
}

/// The size of the decoded body, if the client announced one.
pub(super) fn body_length(headers: &HeaderMap, content_length: Option<i64>) -> Option<i64> {
    let decoded = text(headers, "x-amz-decoded-content-length");
    decoded.and_then(|length| length.parse().ok()).or(content_length)
}

/// Retention that would not be kept must not be promised.
pub(super) fn refuse_object_lock(headers: &HeaderMap) -> S3Result<()> {
    let asked = ["x-amz-object-lock-mode", "x-amz-object-lock-legal-hold"]
        .into_iter()
        .any(|name| headers.contains_key(name));
    if asked { Err(not_implemented("Object Lock")) } else { Ok(()) }
}

pub(super) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
        return Err(not_implemented("deletes on the condition of a size or a time"));
    }
    let delete = DeleteRequest {
        bucket: input.bucket,
        key: input.key,
        version: version_id(input.version_id.as_deref())?,
        condition: delete_condition(input.if_match.as_ref()),
        claim: WriteClaim::Unnamed,
        sender,
    };
    let deleted = api.engine.delete(delete).await.map_err(from_engine)?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.is_marker.then_some(true),
        version_id: deleted.version.map(|id| id.to_string()),
        request_charged: None,
    })
}

pub(super) async fn delete_many(
    api: &S3Api,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let malformed = input.delete.objects.is_empty() || input.delete.objects.len() > DELETE_MANY_MAX;
    if malformed {
        return Err(s3_error(
            S3ErrorCode::MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema",
        ));
    }
    api.engine.bucket(input.bucket.clone()).await.map_err(from_engine)?;
    let quiet = input.delete.quiet == Some(true);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let (key, named) = (object.key.clone(), object.version_id.clone());
        match delete_one(api, &input.bucket, object, sender.clone()).await {
            Ok(_) if quiet => {}
            Ok(done) => deleted.push(deleted_object(key, named, &done)),
            Err(error) => errors.push(Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id: named,
            }),
        }
    }
    Ok(DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), request_charged: None })
}

async fn delete_one(
    api: &S3Api,
    bucket: &str,
    object: ObjectIdentifier,
    sender: Sender,
) -> S3Result<Deleted> {
    if object.size.is_some() || object.last_modified_time.is_some() {
        return Err(not_implemented("deletes on the condition of a size or a time"));
    }
    let condition = match &object.e_tag {
        None => DeleteCondition::None,
        Some(etag) if etag.value() == "*" => DeleteCondition::IfPresent,
        Some(etag) => DeleteCondition::IfMatch(statelock_protocol::store::ETag::new(etag.value())),
    };
    let delete = DeleteRequest {
        bucket: bucket.to_owned(),
        key: object.key,
        version: version_id(object.version_id.as_deref())?,
        condition,
        claim: WriteClaim::Unnamed,
        sender,
    };
    api.engine.delete(delete).await.map_err(from_engine)
}

fn deleted_object(key: String, named: Option<String>, deleted: &Deleted) -> DeletedObject {
    let version = deleted.version.map(|id| id.to_string());
    DeletedObject {
        delete_marker: deleted.is_marker.then_some(true),
        delete_marker_version_id: version.filter(|_| deleted.is_marker),
        key: Some(key),
        version_id: named,
    }
}
