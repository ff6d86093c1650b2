//! Bodies that the write guard refused, kept so that nothing is lost.

use serde::{Deserialize, Serialize};

use super::{Content, Family, RowKey, VersionId};

/// A refused body. It looks like a version, and is never one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRecord {
    /// Its id: no version of the object has the same.
    pub id: VersionId,
    /// Its place among the refused bodies of its key; larger is newer.
    pub sequence: u64,
    /// When it was refused, in microseconds since the Unix epoch.
    pub refused_micros: u64,
    /// Why, in words.
    pub reason: String,
    /// What it holds.
    pub content: Content,
}

impl QuarantineRecord {
    pub(crate) fn row(bucket: &str, key: &str, sequence: u64) -> RowKey {
        // Inverted, so that the newest comes first.
        Self::of_key(bucket, key).bytes(&(!sequence).to_be_bytes())
    }

    pub(crate) fn of_key(bucket: &str, key: &str) -> RowKey {
        RowKey::new(Family::Quarantine).text(bucket).text(key)
    }

    pub(crate) fn of_bucket(bucket: &str) -> RowKey {
        RowKey::new(Family::Quarantine).text(bucket)
    }
}
