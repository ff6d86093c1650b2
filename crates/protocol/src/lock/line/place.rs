//! One place in line.

use super::AWAY_MICROS_MAX;
use crate::lock::LockId;
use crate::lock::unified::{Facet, FacetSet, Hold};

/// A request for the lock, as far as the line is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The lock ID it asks for.
    pub id: &'a LockId,
    /// Through which facet.
    pub facet: Facet,
    /// The lock info, exactly as sent.
    pub info: &'a [u8],
}

/// A lock ID that wants the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The lock ID.
    pub id: LockId,
    /// The facet of its first attempt.
    pub facet: Facet,
    /// Its lock info, exactly as sent.
    pub info: Vec<u8>,
    /// When it first asked, in microseconds.
    pub since_micros: u64,
    pub(super) presence: Presence,
}

/// Whether a client waits this very moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// So many requests of this lock ID are held open: more than one after a lost connection.
    Present(usize),
    /// It was refused, or its connection was lost; it is expected until this moment.
    Away(u64),
}

impl Place {
    pub(super) fn new(asker: &Asker<'_>, now_micros: u64) -> Self {
        Self {
            id: asker.id.clone(),
            facet: asker.facet,
            info: asker.info.to_vec(),
            since_micros: now_micros,
            presence: away_from(now_micros),
        }
    }

    /// Whether a request of this lock ID is held open.
    pub fn is_present(&self) -> bool {
        match self.presence {
            Presence::Present(_) => true,
            Presence::Away(_) => false,
        }
    }

    /// The hold that this place would have: what is shown to those behind it while the lock is free.
    pub fn stand_in(&self, now_micros: u64) -> Hold {
        Hold {
            id: Some(self.id.clone()),
            info: self.info.clone(),
            taken_through: self.facet,
            facets: FacetSet::of(self.facet),
            since_micros: now_micros,
            giving_back_since_micros: None,
        }
    }

    pub(super) fn is_over(&self, now_micros: u64) -> bool {
        match self.presence {
            Presence::Present(_) => false,
            Presence::Away(until) => until <= now_micros,
        }
    }

    pub(super) fn came(&mut self) {
        self.presence = match self.presence {
            Presence::Present(requests) => Presence::Present(requests.saturating_add(1)),
            Presence::Away(_) => Presence::Present(1),
        };
    }

    pub(super) fn went(&mut self, now_micros: u64) {
        self.presence = match self.presence {
            Presence::Present(requests) if requests > 1 => Presence::Present(requests - 1),
            Presence::Present(_) => away_from(now_micros),
            Presence::Away(until) => Presence::Away(until),
        };
    }

    pub(super) fn stays_away(&mut self, now_micros: u64) {
        self.presence = match self.presence {
            Presence::Present(requests) => Presence::Present(requests),
            Presence::Away(_) => away_from(now_micros),
        };
    }
}

fn away_from(now_micros: u64) -> Presence {
    Presence::Away(now_micros.saturating_add(AWAY_MICROS_MAX))
}
