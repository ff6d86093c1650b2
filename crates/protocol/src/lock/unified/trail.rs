//! What lately happened to one lock, so that a request delivered twice has one effect.
//!
//! AWS SDKs send one `Amz-Sdk-Invocation-Id` for all attempts of a call. A lost answer makes the SDK
//! send the request again, and the network may deliver a first attempt late: after the lock was
//! released, after somebody else took it, or after the sender was refused and gave up. The trail
//! recognises all of them. Effects and refusals are kept apart, so that many waiters who are refused
//! again and again do not push out what must be known about releases.

use std::sync::Arc;

use super::Facet;
use crate::lock::LockId;
use crate::state::Digest;

/// How long an attempt may arrive late and still be recognised.
pub const TRAIL_AGE_MICROS_MAX: u64 = 15 * 60 * 1_000_000;
/// How many effects, and how many refusals, are remembered per lock.
const ENTRIES_MAX: usize = 64;

/// The recent calls on one lock, oldest first. A clone shares the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    effects: Vec<Arc<TrailEntry>>,
    refusals: Vec<Arc<TrailEntry>>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    /// The id of the call, if its client sent one.
    pub call: Option<String>,
    /// Through which facet.
    pub facet: Facet,
    /// The lock ID it was about; `None` if that cannot be read.
    pub id: Option<LockId>,
    /// What came of it.
    pub event: TrailEvent,
    /// When, in microseconds.
    pub at_micros: u64,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailEvent {
    /// It took the lock, or was told that it has it, with a lock info of this digest.
    Acquired(Digest),
    /// It was refused the lock.
    Refused(Digest),
    /// It gave this facet back, naming the lock or having seen it; or found nothing to give back.
    Released,
    /// It removed a lock without saying which: the holder does not know.
    Forced,
    /// It meant to remove a lock, and was refused because another one holds.
    Spared,
}

impl Trail {
    /// A trail from the [entries](Self::entries) of another, every one of them: what is too old is for
    /// the clock to say, and that may have gone back since the newest of them.
    pub fn new(entries: impl IntoIterator<Item = TrailEntry>) -> Self {
        let mut trail = Self::default();
        for entry in entries {
            trail.list_of(&entry.event).push(Arc::new(entry));
        }
        trail
    }

    /// All entries; within effects and within refusals, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &TrailEntry> {
        self.effects.iter().chain(&self.refusals).map(AsRef::as_ref)
    }

    /// The recent entries of this call through this facet.
    pub(super) fn of_call<'a>(
        &'a self,
        call: Option<&'a str>,
        facet: Facet,
        now_micros: u64,
    ) -> impl Iterator<Item = &'a TrailEntry> {
        self.recent(now_micros)
            .filter(move |entry| call.is_some() && entry.call.as_deref() == call)
            .filter(move |entry| entry.facet == facet)
    }

    /// The recent entries about this lock ID.
    pub(super) fn of_id<'a>(
        &'a self,
        id: &'a LockId,
        now_micros: u64,
    ) -> impl Iterator<Item = &'a TrailEntry> {
        self.recent(now_micros).filter(move |entry| entry.id.as_ref() == Some(id))
    }

    /// Whether nothing is remembered any more.
    pub fn is_forgotten(&self, now_micros: u64) -> bool {
        self.recent(now_micros).next().is_none()
    }

    /// The trail after one more call, without what is too old to matter.
    #[must_use]
    pub fn with(&self, entry: TrailEntry) -> Self {
        let now_micros = entry.at_micros;
        let mut trail = self.without(|entry| !entry.is_recent(now_micros));
        let list = trail.list_of(&entry.event);
        list.push(Arc::new(entry));
        if list.len() > ENTRIES_MAX {
            list.remove(least_needed(list));
        }
        trail
    }

    fn list_of(&mut self, event: &TrailEvent) -> &mut Vec<Arc<TrailEntry>> {
        match event {
            TrailEvent::Refused(_) | TrailEvent::Spared => &mut self.refusals,
            TrailEvent::Acquired(_) | TrailEvent::Released | TrailEvent::Forced => {
                &mut self.effects
            }
        }
    }

    /// The trail without these entries.
    pub(super) fn without(&self, is_gone: impl Fn(&TrailEntry) -> bool) -> Self {
        let kept = |entries: &[Arc<TrailEntry>]| -> Vec<Arc<TrailEntry>> {
            entries.iter().filter(|entry| !is_gone(entry)).cloned().collect()
        };
        Self { effects: kept(&self.effects), refusals: kept(&self.refusals) }
    }

    fn recent(&self, now_micros: u64) -> impl Iterator<Item = &TrailEntry> {
        self.entries().filter(move |entry| entry.is_recent(now_micros))
    }
}

impl TrailEntry {
    fn is_recent(&self, now_micros: u64) -> bool {
        // The clock may have gone back: what lies ahead of it is recent.
        now_micros.saturating_sub(self.at_micros) <= TRAIL_AGE_MICROS_MAX
    }
}

/// Which entry to forget: the oldest refusal of a lock ID that was refused again through the same facet
/// since, because the newer one tells more; else the oldest of all.
fn least_needed(entries: &[Arc<TrailEntry>]) -> usize {
    let is_told_again = |(at, entry): (usize, &Arc<TrailEntry>)| {
        matches!(entry.event, TrailEvent::Refused(_))
            && entry.id.is_some()
            && entries.iter().skip(at + 1).any(|newer| {
                matches!(newer.event, TrailEvent::Refused(_))
                    && (&newer.id, newer.facet) == (&entry.id, entry.facet)
            })
    };
    entries.iter().enumerate().position(is_told_again).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(call: &str, event: TrailEvent, at_micros: u64) -> TrailEntry {
        let id = LockId::parse(call).ok();
        TrailEntry { call: Some(call.to_owned()), facet: Facet::Lockfile, id, event, at_micros }
    }

    fn knows(trail: &Trail, call: &str, now_micros: u64) -> bool {
        trail.of_call(Some(call), Facet::Lockfile, now_micros).next().is_some()
    }

    #[test]
    fn p9_a_call_is_remembered_by_its_id_until_it_is_too_old() {
        let trail = Trail::default().with(entry("a", TrailEvent::Released, 10));
        assert!(knows(&trail, "a", 10));
        assert!(knows(&trail, "a", 0), "the clock went back");
        assert!(!knows(&trail, "b", 10));
        assert!(trail.of_call(None, Facet::Lockfile, 10).next().is_none());
        assert!(trail.of_call(Some("a"), Facet::Http, 10).next().is_none());
        assert!(knows(&trail, "a", 10 + TRAIL_AGE_MICROS_MAX));
        assert!(!knows(&trail, "a", 11 + TRAIL_AGE_MICROS_MAX));
        assert!(!trail.is_forgotten(10 + TRAIL_AGE_MICROS_MAX));
        assert!(trail.is_forgotten(11 + TRAIL_AGE_MICROS_MAX));
        let later = trail.with(entry("b", TrailEvent::Released, 11 + TRAIL_AGE_MICROS_MAX));
        assert_eq!(later.entries().count(), 1);
    }

    #[test]
    fn p4_a_trail_stays_bounded_and_refusals_do_not_push_out_releases() {
        let refused = TrailEvent::Refused(Digest::of(b""));
        let released = Trail::default().with(entry("released", TrailEvent::Released, 0));
        let trail = (0..1000)
            .fold(released, |trail, n| trail.with(entry(&n.to_string(), refused.clone(), n)));
        assert_eq!(trail.entries().count(), 1 + ENTRIES_MAX);
        assert!(knows(&trail, "released", 1000));
        assert!(knows(&trail, "999", 1000));
        assert!(!knows(&trail, "0", 1000));
    }

    #[test]
    fn p3_a_client_that_is_refused_again_and_again_pushes_out_only_itself() {
        let refused = |call: String, id: &str, at_micros| TrailEntry {
            id: LockId::parse(id).ok(),
            ..entry(&call, TrailEvent::Refused(Digest::of(b"")), at_micros)
        };
        let once = Trail::default().with(refused("once".to_owned(), "a", 0));
        let trail =
            (1..1000).fold(once, |trail, n| trail.with(refused(format!("again {n}"), "b", n)));
        assert_eq!(trail.entries().count(), ENTRIES_MAX);
        assert!(knows(&trail, "once", 1000));
        assert!(knows(&trail, "again 999", 1000));
        assert!(!knows(&trail, "again 1", 1000));
    }

    #[test]
    fn a_trail_comes_back_from_its_entries() {
        let refused = TrailEvent::Refused(Digest::of(b""));
        let trail =
            Trail::default().with(entry("a", refused, 1)).with(entry("b", TrailEvent::Forced, 2));
        assert_eq!(Trail::new(trail.entries().cloned()), trail);
    }

    #[test]
    fn p2_a_trail_comes_back_whole_when_the_clock_went_back() {
        let refused = TrailEvent::Refused(Digest::of(b""));
        let late = 2 * TRAIL_AGE_MICROS_MAX;
        let trail = Trail::default().with(entry("a", refused, late)).with(entry(
            "b",
            TrailEvent::Released,
            1,
        ));
        let again = Trail::new(trail.entries().cloned());
        assert_eq!(again, trail);
        assert!(knows(&again, "b", 1), "what was done after the clock went back");
    }
}
