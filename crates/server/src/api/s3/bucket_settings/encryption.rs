//! A bucket's default encryption: stored and shown, and claimed by no answer about an object.
//!
//! A named key is refused: whoever names one wants it used.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::{change, documents, malformed_xml, settings, unsupported};
use crate::api::s3::error::{custom_error, s3_error};
use crate::api::s3::{S3Api, sender};

/// The setting, as the audit log names it.
const WHAT: &str = "encryption";

/// Sent with every answer about this setting.
pub(in crate::api::s3) const NOTE: &str =
    "nothing is encrypted at rest; the setting is stored and shown only";

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketEncryptionInput>,
) -> S3Result<GetBucketEncryptionOutput> {
    let stored = settings(api, request.input.bucket).await?.encryption.ok_or_else(|| {
        custom_error(
            "ServerSideEncryptionConfigurationNotFoundError",
            http::StatusCode::NOT_FOUND,
            "The server side encryption configuration was not found",
        )
    })?;
    let server_side_encryption_configuration = Some(documents::read(&stored)?);
    Ok(GetBucketEncryptionOutput { server_side_encryption_configuration })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketEncryptionInput>,
) -> S3Result<PutBucketEncryptionOutput> {
    let sender = sender(&request)?;
    let PutBucketEncryptionInput { bucket, server_side_encryption_configuration, .. } =
        request.input;
    check(&server_side_encryption_configuration)?;
    let document = documents::write(&server_side_encryption_configuration)?;
    change(api, bucket.clone(), WHAT, sender, move |settings| {
        settings.encryption = Some(document.clone());
        Ok(())
    })
    .await?;
    tracing::warn!(%bucket, "default encryption was set, and {NOTE}");
    Ok(PutBucketEncryptionOutput {})
}

pub(in crate::api::s3) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteBucketEncryptionInput>,
) -> S3Result<DeleteBucketEncryptionOutput> {
    let sender = sender(&request)?;
    change(api, request.input.bucket, WHAT, sender, |settings| {
        settings.encryption = None;
        Ok(())
    })
    .await?;
    Ok(DeleteBucketEncryptionOutput {})
}

fn check(configuration: &ServerSideEncryptionConfiguration) -> S3Result<()> {
    let [rule] = configuration.rules.as_slice() else {
        return Err(malformed_xml());
    };
    let Some(default) = &rule.apply_server_side_encryption_by_default else {
        return Err(malformed_xml());
    };
    let names_a_key = default.kms_master_key_id.as_ref().is_some_and(|key| !key.is_empty());
    match (default.sse_algorithm.as_str(), names_a_key) {
        (ServerSideEncryption::AES256 | ServerSideEncryption::AWS_KMS, false) => Ok(()),
        (ServerSideEncryption::AES256, true) => Err(s3_error(
            S3ErrorCode::InvalidArgument,
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
        )),
        (ServerSideEncryption::AWS_KMS, true) => Err(unsupported(
            "This server does not encrypt, and takes no KMS key. Leave KMSMasterKeyID out.",
        )),
        (ServerSideEncryption::AWS_KMS_DSSE, _) => {
            Err(unsupported("This server does not encrypt, and takes AES256 and aws:kms only."))
        }
        (_, _) => Err(malformed_xml()),
    }
}
