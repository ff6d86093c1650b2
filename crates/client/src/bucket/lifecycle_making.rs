//! Adds a lifecycle rule for old versions to those that a bucket has.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    TransitionDefaultMinimumObjectSize,
};

use super::Bucket;
use super::heard::Heard;
use super::making::{Made, made, unbuilt};
use crate::error::StoreError;
use crate::transport::failure::failed;

/// The name of our rule.
pub const OLD_VERSIONS_RULE: &str = "statelock-old-versions";

/// How long versions stay that are not current any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldVersions {
    /// So many days for all of them.
    pub kept_days: u32,
    /// So many of the newest, for as long as the object is there; S3 knows up to 100.
    pub kept_newest: u32,
    /// After so many days an upload in parts that was not finished is given up.
    pub uploads_kept_days: u32,
}

impl Bucket {
    /// Sets the rule [`OLD_VERSIONS_RULE`], for all objects; the bucket's other rules stay as they are. Needs
    /// `s3:GetLifecycleConfiguration` and `s3:PutLifecycleConfiguration`.
    ///
    /// S3 has no conditional write of rules: one that somebody else sets in the same moment is lost.
    ///
    /// # Errors
    /// The store refuses, or does not answer; nothing was set then, or all of it.
    pub async fn expire_old_versions(&self, old: OldVersions) -> Result<Made, StoreError> {
        let (mut rules, transition_size) = self.stored_rules().await?;
        rules.retain(|rule| rule.id() != Some(OLD_VERSIONS_RULE));
        let operation = "PutBucketLifecycleConfiguration";
        rules.push(rule(old).map_err(|error| unbuilt(operation, &error))?);
        let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
        let configuration = configuration.map_err(|error| unbuilt(operation, &error))?;
        let call = self.connection().reads().put_bucket_lifecycle_configuration();
        let call = call
            .bucket(self.name().as_str())
            .lifecycle_configuration(configuration)
            .set_transition_default_minimum_object_size(transition_size);
        made!(call, "PutBucketLifecycleConfiguration")
    }

    /// The rules as they are stored, and what goes with them.
    async fn stored_rules(
        &self,
    ) -> Result<(Vec<LifecycleRule>, Option<TransitionDefaultMinimumObjectSize>), StoreError> {
        let call = self.connection().reads().get_bucket_lifecycle_configuration();
        match call.bucket(self.name().as_str()).send().await {
            Ok(output) => {
                let size = output.transition_default_minimum_object_size;
                Ok((output.rules.unwrap_or_default(), size))
            }
            Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => {
                Ok((Vec::new(), None))
            }
            Err(error) => Err(failed("S3", "GetBucketLifecycleConfiguration", &error).into()),
        }
    }
}

fn rule(old: OldVersions) -> Result<LifecycleRule, aws_sdk_s3::error::BuildError> {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let noncurrent = NoncurrentVersionExpiration::builder()
        .noncurrent_days(number(old.kept_days))
        .set_newer_noncurrent_versions((old.kept_newest > 0).then(|| number(old.kept_newest)))
        .build();
    // Current objects never go: this is about delete markers over nothing.
    let markers = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
    let uploads = AbortIncompleteMultipartUpload::builder();
    LifecycleRule::builder()
        .id(OLD_VERSIONS_RULE)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .noncurrent_version_expiration(noncurrent)
        .expiration(markers)
        .abort_incomplete_multipart_upload(
            uploads.days_after_initiation(number(old.uploads_kept_days)).build(),
        )
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_never_expires_what_is_current() {
        let old = OldVersions { kept_days: 90, kept_newest: 10, uploads_kept_days: 7 };
        let rule = rule(old).unwrap();
        let expiration = rule.expiration().unwrap();
        assert_eq!((expiration.days(), expiration.date()), (None, None));
        let noncurrent = rule.noncurrent_version_expiration().unwrap();
        assert_eq!(noncurrent.noncurrent_days(), Some(90));
        assert_eq!(noncurrent.newer_noncurrent_versions(), Some(10));
        let none = super::rule(OldVersions { kept_newest: 0, ..old }).unwrap();
        let noncurrent = none.noncurrent_version_expiration().unwrap();
        assert_eq!(noncurrent.newer_noncurrent_versions(), None, "S3 refuses 0");
    }
}
