//! The locks that are there, told apart by their IDs.

use statelock_client::protocol::lock::LockInfo;
use statelock_client::protocol::lock::steps::{Inspection, Looked, Place, StoredLock};
use statelock_protocol::lock::evidence::{Evidence, Life};

use crate::backend::typed_id;

/// One lock, in each place where it stands.
#[derive(Debug)]
pub(super) struct FoundLock {
    pub(super) lock: StoredLock,
    pub(super) places: Vec<Place>,
    /// `None` if it cannot be read.
    pub(super) holder: Option<Holder>,
}

/// Whose lock it is.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) info: LockInfo,
    pub(super) evidence: Evidence,
    /// By two clocks; negative if the holder's is ahead.
    pub(super) age_seconds: i64,
}

/// What the places of a state's lock showed.
#[derive(Debug)]
pub(super) struct Locks {
    pub(super) found: Vec<FoundLock>,
    /// Places without a lock.
    pub(super) free: Vec<Place>,
    /// Whether a place could not be looked at.
    pub(super) is_partial: bool,
}

/// How they fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nobody holds it, as far as could be seen.
    Free,
    /// One lock, in every place that could be seen.
    Held,
    /// One lock that is missing in a place.
    Half,
    /// Different locks.
    Split,
}

impl Locks {
    /// Sorts what was seen. `evidence` finds out about a holder; `now` is in seconds since 1970.
    pub(super) fn of(
        seen: &Inspection,
        now: i64,
        evidence: impl Fn(&LockInfo) -> Evidence,
    ) -> Self {
        let mut locks = Self { found: Vec::new(), free: Vec::new(), is_partial: false };
        for (place, looked) in &seen.places {
            match looked {
                Looked::Absent => locks.free.push(place.clone()),
                Looked::Refused(_) | Looked::Unknown => locks.is_partial = true,
                Looked::Found(lock) => locks.add(place, lock),
            }
        }
        for found in &mut locks.found {
            found.holder = found.lock.info().ok().map(|info| Holder {
                evidence: evidence(&info),
                age_seconds: now.saturating_sub(info.created.unix_seconds()),
                info,
            });
        }
        locks
    }

    fn add(&mut self, place: &Place, lock: &StoredLock) {
        let id = lock.id();
        let same = |found: &&mut FoundLock| id.is_some() && found.lock.id() == id;
        if let Some(known) = self.found.iter_mut().find(same) {
            known.places.push(place.clone());
        } else {
            let places = vec![place.clone()];
            self.found.push(FoundLock { lock: lock.clone(), places, holder: None });
        }
    }

    /// Whether no lock was seen.
    pub(super) fn is_free(&self) -> bool {
        self.found.is_empty()
    }

    /// How they fit together.
    pub(super) fn shape(&self) -> Shape {
        match (self.found.len(), self.free.is_empty()) {
            (0, _) => Shape::Free,
            (1, true) => Shape::Held,
            (1, false) => Shape::Half,
            (_, _) => Shape::Split,
        }
    }
}

impl FoundLock {
    /// The ID to type.
    pub(super) fn id(&self) -> String {
        typed_id(&self.lock)
    }

    /// Whether its holder lives; `None` if it does not say whose it is.
    pub(super) fn life(&self) -> Option<&Life> {
        self.holder.as_ref().map(|holder| &holder.evidence.life)
    }
}
