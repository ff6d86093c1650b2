//! ListParts and ListMultipartUploads.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::S3Api;
use super::checksum_fields::{checksum_fields, dto_algorithm, dto_kind};
use super::error::from_engine;
use super::listing::{Encoder, PAGE_MAX, owner, page_size};
use super::metadata::timestamp;
use crate::engine::{ListingRequest, UploadListingItem, UploadListingRequest};
use crate::records::{UploadId, UploadRecord};

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
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let (limit, max_uploads) = page_size(input.max_uploads, PAGE_MAX)?;
    let page = ListingRequest {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.key_marker.clone().filter(|marker| !marker.is_empty()),
        limit,
    };
    let after_upload = input.upload_id_marker.clone().filter(|marker| !marker.is_empty());
    let asked = UploadListingRequest { page, after_upload };
    let listing = api.engine.list_uploads(asked).await.map_err(from_engine)?;
    let is_truncated = listing.next.is_some();
    let (next_key, next_upload) = listing.next.unzip();
    let (mut uploads, mut prefixes) = (Vec::new(), Vec::new());
    for item in listing.items {
        match item {
            UploadListingItem::CommonPrefix(prefix) => prefixes.push(prefix),
            UploadListingItem::Upload(key, id, record) => {
                uploads.push(upload(&key, id, &record, encoder));
            }
        }
    }
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default())),
        delimiter: encoder.optional(input.delimiter.as_ref()),
        key_marker: Some(encoder.text(&input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|key| encoder.text(&key)),
        next_upload_id_marker: next_upload.flatten(),
        max_uploads: Some(max_uploads),
        is_truncated: Some(is_truncated),
        uploads: Some(uploads),
        common_prefixes: Some(encoder.common_prefixes(&prefixes)),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

fn upload(key: &str, id: String, record: &UploadRecord, encoder: Encoder) -> MultipartUpload {
    MultipartUpload {
        key: Some(encoder.text(key)),
        upload_id: Some(id),
        initiated: Some(timestamp(record.created_micros)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: record.checksum.map(|(name, _)| dto_algorithm(name)),
        checksum_type: record.checksum.map(|(_, kind)| dto_kind(kind)),
        ..Default::default()
    }
}
