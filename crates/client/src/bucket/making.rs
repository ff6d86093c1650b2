//! Makes a bucket, and sets what is not set.
//!
//! Each call sets one thing to one value, so the same call sent twice has one effect, and the SDK repeats it
//! where no answer comes. What a store says that it only shows is handed back.

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};
use statelock_protocol::store::Refusal;
use std::time::Duration;

use super::Bucket;
use super::heard::Heard;
use crate::error::{StoreError, Trouble};
use crate::transport::failure::failed;

/// Amazon's first region, which has no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// A setting that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// What the store says that it shows without doing it.
    pub not_applied: Option<String>,
}

/// What became of a bucket that was to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is there now.
    Made,
    /// It was there already, and is of the same account.
    WasThere,
    /// Somebody else has a bucket of that name.
    OfSomebodyElse,
}

/// Sends a call and hands back what the store says that it only shows.
macro_rules! made {
    ($call:expr, $operation:literal) => {{
        let heard = Heard::default();
        let sent = $call.customize().interceptor(heard.hearing()).send().await;
        match sent {
            Ok(_) => Ok(Made { not_applied: heard.head().not_applied }),
            Err(error) => Err(StoreError::from(failed("S3", $operation, &error))),
        }
    }};
}
pub(super) use made;

impl Bucket {
    /// The region that requests about it go to.
    pub fn asked_region(&self) -> String {
        let region = self.connection().reads().config().region();
        region.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether requests about it go through TLS. Sends nothing to the store.
    ///
    /// # Errors
    /// No endpoint, or no credentials.
    pub async fn is_reached_by_tls(&self) -> Result<bool, StoreError> {
        let for_a_minute = PresigningConfig::expires_in(Duration::from_mins(1));
        let for_a_minute = for_a_minute.map_err(|error| unsent("GetObject", error.to_string()))?;
        let call = self.connection().reads().get_object().bucket(self.name().as_str()).key("-");
        let request = call.presigned(for_a_minute).await;
        let request = request.map_err(|error| failed("S3", "GetObject", &error))?;
        Ok(request.uri().starts_with("https://"))
    }

    /// Makes it, without ACLs, in the region that requests go to. Needs `s3:CreateBucket` and
    /// `s3:PutBucketOwnershipControls`.
    ///
    /// # Errors
    /// The store refuses, or it is not known whether it was made; to ask again is safe.
    pub async fn create(&self) -> Result<Creation, StoreError> {
        let region = self.asked_region();
        let place = (region != FIRST_REGION && !region.is_empty()).then(|| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let call = self.connection().reads().create_bucket().bucket(self.name().as_str());
        let call = call.set_create_bucket_configuration(place);
        let sent = call.object_ownership(ObjectOwnership::BucketOwnerEnforced).send().await;
        let Err(error) = sent else { return Ok(Creation::Made) };
        match error.code() {
            Some("BucketAlreadyOwnedByYou") => Ok(Creation::WasThere),
            Some("BucketAlreadyExists") => Ok(Creation::OfSomebodyElse),
            _ => Err(failed("S3", "CreateBucket", &error).into()),
        }
    }

    /// Whether it belongs to this account, as far as the store looks at that. It has to be there, and
    /// readable for these credentials.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn belongs_to(&self, account: &str) -> Result<bool, StoreError> {
        let call = self.connection().reads().head_bucket().bucket(self.name().as_str());
        let sent = call.expected_bucket_owner(account).send().await;
        match sent.map_err(|error| failed("S3", "HeadBucket", &error)) {
            Ok(_) => Ok(true),
            Err(error) if error.refusal == Some(Refusal::Denied) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Has every object belong to the bucket's account, and no ACL count. Needs
    /// `s3:PutBucketOwnershipControls`.
    ///
    /// # Errors
    /// The store refuses, or does not answer. Of a bucket whose ACL lets others in: `Refused`.
    pub async fn enforce_ownership(&self) -> Result<Made, StoreError> {
        let enforced = ObjectOwnership::BucketOwnerEnforced;
        let rule = OwnershipControlsRule::builder().object_ownership(enforced).build();
        let controls = rule.and_then(|rule| OwnershipControls::builder().rules(rule).build());
        let controls = controls.map_err(|error| unbuilt("PutBucketOwnershipControls", &error))?;
        let call = self.connection().reads().put_bucket_ownership_controls();
        let call = call.bucket(self.name().as_str()).ownership_controls(controls);
        made!(call, "PutBucketOwnershipControls")
    }

    /// Sets all four parts of the public access block. Needs `s3:PutBucketPublicAccessBlock`.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn block_public_access(&self) -> Result<Made, StoreError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = self.connection().reads().put_public_access_block();
        let call = call.bucket(self.name().as_str()).public_access_block_configuration(block);
        made!(call, "PutPublicAccessBlock")
    }

    /// Has versions kept from now on. Needs `s3:PutBucketVersioning`.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn enable_versioning(&self) -> Result<Made, StoreError> {
        let enabled = BucketVersioningStatus::Enabled;
        let versioning = VersioningConfiguration::builder().status(enabled).build();
        let call = self.connection().reads().put_bucket_versioning();
        let call = call.bucket(self.name().as_str()).versioning_configuration(versioning);
        made!(call, "PutBucketVersioning")
    }

    /// Has new objects encrypted, with this KMS key (in two layers, `aws:kms:dsse`, if asked for) or with the store's
    /// own. Needs `s3:PutEncryptionConfiguration`.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn encrypt_by_default(
        &self,
        kms_key: Option<&str>,
        is_dual_layer: bool,
    ) -> Result<Made, StoreError> {
        let default = ServerSideEncryptionByDefault::builder();
        let default = match kms_key {
            Some(key) if is_dual_layer => {
                default.sse_algorithm(ServerSideEncryption::AwsKmsDsse).kms_master_key_id(key)
            }
            Some(key) => default.sse_algorithm(ServerSideEncryption::AwsKms).kms_master_key_id(key),
            None => default.sse_algorithm(ServerSideEncryption::Aes256),
        };
        let default = default.build().map_err(|error| unbuilt("PutBucketEncryption", &error))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            // One key of the bucket instead of one request to KMS for each lock and state. With two layers S3 has none.
            .set_bucket_key_enabled(kms_key.filter(|_| !is_dual_layer).map(|_| true))
            .build();
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let configuration =
            configuration.map_err(|error| unbuilt("PutBucketEncryption", &error))?;
        let call = self.connection().reads().put_bucket_encryption();
        let call = call.bucket(self.name().as_str());
        made!(call.server_side_encryption_configuration(configuration), "PutBucketEncryption")
    }

    /// Replaces its policy, JSON. Needs `s3:PutBucketPolicy`.
    ///
    /// # Errors
    /// The store refuses, or does not answer.
    pub async fn put_policy(&self, policy: &str) -> Result<Made, StoreError> {
        let call = self.connection().reads().put_bucket_policy().bucket(self.name().as_str());
        made!(call.policy(policy), "PutBucketPolicy")
    }
}

/// A request that could not even be written.
pub(super) fn unbuilt(operation: &'static str, error: &BuildError) -> StoreError {
    unsent(operation, error.to_string())
}

fn unsent(operation: &'static str, message: String) -> StoreError {
    let trouble = Trouble {
        service: "S3",
        operation,
        endpoint: None,
        status: None,
        code: None,
        message,
        request_id: None,
        was_sent: false,
    };
    StoreError::Refused { refusal: Refusal::Invalid, trouble }
}
