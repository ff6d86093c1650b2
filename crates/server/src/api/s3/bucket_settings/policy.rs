//! A bucket's policy: stored and shown. Which policies are taken is `policy_document`'s decision.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::policy_document;
use super::{change, settings};
use crate::api::s3::error::s3_error;
use crate::api::s3::{S3Api, sender};

/// The setting, as the audit log names it.
const WHAT: &str = "policy";

/// Sent with every answer about this setting.
pub(in crate::api::s3) const NOTE: &str =
    "policies are not evaluated: the root key may do everything, and nobody else anything";

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketPolicyInput>,
) -> S3Result<GetBucketPolicyOutput> {
    let stored = settings(api, request.input.bucket).await?.policy;
    Ok(GetBucketPolicyOutput { policy: Some(stored.ok_or_else(not_set)?) })
}

/// No policy that would make a bucket public is taken, and none would.
pub(in crate::api::s3) async fn status(
    api: &S3Api,
    request: S3Request<GetBucketPolicyStatusInput>,
) -> S3Result<GetBucketPolicyStatusOutput> {
    let stored = settings(api, request.input.bucket).await?.policy;
    stored.ok_or_else(not_set)?;
    let policy_status = Some(PolicyStatus { is_public: Some(false) });
    Ok(GetBucketPolicyStatusOutput { policy_status })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketPolicyInput>,
) -> S3Result<PutBucketPolicyOutput> {
    let sender = sender(&request)?;
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    policy_document::check(&policy, &bucket)?;
    change(api, bucket.clone(), WHAT, sender, move |settings| {
        settings.policy = Some(policy.clone());
        Ok(())
    })
    .await?;
    tracing::warn!(%bucket, "a bucket policy was set, and {NOTE}");
    Ok(PutBucketPolicyOutput {})
}

pub(in crate::api::s3) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteBucketPolicyInput>,
) -> S3Result<DeleteBucketPolicyOutput> {
    let sender = sender(&request)?;
    change(api, request.input.bucket, WHAT, sender, |settings| {
        settings.policy = None;
        Ok(())
    })
    .await?;
    Ok(DeleteBucketPolicyOutput {})
}

fn not_set() -> S3Error {
    s3_error(S3ErrorCode::NoSuchBucketPolicy, "The bucket policy does not exist")
}
