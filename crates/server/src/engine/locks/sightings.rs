//! What each connection lately did with, and saw of, a lock.
//!
//! Stock clients compare a lock ID that they read with the one they want to release, and then remove
//! the lock without a condition; and they write a state without saying which lock they hold. What a
//! connection was shown, and what it took, is the condition that they leave out.
//!
//! Kept in memory only: connections do not outlive the process. Bounded in states and in entries.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::Seen;

use super::LockedState;
use crate::engine::{ConnectionId, Sender};

/// States that are remembered at a time; the one that was quiet for longest is forgotten first.
const STATES_MAX: usize = 4096;
/// Sightings that are remembered per state.
const SIGHTINGS_MAX: usize = 128;
/// How long a sighting by a sender counts that comes back on another connection.
const SENDER_AGE_MICROS_MAX: u64 = 60 * 1_000_000;

/// What a connection did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum SightingKind {
    /// It took the lock, or was told that it has it.
    Took,
    /// It read the lock.
    Read,
    /// It released the lock.
    GaveBack,
}

/// What connections saw of locks.
#[derive(Debug, Default)]
pub(in crate::engine) struct Sightings(Mutex<BTreeMap<LockedState, VecDeque<Sighting>>>);

#[derive(Clone, Debug)]
struct Sighting {
    kind: SightingKind,
    id: Option<LockId>,
    connection: ConnectionId,
    sender: SenderKey,
    /// The SDK's id of the call.
    call: Option<String>,
    at_micros: u64,
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
        if kind == SightingKind::Read && sightings.iter().any(|one| one.is_read_of(call.as_ref())) {
            return;
        }
        if sightings.len() >= SIGHTINGS_MAX {
            sightings.pop_front();
        }
        sightings.push_back(Sighting {
            kind,
            id: id.cloned(),
            connection: sender.connection.id,
            sender: SenderKey::new(sender),
            call,
            at_micros: now_micros,
        });
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
        if !sender.proxied
            && let Some(latest) = sightings.iter().rev().find(own)
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
                && sighting.at_micros <= sender.connection.idle_since_micros
                && now_micros.saturating_sub(sighting.at_micros) <= SENDER_AGE_MICROS_MAX
        };
        let ids: Vec<_> = sightings.iter().filter(recent).map(|seen| seen.id.clone()).collect();
        if ids.is_empty() { Seen::Unknown } else { Seen::Locks(ids) }
    }

    /// Whether this connection certainly belongs to another client than the one that holds lock `id`.
    ///
    /// It took an earlier lock on this state; that lock was not released on it, so somebody else did
    /// that; and who did it is not who then took `id`. (A client that releases and takes again does
    /// both on one connection: the one it used last.)
    pub(in crate::engine) fn lost_its_lock(
        &self,
        state: &LockedState,
        sender: &Sender,
        id: &LockId,
    ) -> Option<LockId> {
        if sender.proxied {
            return None;
        }
        let states = self.states();
        let sightings = states.get(state)?;
        let took = |connection: ConnectionId| {
            let mut latest_first = sightings.iter().rev();
            latest_first
                .find(move |one| one.connection == connection && one.kind == SightingKind::Took)
        };
        let earlier = took(sender.connection.id)?.id.clone()?;
        let holder = sightings
            .iter()
            .rev()
            .find(|one| one.kind == SightingKind::Took && one.id.as_ref() == Some(id))?;
        let given_back = sightings
            .iter()
            .rev()
            .find(|one| one.kind == SightingKind::GaveBack && one.id.as_ref() == Some(&earlier))?;
        let by_itself = given_back.connection == sender.connection.id;
        let by_the_holder = given_back.connection == holder.connection;
        (earlier != *id && !by_itself && !by_the_holder).then_some(earlier)
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<LockedState, VecDeque<Sighting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_quietest(states: &mut BTreeMap<LockedState, VecDeque<Sighting>>) {
    let latest = |sightings: &VecDeque<Sighting>| sightings.back().map(|one| one.at_micros);
    let quietest = states
        .iter()
        .min_by_key(|(_, sightings)| latest(sightings))
        .map(|(state, _)| state.clone());
    if let Some(state) = quietest {
        states.remove(&state);
    }
}

#[cfg(test)]
mod tests;
