//! The conditions that requests carry in their headers.

use http::HeaderMap;
use s3s::dto::ETagCondition;
use s3s::{S3ErrorCode, S3Result};
use statelock_protocol::store::{ETag, Precondition};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::checksums::text;
use super::error::{not_implemented, precondition_failed, s3_error};
use crate::engine::DeleteCondition;
use crate::records::{Content, VersionRecord};

/// The condition of a write. S3 takes `If-None-Match: *` and `If-Match: <etag>`, one at a time.
pub(super) fn write_condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Precondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Precondition::None),
        (None, Some(ETagCondition::Any)) => Ok(Precondition::IfAbsent),
        (Some(ETagCondition::ETag(etag)), None) => {
            Ok(Precondition::IfMatch(ETag::new(etag.value())))
        }
        (None, Some(ETagCondition::ETag(_))) => {
            Err(not_implemented("If-None-Match on a write with anything but `*`"))
        }
        (Some(ETagCondition::Any), None) => Err(not_implemented("If-Match: * on a write")),
        (Some(_), Some(_)) => Err(not_implemented("If-Match together with If-None-Match")),
    }
}

/// The condition of a write whose headers the framework does not parse.
pub(super) fn write_condition_from(headers: &HeaderMap) -> S3Result<Precondition> {
    let parse = |name: &str| {
        headers
            .get(name)
            .map(|value| ETagCondition::parse_http_header(value.as_bytes()))
            .transpose()
            .map_err(|_| s3_error(S3ErrorCode::InvalidArgument, format!("invalid header: {name}")))
    };
    write_condition(parse("if-match")?.as_ref(), parse("if-none-match")?.as_ref())
}

/// The condition of a delete.
pub(super) fn delete_condition(if_match: Option<&ETagCondition>) -> DeleteCondition {
    match if_match {
        None => DeleteCondition::None,
        Some(ETagCondition::Any) => DeleteCondition::IfPresent,
        Some(ETagCondition::ETag(etag)) => DeleteCondition::IfMatch(ETag::new(etag.value())),
    }
}

/// Names of the four conditions of a read; a copy has them under other names.
pub(super) struct ReadConditionNames {
    matches: &'static str,
    none_matches: &'static str,
    modified_since: &'static str,
    unmodified_since: &'static str,
}

pub(super) const READ: ReadConditionNames = ReadConditionNames {
    matches: "if-match",
    none_matches: "if-none-match",
    modified_since: "if-modified-since",
    unmodified_since: "if-unmodified-since",
};

pub(super) const COPY_SOURCE: ReadConditionNames = ReadConditionNames {
    matches: "x-amz-copy-source-if-match",
    none_matches: "x-amz-copy-source-if-none-match",
    modified_since: "x-amz-copy-source-if-modified-since",
    unmodified_since: "x-amz-copy-source-if-unmodified-since",
};

/// What the conditions of a read say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadVerdict {
    Proceed,
    NotModified,
    /// The header whose condition does not hold.
    Failed(&'static str),
}

/// Evaluates the conditions of a read in the order of RFC 9110 section 13.2.2.
pub(super) fn check_read(
    headers: &HeaderMap,
    names: &ReadConditionNames,
    version: &VersionRecord,
    content: &Content,
) -> ReadVerdict {
    let modified = i64::try_from(version.modified_micros / 1_000_000).unwrap_or(i64::MAX);
    if let Some(list) = text(headers, names.matches) {
        if !matches_any(list, &content.etag) {
            return ReadVerdict::Failed("If-Match");
        }
    } else if let Some(since) = text(headers, names.unmodified_since).and_then(http_date)
        && modified > since
    {
        return ReadVerdict::Failed("If-Unmodified-Since");
    }
    if let Some(list) = text(headers, names.none_matches) {
        if matches_any(list, &content.etag) {
            return ReadVerdict::NotModified;
        }
    } else if let Some(since) = text(headers, names.modified_since).and_then(http_date)
        && modified <= since
    {
        return ReadVerdict::NotModified;
    }
    ReadVerdict::Proceed
}

/// A verdict as an error; nothing if the read goes on.
pub(super) fn reject(verdict: ReadVerdict) -> S3Result<()> {
    match verdict {
        ReadVerdict::Proceed => Ok(()),
        ReadVerdict::NotModified => Err(s3_error(S3ErrorCode::NotModified, "Not Modified")),
        ReadVerdict::Failed(condition) => Err(precondition_failed(condition)),
    }
}

fn matches_any(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| {
        let one = one.strip_prefix("W/").unwrap_or(one);
        one == "*" || ETag::new(one).as_str() == etag
    })
}

/// Seconds since the Unix epoch of an HTTP date; a date that does not parse is ignored, as RFC 9110
/// asks.
fn http_date(value: &str) -> Option<i64> {
    OffsetDateTime::parse(&value.replace("GMT", "+0000"), &Rfc2822)
        .ok()
        .map(OffsetDateTime::unix_timestamp)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{READ, ReadVerdict, check_read, http_date};
    use crate::records::{Content, Headers, VersionId, VersionRecord};

    fn verdict(pairs: &[(&'static str, &'static str)]) -> ReadVerdict {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let content = Content {
            size: 0,
            etag: "a".to_owned(),
            segments: Vec::new(),
            checksum: None,
            headers: Headers::default(),
            tags: Vec::new(),
            lock_id: None,
            facts: None,
            writer: None,
        };
        let version = VersionRecord {
            id: VersionId::Null,
            sequence: 0,
            modified_micros: 784_111_777_500_000, // Sun, 06 Nov 1994 08:49:37.5 GMT
            content: Some(content.clone()),
        };
        check_read(&headers, &READ, &version, &content)
    }

    #[test]
    fn http_dates_parse() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn etags_come_before_dates() {
        let (past, same) = ("Sat, 05 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(verdict(&[("if-match", "\"b\"")]), ReadVerdict::Failed("If-Match"));
        assert_eq!(
            verdict(&[("if-match", "a"), ("if-unmodified-since", past)]),
            ReadVerdict::Proceed
        );
        assert_eq!(
            verdict(&[("if-unmodified-since", past)]),
            ReadVerdict::Failed("If-Unmodified-Since")
        );
        assert_eq!(verdict(&[("if-none-match", "\"b\", W/\"a\"")]), ReadVerdict::NotModified);
        assert_eq!(
            verdict(&[("if-none-match", "\"b\""), ("if-modified-since", same)]),
            ReadVerdict::Proceed
        );
        assert_eq!(verdict(&[("if-modified-since", same)]), ReadVerdict::NotModified);
        assert_eq!(verdict(&[("if-modified-since", past)]), ReadVerdict::Proceed);
    }
}
