//! What a store says of a setting of a bucket.

use crate::error::Trouble;
use crate::state::Versioning;

/// What a store says of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// It is set.
    Set {
        /// To this.
        value: T,
        /// What the store says that it shows without doing it. A statelock server does, see its
        /// `docs/decisions/0006`.
        not_applied: Option<String>,
    },
    /// It is not set.
    NotSet,
    /// These credentials may not ask.
    NotPermitted(Trouble),
    /// The store does not have such a setting.
    Unsupported(Trouble),
}

/// Whether versions are kept, and what it takes to delete one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketVersioning {
    /// Whether they are kept.
    pub versioning: Versioning,
    /// Whether deleting a version needs a second factor.
    pub is_mfa_delete: bool,
}

/// How objects are encrypted that name no encryption themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultEncryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key, if one is named.
    pub kms_key: Option<String>,
    /// Whether one key of the bucket saves requests to KMS.
    pub is_bucket_key: bool,
}

impl DefaultEncryption {
    /// The algorithm of two layers.
    pub const DUAL_LAYER: &str = "aws:kms:dsse";
}

/// The four parts of the public access block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "S3 has these four")]
pub struct PublicAccessBlock {
    /// `BlockPublicAcls`.
    pub blocks_public_acls: bool,
    /// `IgnorePublicAcls`.
    pub ignores_public_acls: bool,
    /// `BlockPublicPolicy`.
    pub blocks_public_policy: bool,
    /// `RestrictPublicBuckets`.
    pub restricts_public_buckets: bool,
}

/// A lifecycle rule, as far as it is about objects and their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of a rule that is there or not")]
pub struct LifecycleRule {
    /// Its name.
    pub id: Option<String>,
    /// Whether it is in force.
    pub is_enabled: bool,
    /// What the keys begin with that it is about.
    pub prefix: String,
    /// The tags that it asks for.
    pub tags: Vec<(String, String)>,
    /// Only objects of more bytes than this.
    pub size_bytes_above: Option<u64>,
    /// Only objects of fewer bytes than this.
    pub size_bytes_below: Option<u64>,
    /// Deletes *current* objects after so many days.
    pub expires_current_after_days: Option<u32>,
    /// Deletes *current* objects on a date.
    pub expires_current_on_a_date: bool,
    /// Deletes versions so many days after they were replaced.
    pub expires_noncurrent_after_days: Option<u32>,
    /// Of those, keeps so many.
    pub keeps_newer_noncurrent: Option<u32>,
    /// Removes delete markers behind which there is nothing.
    pub removes_expired_delete_markers: bool,
    /// Aborts uploads in parts after so many days.
    pub aborts_uploads_after_days: Option<u32>,
    /// Whether it moves objects or versions to another storage class.
    pub has_transitions: bool,
}

/// Object Lock: S3's protection of versions. It has nothing to do with the lock of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectLock {
    /// How long each new version is kept whatever anybody wants.
    pub default_retention: Option<Retention>,
}

/// How long a version cannot be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// For how many days; a year counts 365.
    pub days: u32,
}

impl<T> Setting<T> {
    /// The value, if it is set.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set { value, .. } => Some(value),
            Self::NotSet | Self::NotPermitted(_) | Self::Unsupported(_) => None,
        }
    }

    /// What the store says that it only shows.
    pub fn not_applied(&self) -> Option<&str> {
        match self {
            Self::Set { not_applied, .. } => not_applied.as_deref(),
            Self::NotSet | Self::NotPermitted(_) | Self::Unsupported(_) => None,
        }
    }

    /// Whether it is known that it is not set, or cannot be.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NotSet | Self::Unsupported(_))
    }

    /// Understands an answer; `None` is the store's way to say that nothing is set.
    pub(super) fn and_then<U>(self, understand: impl FnOnce(T) -> Option<U>) -> Setting<U> {
        match self {
            Self::Set { value, not_applied } => understand(value)
                .map_or(Setting::NotSet, |value| Setting::Set { value, not_applied }),
            Self::NotSet => Setting::NotSet,
            Self::NotPermitted(trouble) => Setting::NotPermitted(trouble),
            Self::Unsupported(trouble) => Setting::Unsupported(trouble),
        }
    }
}
