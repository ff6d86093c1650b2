//! ListObjectVersions.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::error::{from_engine, s3_error};
use super::listing::{Encoder, PAGE_MAX, object, owner, page_size};
use super::metadata::timestamp;
use super::{S3Api, version_id};
use crate::engine::{ListingRequest, VersionListingItem, VersionListingRequest};
use crate::records::VersionRecord;

pub(super) async fn versions(
    api: &S3Api,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = request.input;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let (limit, max_keys) = page_size(input.max_keys, PAGE_MAX)?;
    let key_marker = input.key_marker.clone().filter(|marker| !marker.is_empty());
    let after_version = version_id(input.version_id_marker.as_deref())?;
    if after_version.is_some() && key_marker.is_none() {
        return Err(s3_error(
            S3ErrorCode::InvalidArgument,
            "A version-id marker cannot be specified without a key marker.",
        ));
    }
    let page = ListingRequest {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: key_marker,
        limit,
    };
    let listing = api
        .engine
        .list_versions(VersionListingRequest { page, after_version })
        .await
        .map_err(from_engine)?;
    let mut output = ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default())),
        delimiter: encoder.optional(input.delimiter.as_ref()),
        key_marker: Some(encoder.text(&input.key_marker.unwrap_or_default())),
        version_id_marker: input.version_id_marker,
        max_keys: Some(max_keys),
        is_truncated: Some(listing.next.is_some()),
        encoding_type: input.encoding_type,
        ..Default::default()
    };
    if let Some((key, version)) = listing.next {
        output.next_key_marker = Some(encoder.text(&key));
        output.next_version_id_marker = version.map(|id| id.to_string());
    }
    fill_versions(&mut output, listing.items, encoder);
    Ok(output)
}

fn fill_versions(
    output: &mut ListObjectVersionsOutput,
    items: Vec<VersionListingItem>,
    encoder: Encoder,
) {
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match item {
            VersionListingItem::CommonPrefix(prefix) => prefixes.push(prefix),
            VersionListingItem::Version(key, version, is_latest) => {
                if version.content.is_none() {
                    markers.push(delete_marker(&key, &version, is_latest, encoder));
                } else {
                    versions.push(object_version(&key, &version, is_latest, encoder));
                }
            }
        }
    }
    output.versions = Some(versions);
    output.delete_markers = Some(markers);
    output.common_prefixes = Some(encoder.common_prefixes(&prefixes));
}

fn delete_marker(
    key: &str,
    version: &VersionRecord,
    is_latest: bool,
    encoder: Encoder,
) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(is_latest),
        key: Some(encoder.text(key)),
        last_modified: Some(timestamp(version.modified_micros)),
        owner: Some(owner()),
        version_id: Some(version.id.to_string()),
    }
}

fn object_version(
    key: &str,
    version: &VersionRecord,
    is_latest: bool,
    encoder: Encoder,
) -> ObjectVersion {
    let listed = object(key, version, encoder, true);
    let class = ObjectVersionStorageClass::STANDARD;
    ObjectVersion {
        checksum_algorithm: listed.checksum_algorithm,
        checksum_type: listed.checksum_type,
        e_tag: listed.e_tag,
        is_latest: Some(is_latest),
        key: listed.key,
        last_modified: listed.last_modified,
        owner: listed.owner,
        restore_status: None,
        size: listed.size,
        storage_class: Some(ObjectVersionStorageClass::from_static(class)),
        version_id: Some(version.id.to_string()),
    }
}
