//! Buckets.

use serde::{Deserialize, Serialize};

use super::{Family, RowKey};

/// A bucket and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRecord {
    /// When it was created, in microseconds since the Unix epoch.
    pub created_micros: u64,
    /// The region that its creator named, as GetBucketLocation answers it.
    pub region: String,
    /// Whether new objects get versions.
    pub versioning: Versioning,
    /// The bucket's tags, in the order in which they were given.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
}

/// A bucket's versioning state. S3 has no way back to `Unversioned`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Versioning {
    /// Never switched on: every object is its only version, `null`.
    Unversioned,
    /// Every write adds a version.
    Enabled,
    /// Old versions are kept; new writes replace the version `null`.
    Suspended,
}

impl BucketRecord {
    pub(crate) fn key(bucket: &str) -> RowKey {
        RowKey::new(Family::Bucket).text(bucket)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Bucket)
    }
}

/// What a bucket's configuration calls stored: each setting as the document that S3 defines for it.
/// In a row of its own, because every request for an object reads the bucket's record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSettings {
    /// The XML of PutBucketAcl: `AccessControlPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<String>,
    /// The XML of PutBucketEncryption: `ServerSideEncryptionConfiguration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// The XML of PutBucketLifecycleConfiguration: `LifecycleConfiguration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// The header that comes with it: the size below which objects are not moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_minimum_size: Option<String>,
    /// The XML of PutBucketLogging: `BucketLoggingStatus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<String>,
    /// The XML of PutBucketOwnershipControls: `OwnershipControls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<String>,
    /// The JSON of PutBucketPolicy, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The XML of PutPublicAccessBlock: `PublicAccessBlockConfiguration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<String>,
}

impl BucketSettings {
    pub(crate) fn key(bucket: &str) -> RowKey {
        RowKey::new(Family::Settings).text(bucket)
    }
}
