//! CopyObject, and what every copy reads.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::checksum_fields::{checksum_fields, checksum_type, optional_algorithm};
use super::checksums::Claims;
use super::conditions::{COPY_SOURCE, ReadVerdict, check_read, write_condition_from};
use super::error::{delete_marker, from_engine, not_implemented, precondition_failed, s3_error};
use super::metadata::{check_acl, check_encryption, headers, tags_from_header, timestamp};
use super::objects::refuse_object_lock;
use super::{S3Api, sender, shown_version, version_id};
use crate::api::object_body::Received;
use crate::engine::{BodyRange, EngineError, PutRequest, Sender, WriteClaim};
use crate::records::Content;
use crate::storage::StorageError;

/// The object that a copy reads, with its conditions checked.
pub(super) struct CopySourceObject {
    pub(super) content: Content,
    pub(super) shown_version: Option<String>,
    pub(super) bucket: String,
    pub(super) key: String,
    /// Whether the client asked for one version, which may be an old one.
    pub(super) named_version: bool,
    /// The bytes, if they are one piece: read with the record, so that they cannot go meanwhile.
    body: Option<Bytes>,
}

impl CopySourceObject {
    /// The bytes `range` of the source.
    pub(super) fn body(
        &self,
        api: &S3Api,
        range: BodyRange,
    ) -> BoxStream<'static, Result<Bytes, StorageError>> {
        let within = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        match (&self.body, within) {
            (Some(body), Some((start, end))) if start <= end && end <= body.len() => {
                stream::iter([Ok(body.slice(start..end))]).boxed()
            }
            (Some(_) | None, _) => Received(api.engine.read_body(&self.content, range)).boxed(),
        }
    }
}

impl S3Api {
    pub(super) async fn copy_source(
        &self,
        source: &CopySource,
        headers: &HeaderMap,
    ) -> S3Result<CopySourceObject> {
        let CopySource::Bucket { bucket, key, version_id: named } = source else {
            return Err(not_implemented("copying from an access point"));
        };
        let id = version_id(named.as_deref())?;
        let (bucket, key) = (bucket.to_string(), key.to_string());
        let (version, record, body) =
            self.engine.find(bucket.clone(), key.clone(), id, true).await.map_err(from_engine)?;
        let Some(content) = version.content.clone() else {
            return Err(delete_marker(&version, id.is_some()));
        };
        match check_read(headers, &COPY_SOURCE, &version, &content) {
            ReadVerdict::Proceed => {}
            ReadVerdict::NotModified => {
                return Err(precondition_failed("x-amz-copy-source-If-None-Match"));
            }
            ReadVerdict::Failed(condition) => return Err(precondition_failed(condition)),
        }
        let shown_version = shown_version(&key, &record, &version);
        let named_version = id.is_some();
        Ok(CopySourceObject { content, shown_version, bucket, key, named_version, body })
    }
}

/// What a copy changes on the way.
struct Changes {
    metadata: bool,
    tags: bool,
}

impl Changes {
    fn of(input: &CopyObjectInput) -> Self {
        let metadata = input.metadata_directive.as_ref().map(MetadataDirective::as_str);
        let tags = input.tagging_directive.as_ref().map(TaggingDirective::as_str);
        Self {
            metadata: metadata == Some(MetadataDirective::REPLACE),
            tags: tags == Some(TaggingDirective::REPLACE),
        }
    }
}

pub(super) async fn copy(
    api: &S3Api,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    check_encryption(&request.headers, input.server_side_encryption.as_ref())?;
    refuse_object_lock(&request.headers)?;
    check_acl(&request.headers)?;
    let source = api.copy_source(&input.copy_source, &request.headers).await?;
    let changes = Changes::of(&input);
    let to_itself = source.bucket == input.bucket && source.key == input.key;
    if to_itself && !source.named_version && !changes.metadata && !changes.tags {
        return Err(s3_error(
            S3ErrorCode::InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without \
             changing the object's metadata, storage class, website redirect location or \
             encryption attributes.",
        ));
    }
    let existing = source.content.checksum.as_ref().map(|checksum| checksum.algorithm);
    let wanted = optional_algorithm(input.checksum_algorithm.as_ref())?.or(existing);
    let mut put = copied(&input, &request.headers, &source.content, &changes, sender)?;
    let claims = Claims::compute(wanted);
    let body = source.body(api, 0..source.content.size);
    let staged = api.stage(body, &claims, EngineError::Storage).await?;
    put.checksum = claims.verify(&staged.hashes, None)?;
    let checksum = put.checksum.clone();
    let written = api.engine.put(put, staged).await.map_err(from_engine)?;
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(written.etag)),
        last_modified: Some(timestamp(written.modified_micros)),
        ..Default::default()
    };
    checksum_fields!(result, &checksum);
    result.checksum_type = checksum.as_ref().map(checksum_type);
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: source.shown_version,
        version_id: written.version.map(|id| id.to_string()),
        ..Default::default()
    })
}

fn copied(
    input: &CopyObjectInput,
    given: &HeaderMap,
    source: &Content,
    changes: &Changes,
    sender: Sender,
) -> S3Result<PutRequest> {
    Ok(PutRequest {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        precondition: write_condition_from(given)?,
        headers: if changes.metadata {
            headers(given, input.metadata.as_ref())?
        } else {
            source.headers.clone()
        },
        tags: if changes.tags {
            tags_from_header(input.tagging.as_deref())?
        } else {
            source.tags.clone()
        },
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender,
    })
}
