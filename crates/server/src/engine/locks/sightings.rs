//! What each connection lately did with, and saw of, a lock.
//!
//! Stock clients compare a lock ID that they read with the one they want to release, and then remove
//! the lock without a condition; and they write a state without saying which lock they hold. What a
//! connection was shown, and what it took, is the condition that they leave out.
//!
//! Kept in memory only: connections do not outlive the process. Bounded in states and in entries. Reads
//! are bounded by themselves: clients that wait read again and again, and must not push out what tells
//! that a holder has lost its lock.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::Seen;

use super::LockedState;
use crate::engine::{ConnectionId, Sender};

/// States that are remembered at a time; the one that was quiet for longest is forgotten first.
const STATES_MAX: usize = 4096;
/// Reads that are remembered per state.
const READS_MAX: usize = 64;
/// Locks taken and released that are remembered per state.
const DEEDS_MAX: usize = 64;
/// How long a sighting by a sender counts that comes back on another connection.
const SENDER_AGE_MICROS_MAX: u64 = 60 * 1_000_000;

/// What a connection did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum SightingKind {
    /// It took the lock, or was told that it has it.
    Took,
    /// It read the lock.
    Read,
    /// It released the lock, or a part of it.
    GaveBack,
    /// It put a lock of its own in the place of this one.
    Replaced,
}

impl SightingKind {
    /// Whether a lock ended by it.
    fn is_end(self) -> bool {
        match self {
            Self::GaveBack | Self::Replaced => true,
            Self::Took | Self::Read => false,
        }
    }
}

/// What connections saw of locks.
#[derive(Debug, Default)]
pub(in crate::engine) struct Sightings(Mutex<BTreeMap<LockedState, OfState>>);

/// What connections saw of one lock, oldest first.
#[derive(Debug, Default)]
struct OfState {
    reads: VecDeque<Sighting>,
    /// Who took the lock and who released it.
    deeds: VecDeque<Sighting>,
    last_number: u64,
}

#[derive(Clone, Debug)]
struct Sighting {
    /// Sightings of one state are numbered in their order.
    number: u64,
    kind: SightingKind,
    id: Option<LockId>,
    connection: ConnectionId,
    sender: SenderKey,
    /// The SDK's id of the call.
    call: Option<String>,
    at_micros: u64,
    /// When its sender was told, of what it read or took; `None` before that.
    told_micros: Option<u64>,
}

impl OfState {
    fn note(&mut self, sighting: Sighting) {
        self.last_number = sighting.number;
        match sighting.kind {
            SightingKind::Read => {
                if self.reads.len() >= READS_MAX {
                    self.forget_read();
                }
                self.reads.push_back(sighting);
            }
            SightingKind::Took | SightingKind::GaveBack | SightingKind::Replaced => {
                if self.deeds.len() >= DEEDS_MAX {
                    self.forget_deed();
                }
                self.deeds.push_back(sighting);
            }
        }
    }

    /// The oldest read that a later one of the same connection repeats, else the oldest.
    fn forget_read(&mut self) {
        let repeated = self.reads.iter().enumerate().position(|(at, read)| {
            let mut later = self.reads.iter().skip(at.saturating_add(1));
            later.any(|one| one.connection == read.connection && one.id == read.id)
        });
        self.reads.remove(repeated.unwrap_or(0));
    }

    /// The oldest deed from which nothing follows, else the oldest.
    fn forget_deed(&mut self) {
        let idle = (0..self.deeds.len()).find(|at| self.is_over(*at));
        self.deeds.remove(idle.unwrap_or(0));
    }

    /// Whether nothing follows from this deed for [`Sightings::lost_its_lock`]: it took a lock and
    /// ended it by itself, or took another one later, or ended what nobody took here.
    fn is_over(&self, at: usize) -> bool {
        let Some(deed) = self.deeds.get(at) else { return false };
        match deed.kind {
            SightingKind::Took => {
                let mut later = self.deeds.iter().skip(at.saturating_add(1));
                later.any(|one| {
                    let ends = one.kind.is_end() && one.id == deed.id;
                    one.connection == deed.connection && (ends || one.kind == SightingKind::Took)
                })
            }
            SightingKind::GaveBack | SightingKind::Replaced => {
                let took = |one: &Sighting| one.kind == SightingKind::Took && one.id == deed.id;
                !self.deeds.iter().any(took)
            }
            SightingKind::Read => true,
        }
    }

    /// In any order.
    fn all(&self) -> impl Iterator<Item = &Sighting> {
        self.reads.iter().chain(&self.deeds)
    }

    fn latest_at_micros(&self) -> Option<u64> {
        self.all().max_by_key(|one| one.number).map(|one| one.at_micros)
    }
}

impl Sighting {
    /// Whether this call read the lock already. What a late copy of it is shown, its client never sees.
    fn is_read_of(&self, call: Option<&String>) -> bool {
        self.kind == SightingKind::Read && call.is_some() && self.call.as_ref() == call
    }
}

/// What stays the same when a client opens another connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SenderKey {
    principal: String,
    peer: IpAddr,
    program: String,
}

impl SenderKey {
    pub(super) fn new(sender: &Sender) -> Self {
        Self {
            principal: sender.principal.clone(),
            peer: sender.connection.peer,
            program: sender.program().to_owned(),
        }
    }
}

impl Sightings {
    /// Remembers what a sender did with, or saw of, the lock with this ID.
    pub(in crate::engine) fn note(
        &self,
        state: &LockedState,
        sender: &Sender,
        kind: SightingKind,
        id: Option<&LockId>,
        now_micros: u64,
    ) {
        let mut states = self.states();
        if !states.contains_key(state) && states.len() >= STATES_MAX {
            forget_quietest(&mut states);
        }
        let sightings = states.entry(state.clone()).or_default();
        let call = sender.invocation.clone();
        let is_repeated = || sightings.reads.iter().any(|one| one.is_read_of(call.as_ref()));
        if kind == SightingKind::Read && is_repeated() {
            return;
        }
        sightings.note(Sighting {
            number: sightings.last_number.saturating_add(1),
            kind,
            id: id.cloned(),
            connection: sender.connection.id,
            sender: SenderKey::new(sender),
            call,
            at_micros: now_micros,
            told_micros: (kind == SightingKind::Read).then_some(now_micros),
        });
    }

    /// Remembers when a sender was told that it has the lock with this ID.
    pub(in crate::engine) fn told(
        &self,
        state: &LockedState,
        sender: &Sender,
        id: Option<&LockId>,
        now_micros: u64,
    ) {
        let mut states = self.states();
        let deeds = states.get_mut(state).map(|sightings| sightings.deeds.iter_mut());
        let took = |one: &&mut Sighting| {
            one.kind == SightingKind::Took
                && one.connection == sender.connection.id
                && one.id.as_ref() == id
        };
        if let Some(deed) = deeds.and_then(|deeds| deeds.rev().find(took)) {
            deed.told_micros = Some(now_micros);
        }
    }

    /// What the sender of a release was shown.
    ///
    /// On its own connection the latest counts: clients read and then remove on one connection. Behind
    /// a proxy a connection is everybody's, so there, and on a connection that saw nothing, counts what
    /// anybody saw who looks the same, if that is Terraform or OpenTofu: they always read before.
    pub(in crate::engine) fn seen(
        &self,
        state: &LockedState,
        sender: &Sender,
        now_micros: u64,
    ) -> Seen {
        let states = self.states();
        let Some(sightings) = states.get(state) else { return Seen::Unknown };
        let own = |sighting: &&Sighting| {
            sighting.connection == sender.connection.id
                && matches!(sighting.kind, SightingKind::Took | SightingKind::Read)
        };
        let latest = sightings.all().filter(own).max_by_key(|one| one.number);
        if !sender.proxied
            && let Some(latest) = latest
        {
            return Seen::Locks(vec![latest.id.clone()]);
        }
        if !sender.says_stock_client() {
            return Seen::Unknown;
        }
        let key = SenderKey::new(sender);
        // Only what it can have seen before it sent this.
        let recent = |sighting: &&Sighting| {
            sighting.sender == key
                && matches!(sighting.kind, SightingKind::Took | SightingKind::Read)
                && sighting.told_micros.is_some_and(|told_micros| {
                    told_micros <= sender.connection.idle_since_micros
                        && now_micros.saturating_sub(told_micros) <= SENDER_AGE_MICROS_MAX
                })
        };
        let mut seen: Vec<_> = sightings.all().filter(recent).collect();
        seen.sort_unstable_by_key(|one| one.number);
        let ids: Vec<_> = seen.into_iter().map(|one| one.id.clone()).collect();
        if ids.is_empty() { Seen::Unknown } else { Seen::Locks(ids) }
    }

    /// Whether this connection certainly belongs to another client than the one that holds lock `id`, which
    /// is `None` if it cannot be read.
    ///
    /// It took an earlier lock on this state; that lock did not end on it, so somebody else ended it; and
    /// who did that is not who then took `id`. (A client that releases and takes again does both on one
    /// connection: the one it used last. Nobody replaces its own lock by another one.)
    pub(in crate::engine) fn lost_its_lock(
        &self,
        state: &LockedState,
        sender: &Sender,
        id: Option<&LockId>,
    ) -> Option<LockId> {
        if sender.proxied {
            return None;
        }
        let states = self.states();
        let deeds = &states.get(state)?.deeds;
        let took = |connection: ConnectionId| {
            let mut latest_first = deeds.iter().rev();
            latest_first
                .find(move |one| one.connection == connection && one.kind == SightingKind::Took)
        };
        let earlier = took(sender.connection.id)?.id.clone()?;
        let holder = deeds
            .iter()
            .rev()
            .find(|one| one.kind == SightingKind::Took && one.id.as_ref() == id)?;
        let ended = deeds
            .iter()
            .rev()
            .find(|one| one.kind.is_end() && one.id.as_ref() == Some(&earlier))?;
        let by_itself = ended.connection == sender.connection.id;
        let by_the_holder =
            ended.kind == SightingKind::GaveBack && ended.connection == holder.connection;
        (id != Some(&earlier) && !by_itself && !by_the_holder).then_some(earlier)
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<LockedState, OfState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_quietest(states: &mut BTreeMap<LockedState, OfState>) {
    let quietest = states
        .iter()
        .min_by_key(|(_, sightings)| sightings.latest_at_micros())
        .map(|(state, _)| state.clone());
    if let Some(state) = quietest {
        states.remove(&state);
    }
}

#[cfg(test)]
mod tests;
