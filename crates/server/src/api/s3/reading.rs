//! HeadObject and GetObject.

use std::ops::Range as Bytes;

use http::{HeaderName, HeaderValue};
use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::checksum_fields::{checksum_fields, checksum_type};
use super::conditions::{READ, check_read, reject};
use super::error::{delete_marker, from_engine, not_implemented, s3_error};
use super::metadata::timestamp;
use super::{S3Api, sender, shown_version, version_id};
use crate::api::object_body;
use crate::engine::{LockedState, LockfileView, Sender};
use crate::records::{Content, VersionRecord};

/// The headers that make a read depend on what is stored.
const READ_CONDITIONS: [&str; 4] =
    ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/// What is read: the version, its content, and which bytes.
struct Selected {
    version: VersionRecord,
    content: Content,
    shown_version: Option<String>,
    body: Option<bytes::Bytes>,
    bytes: Bytes<u64>,
    content_range: Option<String>,
    parts_count: Option<i32>,
}

/// The request, whichever of the two operations it is.
struct ReadRequest<'a> {
    bucket: String,
    key: String,
    version_id: Option<String>,
    range: Option<Range>,
    part_number: Option<i32>,
    headers: &'a http::HeaderMap,
    with_body: bool,
    sender: &'a Sender,
}

async fn select(api: &S3Api, request: ReadRequest<'_>) -> S3Result<Selected> {
    if request.headers.contains_key("x-amz-server-side-encryption-customer-algorithm") {
        return Err(not_implemented("encryption with a customer-provided key (SSE-C)"));
    }
    let id = version_id(request.version_id.as_deref())?;
    let (bucket, key) = (request.bucket, request.key.clone());
    let found = match LockedState::of_lockfile(&bucket, &key) {
        Some(state) => {
            let view = lockfile_view(request.headers, request.with_body);
            api.engine.find_lockfile(state, id, view, request.sender).await
        }
        None => api.engine.find(bucket, key, id, request.with_body).await,
    };
    let (version, bucket, body) = found.map_err(from_engine)?;
    let Some(content) = version.content.clone() else {
        return Err(delete_marker(&version, id.is_some()));
    };
    reject(check_read(request.headers, &READ, &version, &content)).map_err(|mut error| {
        if error.code() == &S3ErrorCode::NotModified
            && let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", content.etag))
        {
            error.set_headers([(http::header::ETAG, etag)].into_iter().collect());
        }
        error
    })?;
    let (bytes, parts_count) = chosen_bytes(&content, request.range, request.part_number)?;
    let content_range = bytes.as_ref().map(|bytes| {
        format!("bytes {}-{}/{}", bytes.start, bytes.end.saturating_sub(1), content.size)
    });
    let shown_version = shown_version(&request.key, &bucket, &version);
    let bytes = bytes.unwrap_or(0..content.size);
    Ok(Selected { version, content, shown_version, body, bytes, content_range, parts_count })
}

/// Who asks on a condition means the bytes that are stored.
fn lockfile_view(headers: &http::HeaderMap, with_body: bool) -> LockfileView {
    let has_condition = READ_CONDITIONS.iter().any(|name| headers.contains_key(*name));
    match (with_body, has_condition) {
        (false, _) => LockfileView::WithoutBody,
        (true, true) => LockfileView::Stored,
        (true, false) => LockfileView::ForItsReader,
    }
}

type Chosen = (Option<Bytes<u64>>, Option<i32>);

/// The bytes that a range or a part number asks for; `None` for all of them.
fn chosen_bytes(
    content: &Content,
    range: Option<Range>,
    part_number: Option<i32>,
) -> S3Result<Chosen> {
    let unsatisfiable =
        || s3_error(S3ErrorCode::InvalidRange, "The requested range is not satisfiable");
    let Some(number) = part_number else {
        let bytes = range.map(|range| range.check(content.size)).transpose();
        return Ok((bytes.map_err(|_| unsatisfiable())?, None));
    };
    if range.is_some() {
        return Err(s3_error(
            S3ErrorCode::InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter",
        ));
    }
    let position = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let segment = position.and_then(|position| content.segments.get(position));
    let (Some(position), Some(segment)) = (position, segment) else {
        return Err(s3_error(
            S3ErrorCode::InvalidPart,
            "The requested partnumber is not satisfiable",
        ));
    };
    let start: u64 = content.segments.iter().take(position).map(|segment| segment.size).sum();
    let is_multipart = content.etag.contains('-');
    let count = is_multipart.then(|| i32::try_from(content.segments.len()).ok()).flatten();
    Ok((Some(start..start + segment.size), count))
}

fn expires(content: &Content) -> Option<Timestamp> {
    let value = content.headers.standard.get("expires")?;
    Timestamp::parse(TimestampFormat::HttpDate, value).ok()
}

/// Fills the fields that both operations answer alike.
macro_rules! object_fields {
    ($output:expr, $selected:expr, $checksum_mode:expr) => {
        let Selected { version, content, .. } = &$selected;
        let standard = |name: &str| content.headers.standard.get(name).cloned();
        $output.accept_ranges = Some("bytes".to_owned());
        $output.content_length = i64::try_from($selected.bytes.end - $selected.bytes.start).ok();
        $output.content_range = $selected.content_range.clone();
        $output.e_tag = Some(ETag::Strong(content.etag.clone()));
        $output.last_modified = Some(timestamp(version.modified_micros));
        $output.version_id = $selected.shown_version.clone();
        $output.parts_count = $selected.parts_count;
        $output.content_type =
            Some(standard("content-type").unwrap_or_else(|| "binary/octet-stream".to_owned()));
        $output.content_encoding = standard("content-encoding");
        $output.content_language = standard("content-language");
        $output.content_disposition = standard("content-disposition");
        $output.cache_control = standard("cache-control");
        $output.expires = expires(content);
        $output.metadata = Some(content.headers.metadata.clone().into_iter().collect());
        // A checksum of the whole object says nothing about a part of it.
        let enabled = $checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        if enabled && $selected.content_range.is_none() {
            let checksum = content.checksum.as_ref();
            checksum_fields!($output, checksum);
            $output.checksum_type = checksum.map(checksum_type);
        }
    };
}

pub(super) async fn head_object(
    api: &S3Api,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let read = ReadRequest {
        bucket: input.bucket,
        key: input.key,
        version_id: input.version_id,
        range: input.range,
        part_number: input.part_number,
        headers: &request.headers,
        with_body: false,
        sender: &sender,
    };
    let selected = select(api, read).await?;
    let mut output = HeadObjectOutput::default();
    object_fields!(output, selected, input.checksum_mode);
    Ok(output)
}

pub(super) async fn get_object(
    api: &S3Api,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let sender = sender(&request)?;
    let input = request.input;
    let read = ReadRequest {
        bucket: input.bucket,
        key: input.key,
        version_id: input.version_id,
        range: input.range,
        part_number: input.part_number,
        headers: &request.headers,
        with_body: true,
        sender: &sender,
    };
    let selected = select(api, read).await?;
    let mut output = GetObjectOutput::default();
    object_fields!(output, selected, input.checksum_mode);
    output.tag_count = i32::try_from(selected.content.tags.len()).ok().filter(|count| *count > 0);
    let (content, whole) = (&selected.content, selected.body.as_ref());
    output.body = Some(object_body::give_out(&api.engine, content, whole, selected.bytes.clone()));
    let mut response = S3Response::new(output);
    if let Some(count) = response.output.tag_count {
        response
            .headers
            .insert(HeaderName::from_static("x-amz-tagging-count"), HeaderValue::from(count));
    }
    Ok(response)
}
