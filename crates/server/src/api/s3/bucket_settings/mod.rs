//! Calls that configure a bucket: a module for each setting, and one for those that are never set.
//!
//! A setting is kept as the document that S3 defines for it. What this server does not do is either
//! refused, or stored and shown and said so with [`NOT_APPLIED`]; docs/decisions/ has the rule.

pub(super) mod acl;
pub(super) mod documents;
pub(super) mod encryption;
pub(super) mod lifecycle;
pub(super) mod logging;
pub(super) mod never_set;
pub(super) mod ownership;
pub(super) mod policy;
mod policy_document;
pub(super) mod public_access;

use http::{HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode, S3Response, S3Result};

use super::S3Api;
use super::error::{from_engine, s3_error};
use crate::engine::Sender;
use crate::records::BucketSettings;

/// The header of an answer that shows or takes a setting which has no effect here.
const NOT_APPLIED: HeaderName = HeaderName::from_static("x-statelock-not-applied");

/// Puts an answer together; `notes` say what of it is stored and shown only.
pub(super) fn answer<T>(output: T, notes: &[&'static str]) -> S3Response<T> {
    let mut response = S3Response::new(output);
    for note in notes {
        response.headers.insert(NOT_APPLIED, HeaderValue::from_static(note));
    }
    response
}

async fn settings(api: &S3Api, bucket: String) -> S3Result<BucketSettings> {
    api.engine.bucket_settings(bucket).await.map_err(from_engine)
}

/// Changes the setting `what`. A change that refuses leaves everything as it is.
async fn change(
    api: &S3Api,
    bucket: String,
    what: &'static str,
    sender: Sender,
    change: impl Fn(&mut BucketSettings) -> S3Result<()> + Send + 'static,
) -> S3Result<()> {
    api.engine.change_bucket_settings(bucket, what, sender, change).await.map_err(from_engine)?
}

/// What this server does not do, where no header is about it.
fn unsupported(message: impl Into<String>) -> S3Error {
    s3_error(S3ErrorCode::NotImplemented, message)
}

fn malformed_xml() -> S3Error {
    s3_error(
        S3ErrorCode::MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}
