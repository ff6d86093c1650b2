//! Access logging: stored and shown. No access log is ever written into a bucket.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::{change, documents, settings};
use crate::api::s3::error::{from_engine, s3_error};
use crate::api::s3::{S3Api, sender};

/// The setting, as the audit log names it.
const WHAT: &str = "logging";

/// Sent with every answer about this setting.
pub(in crate::api::s3) const NOTE: &str =
    "no access logs are written into buckets; the setting is stored and shown only";

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketLoggingInput>,
) -> S3Result<GetBucketLoggingOutput> {
    let stored = settings(api, request.input.bucket).await?.logging;
    let status =
        stored.map(|stored| documents::read::<BucketLoggingStatus>(&stored)).transpose()?;
    Ok(GetBucketLoggingOutput { logging_enabled: status.and_then(|status| status.logging_enabled) })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketLoggingInput>,
) -> S3Result<PutBucketLoggingOutput> {
    let sender = sender(&request)?;
    let PutBucketLoggingInput { bucket, bucket_logging_status, .. } = request.input;
    let document = documents::write(&bucket_logging_status)?;
    let Some(enabled) = bucket_logging_status.logging_enabled else {
        change(api, bucket, WHAT, sender, |settings| {
            settings.logging = None;
            Ok(())
        })
        .await?;
        return Ok(PutBucketLoggingOutput {});
    };
    let (named, target) = (bucket.clone(), enabled.target_bucket);
    if !api.engine.set_logging(bucket, target, document, sender).await.map_err(from_engine)? {
        return Err(s3_error(
            S3ErrorCode::InvalidTargetBucketForLogging,
            "The target bucket for logging does not exist",
        ));
    }
    tracing::warn!(bucket = %named, "access logging was set, and {NOTE}");
    Ok(PutBucketLoggingOutput {})
}
