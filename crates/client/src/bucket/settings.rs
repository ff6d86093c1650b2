//! The settings of a bucket, each as the store shows it.
//!
//! What a store says of a setting is data: set, not set, not permitted, or not known to it. Only a bucket that is
//! not there, and no usable answer, are errors.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, MfaDeleteStatus, ObjectLockConfiguration,
    ServerSideEncryptionConfiguration,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use statelock_protocol::store::Refusal;

use super::Bucket;
use super::heard::Heard;
use super::lifecycle::lifecycle_rule;
use super::setting::{
    BucketVersioning, DefaultEncryption, LifecycleRule, ObjectLock, PublicAccessBlock, Retention,
    Setting,
};
use crate::error::StoreError;
use crate::state::Versioning;
use crate::transport::failure::failed;

/// Asks for a setting. A macro, because the SDK's calls have no trait in common.
macro_rules! ask {
    ($bucket:expr, $call:ident, $operation:literal) => {{
        let heard = Heard::default();
        let call = $bucket.connection().reads().$call().bucket($bucket.name().as_str());
        let sent = call.customize().interceptor(heard.hearing()).send().await;
        answered($operation, &heard, sent)
    }};
}

impl Bucket {
    /// Whether versions are kept. Needs `s3:GetBucketVersioning`.
    ///
    /// Changes nothing, and may be dropped at any time, as all that is asked here.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn versioning(&self) -> Result<Setting<BucketVersioning>, StoreError> {
        let heard = Heard::default();
        let call = self.connection().reads().get_bucket_versioning().bucket(self.name().as_str());
        let sent = call.customize().interceptor(heard.hearing()).send().await;
        let setting = match sent.as_ref().err().and_then(by_another_name) {
            Some(value) => Setting::Set { value, not_applied: heard.head().not_applied },
            None => answered("GetBucketVersioning", &heard, sent)?,
        };
        Ok(setting.and_then(|output| {
            let versioning = match output.status {
                Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
                Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
                // Nothing, or a word that is not one of the two.
                Some(_) | None => return None,
            };
            let is_mfa_delete = output.mfa_delete == Some(MfaDeleteStatus::Enabled);
            Some(BucketVersioning { versioning, is_mfa_delete })
        }))
    }

    /// How objects are encrypted. Needs `s3:GetEncryptionConfiguration`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn encryption(&self) -> Result<Setting<DefaultEncryption>, StoreError> {
        let setting = ask!(self, get_bucket_encryption, "GetBucketEncryption")?;
        Ok(setting.and_then(|output| encryption(&output.server_side_encryption_configuration?)))
    }

    /// What keeps it from being public. Needs `s3:GetBucketPublicAccessBlock`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn public_access_block(&self) -> Result<Setting<PublicAccessBlock>, StoreError> {
        let setting = ask!(self, get_public_access_block, "GetPublicAccessBlock")?;
        Ok(setting.and_then(|output| {
            let block = output.public_access_block_configuration?;
            Some(PublicAccessBlock {
                blocks_public_acls: block.block_public_acls.unwrap_or_default(),
                ignores_public_acls: block.ignore_public_acls.unwrap_or_default(),
                blocks_public_policy: block.block_public_policy.unwrap_or_default(),
                restricts_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
            })
        }))
    }

    /// Whose the objects in it are, and whether ACLs count: `BucketOwnerEnforced`, `BucketOwnerPreferred` or
    /// `ObjectWriter`. Needs `s3:GetBucketOwnershipControls`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn ownership(&self) -> Result<Setting<String>, StoreError> {
        let setting = ask!(self, get_bucket_ownership_controls, "GetBucketOwnershipControls")?;
        Ok(setting.and_then(|output| {
            let rule = output.ownership_controls?.rules.into_iter().next()?;
            Some(rule.object_ownership.as_str().to_owned())
        }))
    }

    /// Its policy, JSON as it was stored. Needs `s3:GetBucketPolicy`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn policy(&self) -> Result<Setting<String>, StoreError> {
        let setting = ask!(self, get_bucket_policy, "GetBucketPolicy")?;
        Ok(setting.and_then(|output| output.policy.filter(|text| !text.trim().is_empty())))
    }

    /// Whether its policy makes it public, by the store's own judgement. Needs `s3:GetBucketPolicyStatus`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn is_policy_public(&self) -> Result<Setting<bool>, StoreError> {
        let setting = ask!(self, get_bucket_policy_status, "GetBucketPolicyStatus")?;
        Ok(setting.and_then(|output| output.policy_status?.is_public))
    }

    /// Its lifecycle rules. Needs `s3:GetLifecycleConfiguration`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn lifecycle(&self) -> Result<Setting<Vec<LifecycleRule>>, StoreError> {
        let setting =
            ask!(self, get_bucket_lifecycle_configuration, "GetBucketLifecycleConfiguration")?;
        Ok(setting.and_then(|output| {
            let rules: Vec<_> = output.rules?.into_iter().map(lifecycle_rule).collect();
            (!rules.is_empty()).then_some(rules)
        }))
    }

    /// Whether versions are protected from deletion. Needs `s3:GetBucketObjectLockConfiguration`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn object_lock(&self) -> Result<Setting<ObjectLock>, StoreError> {
        let setting = ask!(self, get_object_lock_configuration, "GetObjectLockConfiguration")?;
        Ok(setting.and_then(|output| object_lock(output.object_lock_configuration?)))
    }

    /// The region in which it is. Needs `s3:GetBucketLocation`.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn location(&self) -> Result<Setting<String>, StoreError> {
        let setting = ask!(self, get_bucket_location, "GetBucketLocation")?;
        Ok(setting.and_then(|output| {
            let constraint = output.location_constraint;
            Some(region_of(constraint.as_ref().map(BucketLocationConstraint::as_str)))
        }))
    }
}

/// What an answer says that has another name than S3's own: some stores name it after the operation.
fn by_another_name<E>(error: &SdkError<E, HttpResponse>) -> Option<GetBucketVersioningOutput> {
    let raw = error.raw_response().filter(|raw| raw.status().as_u16() == 200)?;
    let text = std::str::from_utf8(raw.body().bytes()?).ok()?;
    if !text.contains("<GetBucketVersioning") {
        return None;
    }
    let said =
        |part: &str| text.split_once(&format!("<{part}>"))?.1.split_once("</").map(|text| text.0);
    Some(
        GetBucketVersioningOutput::builder()
            .set_status(said("Status").map(BucketVersioningStatus::from))
            .set_mfa_delete(said("MfaDelete").map(MfaDeleteStatus::from))
            .build(),
    )
}

/// The region that a location constraint names; the first regions have no name, or an old one.
pub(super) fn region_of(constraint: Option<&str>) -> String {
    match constraint {
        None | Some("" | "US") => "us-east-1",
        Some("EU") => "eu-west-1",
        Some(region) => region,
    }
    .to_owned()
}

fn encryption(configuration: &ServerSideEncryptionConfiguration) -> Option<DefaultEncryption> {
    configuration.rules().iter().find_map(|rule| {
        let default = rule.apply_server_side_encryption_by_default()?;
        Some(DefaultEncryption {
            algorithm: default.sse_algorithm().as_str().to_owned(),
            kms_key: default.kms_master_key_id().map(str::to_owned),
            is_bucket_key: rule.bucket_key_enabled().unwrap_or_default(),
        })
    })
}

fn object_lock(configuration: ObjectLockConfiguration) -> Option<ObjectLock> {
    configuration.object_lock_enabled?;
    let retention = configuration.rule.and_then(|rule| rule.default_retention);
    let default_retention = retention.map(|retention| Retention {
        mode: retention.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        days: match (count(retention.days), count(retention.years)) {
            (Some(days), _) => days,
            (None, years) => years.unwrap_or_default().saturating_mul(365),
        },
    });
    Some(ObjectLock { default_retention })
}

/// A number that is none if it is negative.
pub(super) fn count(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// What an answer says of a setting.
fn answered<O, E>(
    operation: &'static str,
    heard: &Heard,
    sent: Result<O, SdkError<E, HttpResponse>>,
) -> Result<Setting<O>, StoreError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let error = match sent {
        Ok(value) => return Ok(Setting::Set { value, not_applied: heard.head().not_applied }),
        Err(error) => failed("S3", operation, &error),
    };
    match error.refusal {
        // S3 has a code of its own for each setting that is not set, all with this status.
        Some(Refusal::NoSuchKey) => Ok(Setting::NotSet),
        Some(Refusal::Denied) => Ok(Setting::NotPermitted(error.trouble)),
        Some(Refusal::Unsupported) => Ok(Setting::Unsupported(error.trouble)),
        Some(
            Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::PreconditionFailed
            | Refusal::Conflict
            | Refusal::Unavailable
            | Refusal::Invalid,
        )
        | None => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_nameless_regions_have_names() {
        for (constraint, region) in [
            (None, "us-east-1"),
            (Some(""), "us-east-1"),
            (Some("EU"), "eu-west-1"),
            (Some("eu-central-1"), "eu-central-1"),
        ] {
            assert_eq!(region_of(constraint), region);
        }
    }

    #[test]
    fn a_retention_in_years_is_one_in_days() {
        use aws_sdk_s3::types::{DefaultRetention, ObjectLockEnabled, ObjectLockRule};
        let rule = ObjectLockRule::builder()
            .default_retention(DefaultRetention::builder().years(2).build())
            .build();
        let lock = ObjectLockConfiguration::builder()
            .object_lock_enabled(ObjectLockEnabled::Enabled)
            .rule(rule);
        let lock = object_lock(lock.build()).unwrap();
        assert_eq!(lock.default_retention.unwrap().days, 730);
        assert_eq!(object_lock(ObjectLockConfiguration::builder().build()), None);
    }
}
