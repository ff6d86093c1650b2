//! Listings of objects, and what all listings share.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::S3Api;
use super::error::{algorithm_name, from_engine, s3_error};
use super::metadata::timestamp;
use crate::api::identity::ACCOUNT_ID;
use crate::engine::{ListingItem, ListingRequest};
use crate::records::VersionRecord;

/// S3's largest page.
pub(super) const PAGE_MAX: usize = 1000;

/// What S3 leaves as it is under `encoding-type=url`.
const URL_ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The one owner of everything.
pub(super) fn owner() -> Owner {
    Owner { display_name: None, id: Some(ACCOUNT_ID.to_owned()) }
}

/// Writes names as the client asked: plain, or percent-encoded.
#[derive(Clone, Copy)]
pub(super) struct Encoder {
    url: bool,
}

impl Encoder {
    pub(super) fn new(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { url: false }),
            Some(EncodingType::URL) => Ok(Self { url: true }),
            Some(_) => Err(s3_error(
                S3ErrorCode::InvalidArgument,
                "Invalid Encoding Method specified in Request",
            )),
        }
    }

    pub(super) fn text(self, text: &str) -> String {
        if self.url { utf8_percent_encode(text, URL_ENCODED).to_string() } else { text.to_owned() }
    }

    pub(super) fn optional(self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    pub(super) fn common_prefixes(self, prefixes: &[String]) -> Vec<CommonPrefix> {
        let prefixes = prefixes.iter().map(|prefix| self.text(prefix));
        prefixes.map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect()
    }
}

/// How many items a page may have.
pub(super) fn page_size(asked: Option<i32>, most: usize) -> S3Result<(usize, i32)> {
    let asked = asked.unwrap_or(1000);
    let size = usize::try_from(asked).map_err(|_| {
        s3_error(
            S3ErrorCode::InvalidArgument,
            "Argument maxKeys must be an integer between 0 and 2147483647",
        )
    })?;
    Ok((size.min(most), asked))
}

fn split(
    items: Vec<ListingItem>,
    encoder: Encoder,
    with_owner: bool,
) -> (Vec<Object>, Vec<String>) {
    let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            ListingItem::CommonPrefix(prefix) => prefixes.push(prefix),
            ListingItem::Object(key, version) => {
                objects.push(object(&key, &version, encoder, with_owner));
            }
        }
    }
    (objects, prefixes)
}

pub(super) fn object(
    key: &str,
    version: &VersionRecord,
    encoder: Encoder,
    with_owner: bool,
) -> Object {
    let content = version.content.as_ref();
    let checksum = content.and_then(|content| content.checksum.as_ref());
    Object {
        key: Some(encoder.text(key)),
        e_tag: content.map(|content| ETag::Strong(content.etag.clone())),
        size: content.and_then(|content| i64::try_from(content.size).ok()),
        last_modified: Some(timestamp(version.modified_micros)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        owner: with_owner.then(owner),
        checksum_algorithm: checksum.map(|checksum| {
            vec![ChecksumAlgorithm::from_static(algorithm_name(checksum.algorithm))]
        }),
        checksum_type: checksum.map(super::checksum_fields::checksum_type),
        restore_status: None,
    }
}

pub(super) async fn objects_v2(
    api: &S3Api,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let (limit, max_keys) = page_size(input.max_keys, PAGE_MAX)?;
    let after = match &input.continuation_token {
        Some(token) => Some(decode_token(token)?),
        None => input.start_after.clone().filter(|after| !after.is_empty()),
    };
    let page = ListingRequest {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after,
        limit,
    };
    let listing = api.engine.list(page).await.map_err(from_engine)?;
    let key_count = i32::try_from(listing.items.len()).ok();
    let with_owner = input.fetch_owner == Some(true);
    let (contents, prefixes) = split(listing.items, encoder, with_owner);
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default())),
        delimiter: encoder.optional(input.delimiter.as_ref()),
        start_after: encoder.optional(input.start_after.as_ref()),
        max_keys: Some(max_keys),
        key_count,
        continuation_token: input.continuation_token,
        is_truncated: Some(listing.next.is_some()),
        next_continuation_token: listing.next.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key)),
        contents: Some(contents),
        common_prefixes: Some(encoder.common_prefixes(&prefixes)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// A token is the text after which to go on; anything else was never given out.
fn decode_token(token: &str) -> S3Result<String> {
    let text =
        BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|raw| String::from_utf8(raw).ok());
    text.ok_or_else(|| {
        s3_error(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect")
    })
}

pub(super) async fn objects_v1(
    api: &S3Api,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = request.input;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let (limit, max_keys) = page_size(input.max_keys, PAGE_MAX)?;
    let page = ListingRequest {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone().filter(|marker| !marker.is_empty()),
        limit,
    };
    let listing = api.engine.list(page).await.map_err(from_engine)?;
    // Without a delimiter clients go on after the last key that they saw.
    let next_marker = listing.next.as_ref().filter(|_| input.delimiter.is_some());
    let next_marker = encoder.optional(next_marker);
    let is_truncated = Some(listing.next.is_some());
    let (contents, prefixes) = split(listing.items, encoder, true);
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default())),
        marker: Some(encoder.text(&input.marker.unwrap_or_default())),
        delimiter: encoder.optional(input.delimiter.as_ref()),
        max_keys: Some(max_keys),
        is_truncated,
        next_marker,
        contents: Some(contents),
        common_prefixes: Some(encoder.common_prefixes(&prefixes)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}
