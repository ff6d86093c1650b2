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
