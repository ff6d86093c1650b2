//! Settings that this server does not have: reading one finds it not set, removing one is done
//! already, and setting one is refused, unless what is asked for is how it is.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::unsupported;
use crate::api::s3::S3Api;
use crate::api::s3::error::{from_engine, s3_error};

async fn bucket_exists(api: &S3Api, bucket: String) -> S3Result<()> {
    api.engine.bucket(bucket).await.map_err(from_engine).map(drop)
}

/// The answer about `bucket` if it exists.
async fn not_set<T>(api: &S3Api, bucket: String, error: S3Error) -> S3Result<T> {
    bucket_exists(api, bucket).await?;
    Err(error)
}

pub(in crate::api::s3) async fn get_cors(
    api: &S3Api,
    request: S3Request<GetBucketCorsInput>,
) -> S3Result<GetBucketCorsOutput> {
    let message = "The CORS configuration does not exist";
    let error = s3_error(S3ErrorCode::NoSuchCORSConfiguration, message);
    not_set(api, request.input.bucket, error).await
}

pub(in crate::api::s3) async fn delete_cors(
    api: &S3Api,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<DeleteBucketCorsOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(DeleteBucketCorsOutput {})
}

pub(in crate::api::s3) async fn get_website(
    api: &S3Api,
    request: S3Request<GetBucketWebsiteInput>,
) -> S3Result<GetBucketWebsiteOutput> {
    let message = "The specified bucket does not have a website configuration";
    let error = s3_error(S3ErrorCode::NoSuchWebsiteConfiguration, message);
    not_set(api, request.input.bucket, error).await
}

pub(in crate::api::s3) async fn delete_website(
    api: &S3Api,
    request: S3Request<DeleteBucketWebsiteInput>,
) -> S3Result<DeleteBucketWebsiteOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(DeleteBucketWebsiteOutput {})
}

pub(in crate::api::s3) async fn get_replication(
    api: &S3Api,
    request: S3Request<GetBucketReplicationInput>,
) -> S3Result<GetBucketReplicationOutput> {
    let message = "The replication configuration was not found";
    let error = s3_error(S3ErrorCode::ReplicationConfigurationNotFoundError, message);
    not_set(api, request.input.bucket, error).await
}

pub(in crate::api::s3) async fn delete_replication(
    api: &S3Api,
    request: S3Request<DeleteBucketReplicationInput>,
) -> S3Result<DeleteBucketReplicationOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(DeleteBucketReplicationOutput {})
}

pub(in crate::api::s3) async fn get_object_lock(
    api: &S3Api,
    request: S3Request<GetObjectLockConfigurationInput>,
) -> S3Result<GetObjectLockConfigurationOutput> {
    let message = "Object Lock configuration does not exist for this bucket";
    let error = s3_error(S3ErrorCode::ObjectLockConfigurationNotFoundError, message);
    not_set(api, request.input.bucket, error).await
}

pub(in crate::api::s3) async fn put_object_lock(
    api: &S3Api,
    request: S3Request<PutObjectLockConfigurationInput>,
) -> S3Result<PutObjectLockConfigurationOutput> {
    let message = "This server does not enforce Object Lock, and takes no configuration of it.";
    not_set(api, request.input.bucket, unsupported(message)).await
}

pub(in crate::api::s3) async fn get_payer(
    api: &S3Api,
    request: S3Request<GetBucketRequestPaymentInput>,
) -> S3Result<GetBucketRequestPaymentOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) })
}

pub(in crate::api::s3) async fn put_payer(
    api: &S3Api,
    request: S3Request<PutBucketRequestPaymentInput>,
) -> S3Result<PutBucketRequestPaymentOutput> {
    bucket_exists(api, request.input.bucket).await?;
    match request.input.request_payment_configuration.payer.as_str() {
        Payer::BUCKET_OWNER => Ok(PutBucketRequestPaymentOutput {}),
        Payer::REQUESTER => Err(unsupported("This server charges nobody: no requester pays.")),
        _ => Err(super::malformed_xml()),
    }
}

pub(in crate::api::s3) async fn get_notification(
    api: &S3Api,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> S3Result<GetBucketNotificationConfigurationOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(GetBucketNotificationConfigurationOutput::default())
}

pub(in crate::api::s3) async fn put_notification(
    api: &S3Api,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> S3Result<PutBucketNotificationConfigurationOutput> {
    bucket_exists(api, request.input.bucket).await?;
    let asked = request.input.notification_configuration;
    let is_empty = asked.event_bridge_configuration.is_none()
        && asked.lambda_function_configurations.unwrap_or_default().is_empty()
        && asked.queue_configurations.unwrap_or_default().is_empty()
        && asked.topic_configurations.unwrap_or_default().is_empty();
    if is_empty {
        return Ok(PutBucketNotificationConfigurationOutput {});
    }
    Err(unsupported("This server sends no notifications."))
}

pub(in crate::api::s3) async fn get_accelerate(
    api: &S3Api,
    request: S3Request<GetBucketAccelerateConfigurationInput>,
) -> S3Result<GetBucketAccelerateConfigurationOutput> {
    bucket_exists(api, request.input.bucket).await?;
    Ok(GetBucketAccelerateConfigurationOutput::default())
}
