//! UploadPart and UploadPartCopy.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::S3Api;
use super::checksum_fields::checksum_fields;
use super::checksums::Claims;
use super::error::{from_engine, s3_error};
use super::metadata::timestamp;
use super::objects::{Upload, body_length};
use crate::engine::{EngineError, PartUpload};
use crate::records::UploadId;

const PART_NUMBER_MAX: u16 = 10_000;

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
    let body = source.body(api, range);
    let staged = api.stage(body, &claims, EngineError::Storage).await?;
    let checksum = claims.verify(&staged.hashes, None)?;
    let part = PartUpload {
        bucket: input.bucket,
        key: input.key,
        upload,
        number,
        checksum: checksum.clone(),
    };
    let stored = api.engine.store_part(part, staged).await.map_err(from_engine)?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(stored.etag)),
        last_modified: Some(timestamp(stored.modified_micros)),
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
