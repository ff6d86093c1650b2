//! What lately happened to one lockfile, so that a request delivered twice has one effect.
//!
//! AWS SDKs send one `Amz-Sdk-Invocation-Id` for all attempts of a call. A lost answer makes the
//! SDK send the request again, and the network may deliver a first attempt late: after the lock was
//! released, or after somebody else took it. The trail recognises both.

use serde::{Deserialize, Serialize};

use super::{Family, RowKey};

/// How long an attempt may arrive late and still be recognised.
pub(crate) const TRAIL_AGE_MICROS_MAX: u64 = 15 * 60 * 1_000_000;
/// How many calls are remembered per lockfile.
const TRAIL_ENTRIES_MAX: usize = 64;

/// The calls that lately changed one lockfile, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockTrail {
    entries: Vec<TrailEntry>,
}

/// One call that took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailEntry {
    /// The SDK's id of the call, the same for all its attempts.
    pub invocation: String,
    /// What it did.
    pub operation: TrailOperation,
    /// When, in microseconds since the Unix epoch.
    pub at_micros: u64,
}

/// What a call did to a lockfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailOperation {
    /// It wrote the lockfile, which got this ETag.
    Written(String),
    /// It removed the lockfile.
    Deleted,
}

impl LockTrail {
    /// What the call with this id did, if it is remembered.
    pub fn find(&self, invocation: Option<&str>) -> Option<&TrailEntry> {
        let invocation = invocation?;
        self.entries.iter().find(|entry| entry.invocation == invocation)
    }

    /// The trail after one more call, without what is too old to matter.
    #[must_use]
    pub fn with(&self, entry: TrailEntry) -> Self {
        let oldest = entry.at_micros.saturating_sub(TRAIL_AGE_MICROS_MAX);
        let mut entries: Vec<_> =
            self.entries.iter().filter(|kept| kept.at_micros >= oldest).cloned().collect();
        entries.push(entry);
        let excess = entries.len().saturating_sub(TRAIL_ENTRIES_MAX);
        Self { entries: entries.split_off(excess) }
    }

    pub(crate) fn key(bucket: &str, key: &str) -> RowKey {
        RowKey::new(Family::Trail).text(bucket).text(key)
    }

    pub(crate) fn of_bucket(bucket: &str) -> RowKey {
        RowKey::new(Family::Trail).text(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::{LockTrail, TRAIL_AGE_MICROS_MAX, TRAIL_ENTRIES_MAX, TrailEntry, TrailOperation};

    fn entry(invocation: &str, at_micros: u64) -> TrailEntry {
        TrailEntry {
            invocation: invocation.to_owned(),
            operation: TrailOperation::Deleted,
            at_micros,
        }
    }

    #[test]
    fn remembers_by_invocation_until_it_is_too_old() {
        let trail = LockTrail::default().with(entry("a", 10));
        assert!(trail.find(Some("a")).is_some());
        assert!(trail.find(Some("b")).is_none());
        assert!(trail.find(None).is_none(), "a call without an id is never a repetition");
        let later = trail.with(entry("b", 11 + TRAIL_AGE_MICROS_MAX));
        assert!(later.find(Some("a")).is_none());
    }

    #[test]
    fn stays_bounded() {
        let trail =
            (0..1000).fold(LockTrail::default(), |trail, n| trail.with(entry(&n.to_string(), n)));
        assert_eq!(trail.entries.len(), TRAIL_ENTRIES_MAX);
        assert!(trail.find(Some("999")).is_some());
    }
}
