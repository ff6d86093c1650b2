//! What a client wants to be given back with an object: headers, user metadata, tags.

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::dto::{Metadata, ServerSideEncryption, Tag, Timestamp};
use s3s::{S3ErrorCode, S3Result};

use super::checksums::text;
use super::error::{not_implemented, s3_error};
use crate::records::Headers;

/// Headers that are kept and given back as they came.
const STANDARD: [&str; 6] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
];
/// S3's limit on user metadata: names and values together.
const METADATA_BYTES_MAX: usize = 2048;
const TAGS_MAX: usize = 10;

/// The headers of an object to be.
pub(super) fn headers(headers: &HeaderMap, metadata: Option<&Metadata>) -> S3Result<Headers> {
    let mut standard = BTreeMap::new();
    for name in STANDARD {
        let Some(value) = text(headers, name) else {
            continue;
        };
        let value =
            if name == "content-encoding" { without_aws_chunked(value) } else { value.to_owned() };
        if !value.is_empty() {
            standard.insert(name.to_owned(), value);
        }
    }
    let metadata: BTreeMap<_, _> =
        metadata.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > METADATA_BYTES_MAX {
        return Err(s3_error(
            S3ErrorCode::MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size",
        ));
    }
    Ok(Headers { standard, metadata })
}

/// `aws-chunked` describes the transfer, not the object.
fn without_aws_chunked(value: &str) -> String {
    let kept: Vec<_> = value
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    kept.join(",")
}

/// Tags from an `x-amz-tagging` header: a URL query.
pub(super) fn tags_from_header(value: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().map(String::from).ok()
    };
    let mut tags = Vec::new();
    for pair in value.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(name), decode(value)) {
            (Some(name), Some(value)) => tags.push((name, value)),
            _ => {
                return Err(invalid_tag("The header 'x-amz-tagging' shall be encoded as UTF-8"));
            }
        }
    }
    checked(tags, TAGS_MAX)
}

/// Tags from an XML body.
pub(super) fn tags_from_set(set: Vec<Tag>, most: usize) -> S3Result<Vec<(String, String)>> {
    let pair = |tag: Tag| match (tag.key, tag.value) {
        (Some(key), value) => Ok((key, value.unwrap_or_default())),
        (None, _) => Err(s3_error(
            S3ErrorCode::MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema",
        )),
    };
    checked(set.into_iter().map(pair).collect::<S3Result<_>>()?, most)
}

/// Tags as the framework's type.
pub(super) fn tag_set(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) })
        .collect()
}

fn checked(tags: Vec<(String, String)>, most: usize) -> S3Result<Vec<(String, String)>> {
    if tags.len() > most {
        return Err(s3_error(
            S3ErrorCode::InvalidTag,
            format!("Object tags cannot be greater than {most}"),
        ));
    }
    for (position, (name, value)) in tags.iter().enumerate() {
        if name.is_empty() || name.chars().count() > 128 {
            return Err(invalid_tag("The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 {
            return Err(invalid_tag("The TagValue you have provided is invalid"));
        }
        if tags.iter().take(position).any(|(earlier, _)| earlier == name) {
            return Err(invalid_tag("Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

fn invalid_tag(message: &str) -> s3s::S3Error {
    s3_error(S3ErrorCode::InvalidTag, message)
}

/// Refuses what would be stored otherwise than the client believes.
///
/// `AES256`, which `encrypt = true` sends, is taken without effect and without a claim in the
/// answer; a key of the client's own is refused, because nothing here would use it.
pub(super) fn check_encryption(
    headers: &HeaderMap,
    encryption: Option<&ServerSideEncryption>,
) -> S3Result<()> {
    if headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
        || headers.contains_key("x-amz-server-side-encryption-customer-key")
    {
        return Err(not_implemented("encryption with a customer-provided key (SSE-C)"));
    }
    match encryption.map(ServerSideEncryption::as_str) {
        None | Some(ServerSideEncryption::AES256) => Ok(()),
        Some(other) => Err(not_implemented(&format!("server-side encryption `{other}`"))),
    }
}

/// Takes the canned ACLs that S3 knows, without effect: nothing here is ever public. Grants name
/// accounts that do not exist here, and are refused.
pub(super) fn check_acl(headers: &HeaderMap) -> S3Result<()> {
    const CANNED: [&str; 7] = [
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
    ];
    if headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-")) {
        return Err(not_implemented("ACL grants"));
    }
    match text(headers, "x-amz-acl") {
        Some(acl) if !CANNED.contains(&acl) => Err(s3_error(
            S3ErrorCode::InvalidArgument,
            "The canned ACL that you specified is not one of S3's.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// A time as the framework's type.
pub(super) fn timestamp(micros: u64) -> Timestamp {
    let nanos = i128::from(micros) * 1_000;
    time::OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
        .into()
}

#[cfg(test)]
mod tests {
    use super::{tags_from_header, without_aws_chunked};

    #[test]
    fn aws_chunked_is_not_part_of_the_object() {
        assert_eq!(without_aws_chunked("aws-chunked"), "");
        assert_eq!(without_aws_chunked("aws-chunked, gzip"), "gzip");
        assert_eq!(without_aws_chunked("gzip"), "gzip");
    }

    #[test]
    fn tags_come_from_a_query() {
        assert_eq!(
            tags_from_header(Some("a=b+c&d=%C3%A9&e")).unwrap(),
            [("a", "b c"), ("d", "é"), ("e", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert!(tags_from_header(Some("a=1&a=2")).is_err());
        assert!(tags_from_header(Some("=1")).is_err());
        let eleven =
            ["a=&", "b=&", "c=&", "d=&", "e=&", "f=&", "g=&", "h=&", "i=&", "j=&", "k="].concat();
        assert!(tags_from_header(Some(&eleven)).is_err());
    }
}
