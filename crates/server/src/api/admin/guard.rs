//! The write guard, as administrators use it: permits one write, and gives out what was refused.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde::{Deserialize, Serialize};

use super::Call;
use super::answer::{self, AdminError};
use super::request::{Query, refused};
use crate::api::object_body;
use crate::engine::{AllowOverwrite, Engine};
use crate::records::{BodyFacts, OverwriteRecord, QuarantineRecord, VersionId, WriterRecord};

/// The version of these documents; members are added without a new one.
const SCHEMA: u32 = 1;
/// A permission is for what is about to be done.
const SECONDS_MAX: u64 = 24 * 60 * 60;
/// As much as the audit log keeps.
const REASON_CHARS_MAX: usize = 1024;

/// What to permit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permission {
    bucket: String,
    key: String,
    seconds: u64,
    reason: String,
}

#[derive(Serialize)]
struct Permitted<'a> {
    schema: u32,
    #[serde(flatten)]
    permission: &'a OverwriteRecord,
}

#[derive(Serialize)]
struct Quarantine {
    schema: u32,
    refused: Vec<RefusedBody>,
}

/// A refused body, without its bytes.
#[derive(Serialize)]
struct RefusedBody {
    version: VersionId,
    refused_micros: u64,
    size: u64,
    reason: String,
    facts: Option<BodyFacts>,
    writer: Option<WriterRecord>,
}

/// `POST allow-overwrite`: permits one write.
pub(super) async fn allow_overwrite(
    engine: &Engine,
    call: Call,
) -> Result<Response<Body>, AdminError> {
    call.query.finish()?;
    let permission = permission(&call.body)?;
    let request = AllowOverwrite {
        bucket: permission.bucket,
        key: permission.key,
        duration: Duration::from_secs(permission.seconds),
        reason: permission.reason,
        sender: call.sender,
    };
    let permission = engine.allow_overwrite(request).await?;
    let document = Permitted { schema: SCHEMA, permission: &permission };
    Ok(answer::json(StatusCode::OK, &document))
}

fn permission(body: &[u8]) -> Result<Permission, AdminError> {
    let bad = |what: String| AdminError::bad_request(what, "correct the request");
    let permission: Permission = serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is no permission: {error}")))?;
    if !(1..=SECONDS_MAX).contains(&permission.seconds) {
        return Err(bad(format!("`seconds` is not between 1 and {SECONDS_MAX}")));
    }
    let reason = permission.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(bad(format!("`reason` does not have 1 to {REASON_CHARS_MAX} characters")));
    }
    Ok(permission)
}

/// `GET quarantine`: the refused bodies of one object, newest first.
pub(super) async fn list(engine: &Engine, call: Call) -> Result<Response<Body>, AdminError> {
    let mut query = call.query;
    let (bucket, key) = address(&mut query)?;
    query.finish()?;
    let records = engine.quarantined(bucket, key).await?;
    let refused = records.into_iter().map(RefusedBody::from).collect();
    Ok(answer::json(StatusCode::OK, &Quarantine { schema: SCHEMA, refused }))
}

/// `GET quarantine/body`: one of them, byte for byte.
pub(super) async fn body(engine: &Engine, call: Call) -> Result<Response<Body>, AdminError> {
    let mut query = call.query;
    let (bucket, key) = address(&mut query)?;
    let version = required(&mut query, "version")?;
    query.finish()?;
    let version = version.parse().map_err(|_| refused("version", "is not a version id"))?;
    let content = engine.quarantined_body(bucket, key, version).await?.content;
    let body = object_body::give_out(engine, &content, None, 0..content.size);
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.size));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn address(query: &mut Query) -> Result<(String, String), AdminError> {
    Ok((required(query, "bucket")?, required(query, "key")?))
}

fn required(query: &mut Query, name: &str) -> Result<String, AdminError> {
    query.text(name).ok_or_else(|| refused(name, "is missing"))
}

impl From<QuarantineRecord> for RefusedBody {
    fn from(record: QuarantineRecord) -> Self {
        let QuarantineRecord { id, refused_micros, reason, content, .. } = record;
        let (size, facts, writer) = (content.size, content.facts, content.writer);
        Self { version: id, refused_micros, size, reason, facts, writer }
    }
}

#[cfg(test)]
mod tests {
    use super::permission;

    #[test]
    fn a_permission_has_an_object_a_time_and_a_reason() {
        let body = |seconds: &str, reason: &str| {
            format!(r#"{{"bucket":"b","key":"k","seconds":{seconds},"reason":"{reason}"}}"#)
        };
        let good = permission(body("300", "a rollback").as_bytes()).unwrap();
        assert_eq!((good.bucket.as_str(), good.key.as_str(), good.seconds), ("b", "k", 300));
        for bad in [
            body("0", "x"),
            body("86401", "x"),
            body("-1", "x"),
            body("1.5", "x"),
            body("300", ""),
            body("300", " "),
            body("300", &"x".repeat(1025)),
            body("300", "x").replace("bucket", "buckets"),
            body("300", "x").replace('}', r#","more":1}"#),
            String::new(),
        ] {
            assert!(permission(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
