//! Permission for one write that the write guard would refuse.

use serde::{Deserialize, Serialize};

use super::{Family, RowKey};

/// A permission that nobody has used yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverwriteRecord {
    /// When it was given, in microseconds since the Unix epoch.
    pub granted_micros: u64,
    /// From when on it does not count any more, in microseconds since the Unix epoch.
    pub until_micros: u64,
    /// The access key that gave it.
    pub principal: String,
    /// Why, in words.
    pub reason: String,
}

impl OverwriteRecord {
    pub(crate) fn row(bucket: &str, key: &str) -> RowKey {
        Self::of_bucket(bucket).text(key)
    }

    pub(crate) fn of_bucket(bucket: &str) -> RowKey {
        Self::all().text(bucket)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Overwrite)
    }
}
