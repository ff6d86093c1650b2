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
    /// Whether the call with this id did this, and it is remembered.
    pub fn remembers(
        &self,
        invocation: Option<&str>,
        operation: &TrailOperation,
        now_micros: u64,
    ) -> bool {
        invocation.is_some_and(|invocation| {
            self.entries.iter().any(|entry| {
                entry.invocation == invocation
                    && entry.operation == *operation
                    && entry.is_recent(now_micros)
            })
        })
    }

    /// Whether nothing is remembered any more.
    pub fn is_forgotten(&self, now_micros: u64) -> bool {
        !self.entries.iter().any(|entry| entry.is_recent(now_micros))
    }

    /// The trail after one more call, without what is too old to matter.
    #[must_use]
    pub fn with(&self, entry: TrailEntry) -> Self {
        let recent = self.entries.iter().filter(|kept| kept.is_recent(entry.at_micros));
        let mut entries: Vec<_> = recent.cloned().collect();
        entries.push(entry);
        let excess = entries.len().saturating_sub(TRAIL_ENTRIES_MAX);
        Self { entries: entries.split_off(excess) }
    }

    pub(crate) fn key(bucket: &str, key: &str) -> RowKey {
        RowKey::new(Family::Trail).text(bucket).text(key)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Trail)
    }
}

impl TrailEntry {
    fn is_recent(&self, now_micros: u64) -> bool {
        // The clock may have gone back: what lies ahead of it is recent.
        now_micros.saturating_sub(self.at_micros) <= TRAIL_AGE_MICROS_MAX
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
        let deleted = |trail: &LockTrail, invocation, now| {
            trail.remembers(invocation, &TrailOperation::Deleted, now)
        };
        let trail = LockTrail::default().with(entry("a", 10));
        assert!(deleted(&trail, Some("a"), 10));
        assert!(deleted(&trail, Some("a"), 0), "the clock went back");
        assert!(!deleted(&trail, Some("b"), 10));
        assert!(!deleted(&trail, None, 10), "a call without an id is never a repetition");
        assert!(deleted(&trail, Some("a"), 10 + TRAIL_AGE_MICROS_MAX));
        assert!(!deleted(&trail, Some("a"), 11 + TRAIL_AGE_MICROS_MAX));
        assert!(!trail.is_forgotten(10 + TRAIL_AGE_MICROS_MAX));
        assert!(trail.is_forgotten(11 + TRAIL_AGE_MICROS_MAX));
        let later = trail.with(entry("b", 11 + TRAIL_AGE_MICROS_MAX));
        assert_eq!(later.entries.len(), 1);
    }

    #[test]
    fn a_call_is_remembered_for_what_it_did() {
        let trail = LockTrail::default().with(entry("a", 10));
        let written = TrailOperation::Written("etag".to_owned());
        assert!(!trail.remembers(Some("a"), &written, 10));
    }

    #[test]
    fn stays_bounded() {
        let trail =
            (0..1000).fold(LockTrail::default(), |trail, n| trail.with(entry(&n.to_string(), n)));
        assert_eq!(trail.entries.len(), TRAIL_ENTRIES_MAX);
        assert!(trail.remembers(Some("999"), &TrailOperation::Deleted, 999));
    }
}
