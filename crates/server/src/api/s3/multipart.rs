//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::checksums::{
    Claims, checksum_fields, dto_algorithm, named_checksum, optional_algorithm,
};
use super::conditions::write_condition;
use super::error::{from_engine, not_implemented, s3_error};
use super::listing::{Encoder, owner, page_size};
use super::metadata::{check_encryption, headers, tags_from_header, timestamp};
use super::objects::{Upload, body_length, refuse_object_lock};
use super::reading::Received;
use super::{S3Api, invocation};
use crate::engine::{CompleteRequest, CompletedPart as NamedPart, EngineError, PartUpload};
use crate::records::{ChecksumAlgorithm as Algorithm, ChecksumKind, UploadId};

/// S3's largest page of parts and uploads.
const PAGE_MAX: usize = 1000;
const PART_NUMBER_MAX: u16 = 10_000;

pub(super) async fn create(
    api: &S3Api,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let input = request.input;
    check_encryption(&request.headers, input.server_side_encryption.as_ref())?;
    refuse_object_lock(&request.headers)?;
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

fn dto_kind(kind: ChecksumKind) -> ChecksumType {
    ChecksumType::from_static(match kind {
        ChecksumKind::FullObject => ChecksumType::FULL_OBJECT,
        ChecksumKind::Composite => ChecksumType::COMPOSITE,
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

fn part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number).ok().filter(|number| (1..=PART_NUMBER_MAX).contains(number)).ok_or_else(
        || {
            s3_error(
                S3ErrorCode::InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive",
            )
        },
    )
}

pub(super) async fn upload_part(
    api: &S3Api,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let trailers = request.trailing_headers.as_ref();
    let input = request.input;
    let number = part_number(input.part_number)?;
    let upload = UploadId::from_client(&input.upload_id);
    // Before the body is taken: an upload that is gone needs no bytes.
    let record = api
        .engine
        .upload(input.bucket.clone(), input.key.clone(), upload.clone())
        .await
        .map_err(from_engine)?;
    let wanted = record.checksum.map(|(algorithm, _)| algorithm);
    let claims = Claims::from_headers(&request.headers, wanted)?;
    if let (Some(wanted), [claimed]) = (wanted, claims.algorithms().as_slice())
        && wanted != *claimed
    {
        return Err(s3_error(
            S3ErrorCode::InvalidRequest,
            "Checksum Type mismatch occurred: the part has another checksum algorithm than the \
             upload.",
        ));
    }
    let length = body_length(&request.headers, input.content_length);
    let extensions = &request.extensions;
    let body = Upload { body: input.body, length, claims, trailers, extensions };
    let (staged, checksum) = api.receive(body).await?;
    let part = PartUpload {
        bucket: input.bucket,
        key: input.key,
        upload,
        number,
        checksum: checksum.clone(),
    };
    let etag = api.engine.put_part(part, staged).await.map_err(from_engine)?;
    let mut output = UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() };
    checksum_fields!(output, &checksum);
    Ok(output)
}

pub(super) async fn copy_part(
    api: &S3Api,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = request.input;
    let number = part_number(input.part_number)?;
    let upload = UploadId::from_client(&input.upload_id);
    let record = api
        .engine
        .upload(input.bucket.clone(), input.key.clone(), upload.clone())
        .await
        .map_err(from_engine)?;
    let source = api.copy_source(&input.copy_source, &request.headers).await?;
    let range = match input.copy_source_range.as_deref() {
        None => 0..source.content.size,
        Some(text) => copy_range(text, source.content.size)?,
    };
    let claims = Claims::compute(record.checksum.map(|(algorithm, _)| algorithm));
    let body = Received(api.engine.read_body(&source.content, range));
    let staged = api.stage(body, &claims, EngineError::Storage).await?;
    let checksum = claims.verify(&staged.hashes, None)?;
    let part = PartUpload {
        bucket: input.bucket,
        key: input.key,
        upload,
        number,
        checksum: checksum.clone(),
    };
    let etag = api.engine.put_part(part, staged).await.map_err(from_engine)?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(timestamp(source.version.modified_micros)),
        ..Default::default()
    };
    checksum_fields!(result, &checksum);
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: source.shown_version,
        ..Default::default()
    })
}

/// A copy's range must lie within the source, unlike a read's.
fn copy_range(text: &str, size: u64) -> S3Result<std::ops::Range<u64>> {
    match Range::parse(text) {
        Ok(Range::Int { first, last: Some(last) }) if first <= last && last < size => {
            Ok(first..last + 1)
        }
        Ok(_) | Err(_) => Err(s3_error(
            S3ErrorCode::InvalidArgument,
            format!("Range specified is not valid for source object of size: {size}"),
        )),
    }
}

pub(super) async fn complete(
    api: &S3Api,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
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
        invocation: invocation(&request.headers),
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
    output.checksum_type = checksum.as_ref().map(super::checksums::checksum_type);
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

pub(super) async fn parts(
    api: &S3Api,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = request.input;
    let (limit, max_parts) = page_size(input.max_parts, PAGE_MAX)?;
    let after = input.part_number_marker.unwrap_or_default();
    let marker = u16::try_from(after.max(0)).unwrap_or(u16::MAX);
    let upload = UploadId::from_client(&input.upload_id);
    let (bucket, key) = (input.bucket, input.key);
    let listing = api
        .engine
        .parts(bucket.clone(), key.clone(), upload, marker, limit)
        .await
        .map_err(from_engine)?;
    let next = listing.parts.last().filter(|_| listing.truncated).map(|(number, _)| *number);
    let parts = listing.parts.into_iter().map(|(number, record)| {
        let mut part = Part {
            part_number: Some(i32::from(number)),
            e_tag: Some(ETag::Strong(record.etag)),
            size: i64::try_from(record.segment.size).ok(),
            last_modified: Some(timestamp(record.modified_micros)),
            ..Default::default()
        };
        checksum_fields!(part, &record.checksum);
        part
    });
    Ok(ListPartsOutput {
        bucket: Some(bucket),
        key: Some(key),
        upload_id: Some(input.upload_id),
        parts: Some(parts.collect()),
        part_number_marker: Some(after),
        next_part_number_marker: next.map(i32::from),
        max_parts: Some(max_parts),
        is_truncated: Some(listing.truncated),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: listing.upload.checksum.map(|(name, _)| dto_algorithm(name)),
        checksum_type: listing.upload.checksum.map(|(_, kind)| dto_kind(kind)),
        ..Default::default()
    })
}

pub(super) async fn uploads(
    api: &S3Api,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(not_implemented("a delimiter in ListMultipartUploads"));
    }
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let (limit, max_uploads) = page_size(input.max_uploads, PAGE_MAX)?;
    let after = input.key_marker.clone().filter(|marker| !marker.is_empty());
    let after = after.map(|key| (key, input.upload_id_marker.clone().unwrap_or_default()));
    let prefix = input.prefix.clone().unwrap_or_default();
    let listing = api
        .engine
        .list_uploads(input.bucket.clone(), prefix.clone(), after, limit)
        .await
        .map_err(from_engine)?;
    let uploads = listing.items.into_iter().map(|(key, id, record)| MultipartUpload {
        key: Some(encoder.text(&key)),
        upload_id: Some(id),
        initiated: Some(timestamp(record.created_micros)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: record.checksum.map(|(name, _)| dto_algorithm(name)),
        checksum_type: record.checksum.map(|(_, kind)| dto_kind(kind)),
        ..Default::default()
    });
    let is_truncated = listing.next.is_some();
    let (next_key, next_upload) = listing.next.unzip();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(encoder.text(&prefix)),
        key_marker: Some(encoder.text(&input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|key| encoder.text(&key)),
        next_upload_id_marker: next_upload,
        max_uploads: Some(max_uploads),
        is_truncated: Some(is_truncated),
        uploads: Some(uploads.collect()),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}
