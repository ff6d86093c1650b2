//! Multipart uploads: begin, complete, abort.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::checksum_fields::{
    checksum_fields, checksum_type, dto_algorithm, dto_kind, named_checksum, optional_algorithm,
};
use super::conditions::write_condition;
use super::error::{from_engine, s3_error};
use super::metadata::{check_acl, check_encryption, headers, tags_from_header};
use super::objects::refuse_object_lock;
use super::{S3Api, sender};
use crate::engine::{CompleteRequest, CompletedPart as NamedPart, WriteClaim};
use crate::records::{ChecksumAlgorithm as Algorithm, ChecksumKind, UploadId};

pub(super) async fn create(
    api: &S3Api,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let input = request.input;
    check_encryption(&request.headers, input.server_side_encryption.as_ref())?;
    refuse_object_lock(&request.headers)?;
    check_acl(&request.headers)?;
    let checksum = checksum_plan(
        optional_algorithm(input.checksum_algorithm.as_ref())?,
        input.checksum_type.as_ref().map(ChecksumType::as_str),
    )?;
    let kept = headers(&request.headers, input.metadata.as_ref())?;
    let tags = tags_from_header(input.tagging.as_deref())?;
    let (bucket, key) = (input.bucket, input.key);
    let upload = api
        .engine
        .create_upload(bucket.clone(), key.clone(), kept, tags, checksum)
        .await
        .map_err(from_engine)?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(bucket),
        key: Some(key),
        upload_id: Some(upload.to_string()),
        checksum_algorithm: checksum.map(|(algorithm, _)| dto_algorithm(algorithm)),
        checksum_type: checksum.map(|(_, kind)| dto_kind(kind)),
        ..Default::default()
    })
}

/// Which checksum the object will have. CRC-64 exists for whole objects only, SHA for parts only.
fn checksum_plan(
    algorithm: Option<Algorithm>,
    kind: Option<&str>,
) -> S3Result<Option<(Algorithm, ChecksumKind)>> {
    let Some(algorithm) = algorithm else {
        return Ok(None);
    };
    let kind = match (algorithm, kind) {
        (Algorithm::Crc64nvme, None | Some(ChecksumType::FULL_OBJECT))
        | (Algorithm::Crc32 | Algorithm::Crc32c, Some(ChecksumType::FULL_OBJECT)) => {
            ChecksumKind::FullObject
        }
        (
            Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Sha1 | Algorithm::Sha256,
            None | Some(ChecksumType::COMPOSITE),
        ) => ChecksumKind::Composite,
        (_, Some(kind)) => {
            return Err(s3_error(
                S3ErrorCode::InvalidRequest,
                format!("The {kind} checksum type cannot be used with this checksum algorithm."),
            ));
        }
    };
    Ok(Some((algorithm, kind)))
}

pub(super) async fn complete(
    api: &S3Api,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let parts = input.multipart_upload.and_then(|list| list.parts).unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error(
            S3ErrorCode::MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema",
        ));
    }
    let checksum = named_checksum!(input);
    let parts = parts.into_iter().map(|part| NamedPart {
        number: part.part_number.unwrap_or_default(),
        checksum: named_checksum!(part),
        etag: part.e_tag.map(ETag::into_value).unwrap_or_default(),
    });
    let complete = CompleteRequest {
        bucket: input.bucket.clone(),
        key: input.key.clone(),
        upload: UploadId::from_client(&input.upload_id),
        parts: parts.collect(),
        precondition: write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?,
        checksum,
        claim: WriteClaim::Unnamed,
        sender,
    };
    let (written, checksum) = api.engine.complete_upload(complete).await.map_err(from_engine)?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(written.etag)),
        version_id: written.version.map(|id| id.to_string()),
        ..Default::default()
    };
    checksum_fields!(output, &checksum);
    output.checksum_type = checksum.as_ref().map(checksum_type);
    Ok(output)
}

pub(super) async fn abort(
    api: &S3Api,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = request.input;
    let upload = UploadId::from_client(&input.upload_id);
    api.engine.abort_upload(input.bucket, input.key, upload).await.map_err(from_engine)?;
    Ok(AbortMultipartUploadOutput::default())
}
