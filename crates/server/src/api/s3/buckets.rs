//! Operations on buckets.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::bucket_settings::ownership;
use super::error::{from_engine, not_implemented, s3_error};
use super::metadata::{check_acl, timestamp};
use super::{S3Api, sender};
use crate::engine::{EngineError, NewBucket};
use crate::records::Versioning;

/// The region in which S3 lets a bucket be created again by its owner, and answers no location.
const CLASSIC_REGION: &str = "us-east-1";
const BUCKETS_PAGE_MAX: usize = 10_000;

pub(super) async fn create(
    api: &S3Api,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    check_acl(&request.headers)?;
    let sender = sender(&request)?;
    let input = request.input;
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(not_implemented("Object Lock"));
    }
    let constraint = input
        .create_bucket_configuration
        .and_then(|configuration| configuration.location_constraint)
        .map(|constraint| constraint.as_str().to_owned())
        .filter(|constraint| !constraint.is_empty());
    let region = constraint.unwrap_or_else(|| api.region.clone());
    let settings = ownership::of_new_bucket(input.object_ownership.as_ref())?;
    let (bucket, in_classic) = (input.bucket, region == CLASSIC_REGION);
    let output = CreateBucketOutput { location: Some(format!("/{bucket}")) };
    let new = NewBucket { region, versioning: Versioning::Unversioned, settings };
    match api.engine.create_configured(bucket, new, Some(sender)).await {
        Ok(()) => Ok(output),
        // As in S3's oldest region: creating what one owns succeeds and changes nothing.
        Err(EngineError::BucketExists) if in_classic => Ok(output),
        Err(error) => Err(from_engine(error)),
    }
}

pub(super) async fn head(
    api: &S3Api,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    let bucket = api.engine.bucket(request.input.bucket).await.map_err(from_engine)?;
    Ok(HeadBucketOutput { bucket_region: Some(bucket.region), ..Default::default() })
}

pub(super) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let sender = sender(&request)?;
    api.engine.delete_bucket(request.input.bucket, sender).await.map_err(from_engine)?;
    Ok(DeleteBucketOutput::default())
}

pub(super) async fn list(
    api: &S3Api,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let input = request.input;
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = input.continuation_token.unwrap_or_default();
    let most = input
        .max_buckets
        .and_then(|most| usize::try_from(most).ok())
        .map_or(BUCKETS_PAGE_MAX, |most| most.clamp(1, BUCKETS_PAGE_MAX));
    let all = api.engine.buckets().await.map_err(from_engine)?;
    let mut matching =
        all.into_iter().filter(|(name, _)| name.starts_with(&prefix) && *name > after).peekable();
    let buckets: Vec<_> = matching
        .by_ref()
        .take(most)
        .map(|(name, record)| Bucket {
            name: Some(name),
            bucket_region: Some(record.region),
            creation_date: Some(timestamp(record.created_micros)),
        })
        .collect();
    let continuation_token =
        matching.peek().and_then(|_| buckets.last()).and_then(|bucket| bucket.name.clone());
    Ok(ListBucketsOutput {
        buckets: Some(buckets),
        continuation_token,
        owner: Some(super::listing::owner()),
        prefix: input.prefix,
    })
}

pub(super) async fn location(
    api: &S3Api,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    let bucket = api.engine.bucket(request.input.bucket).await.map_err(from_engine)?;
    let location_constraint =
        (bucket.region != CLASSIC_REGION).then(|| BucketLocationConstraint::from(bucket.region));
    Ok(GetBucketLocationOutput { location_constraint })
}

pub(super) async fn versioning(
    api: &S3Api,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    let bucket = api.engine.bucket(request.input.bucket).await.map_err(from_engine)?;
    let status = match bucket.versioning {
        Versioning::Unversioned => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(GetBucketVersioningOutput { mfa_delete: None, status })
}

pub(super) async fn set_versioning(
    api: &S3Api,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<PutBucketVersioningOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    if request.headers.contains_key("x-amz-mfa") {
        return Err(not_implemented("MFA delete"));
    }
    let status = input.versioning_configuration.status;
    let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) | None => {
            return Err(s3_error(
                S3ErrorCode::IllegalVersioningConfigurationException,
                "The Versioning element must be specified",
            ));
        }
    };
    api.engine
        .change_bucket(input.bucket, sender, move |bucket| bucket.versioning = versioning)
        .await
        .map_err(from_engine)?;
    Ok(PutBucketVersioningOutput::default())
}
