//! PublicAccessBlock. Nothing here is ever public, so a setting that blocks is true already, and one
//! that does not block opens nothing.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::{change, documents, settings};
use crate::api::s3::error::custom_error;
use crate::api::s3::{S3Api, sender};

/// The setting, as the audit log names it.
const WHAT: &str = "public access block";

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetPublicAccessBlockInput>,
) -> S3Result<GetPublicAccessBlockOutput> {
    let stored = settings(api, request.input.bucket).await?.public_access_block;
    let stored = stored.ok_or_else(|| {
        custom_error(
            "NoSuchPublicAccessBlockConfiguration",
            http::StatusCode::NOT_FOUND,
            "The public access block configuration was not found",
        )
    })?;
    let public_access_block_configuration = Some(documents::read(&stored)?);
    Ok(GetPublicAccessBlockOutput { public_access_block_configuration })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutPublicAccessBlockInput>,
) -> S3Result<PutPublicAccessBlockOutput> {
    let sender = sender(&request)?;
    let PutPublicAccessBlockInput { bucket, public_access_block_configuration: given, .. } =
        request.input;
    // S3 shows all four, whichever were given.
    let all = PublicAccessBlockConfiguration {
        block_public_acls: Some(given.block_public_acls == Some(true)),
        block_public_policy: Some(given.block_public_policy == Some(true)),
        ignore_public_acls: Some(given.ignore_public_acls == Some(true)),
        restrict_public_buckets: Some(given.restrict_public_buckets == Some(true)),
    };
    let document = documents::write(&all)?;
    change(api, bucket, WHAT, sender, move |settings| {
        settings.public_access_block = Some(document.clone());
        Ok(())
    })
    .await?;
    Ok(PutPublicAccessBlockOutput {})
}

pub(in crate::api::s3) async fn delete(
    api: &S3Api,
    request: S3Request<DeletePublicAccessBlockInput>,
) -> S3Result<DeletePublicAccessBlockOutput> {
    let sender = sender(&request)?;
    change(api, request.input.bucket, WHAT, sender, |settings| {
        settings.public_access_block = None;
        Ok(())
    })
    .await?;
    Ok(DeletePublicAccessBlockOutput {})
}
