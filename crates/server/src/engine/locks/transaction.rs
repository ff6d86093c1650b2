//! The one way to change who holds a lock.
//!
//! Stock clients do not say which lock they hold, so the server must know of each connection which lock
//! it took and lost ([`super::sightings`]). Whatever changes a lock needs a [`LockTransaction`], which
//! notes that; and only an engine makes one, which notes it for good when the job ends, and wakes who
//! waits: what that one tries runs in a later transaction.
//!
//! It is noted on the storage's writer thread, before the next transaction looks: a state write that
//! comes right behind a lock is judged by it, and it does not matter whether the client is still there to
//! be answered. Should the storage fail after that, something was noted that did not happen. A lock which
//! still stands is not lost by that, and how it ends at last is noted later and counts.

use std::sync::Arc;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{Hold, UnifiedLock};

use super::{LockedState, SightingKind};
use crate::engine::{Engine, EngineError, Sender};
use crate::storage::{Row, StorageError, Table, Transaction, Verdict};

/// A transaction that may change who holds locks.
pub(in crate::engine) struct LockTransaction<'a> {
    rows: &'a mut dyn Transaction,
    changes: LockChanges,
}

/// What a transaction did with locks, in its order.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct LockChanges(Vec<LockChange>);

#[derive(Clone, Debug)]
struct LockChange {
    state: LockedState,
    /// Who did it; `None` if time did.
    sender: Option<Sender>,
    kind: SightingKind,
    id: Option<LockId>,
    /// When the rest of the lock is over, if only a part of it was given back.
    rest_until_micros: Option<u64>,
}

impl LockTransaction<'_> {
    /// Notes who has a lock, or was told that it has it.
    pub(super) fn took(&mut self, state: &LockedState, sender: &Sender, id: Option<&LockId>) {
        self.changes.0.push(LockChange {
            state: state.clone(),
            sender: Some(sender.clone()),
            kind: SightingKind::Took,
            id: id.cloned(),
            rest_until_micros: None,
        });
    }

    /// Notes what becomes of the lock that stood before: nothing, or it ends, in part or whole.
    pub(super) fn passes(
        &mut self,
        state: &LockedState,
        (before, after): (&UnifiedLock, &UnifiedLock),
        sender: Option<&Sender>,
    ) {
        let Some(ended) = &before.hold else { return };
        let (kind, rest_until_micros) = match &after.hold {
            None => (SightingKind::GaveBack, None),
            Some(next) if is_another(ended, next) => (SightingKind::Replaced, None),
            Some(rest) if ended.facets.iter().any(|facet| !rest.facets.contains(facet)) => {
                (SightingKind::GaveBack, rest.given_back_at_micros())
            }
            Some(_) => return,
        };
        let (state, sender, id) = (state.clone(), sender.cloned(), ended.id.clone());
        self.changes.0.push(LockChange { state, sender, kind, id, rest_until_micros });
    }
}

fn is_another(hold: &Hold, next: &Hold) -> bool {
    hold.id != next.id || hold.since_micros != next.since_micros
}

impl Transaction for LockTransaction<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.rows.get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.rows.put(table, key, value)
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        self.rows.delete(table, key)
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        self.rows.scan(table, from, to, limit)
    }
}

impl Engine {
    /// A job that may change locks, as one for a write transaction. A job that fails notes nothing.
    ///
    /// The changes that it returns go to [`Engine::follow`] once they are stored.
    pub(in crate::engine) fn noting<T, E>(
        &self,
        mut job: impl FnMut(&mut LockTransaction<'_>) -> Result<(Verdict, T), E> + Send + 'static,
    ) -> impl FnMut(&mut dyn Transaction) -> Result<(Verdict, (T, LockChanges)), E> + Send + 'static
    where
        T: 'static,
        E: 'static,
    {
        let (sightings, clock) = (Arc::clone(&self.sightings), Arc::clone(&self.clock));
        let waiting = Arc::clone(&self.waiting);
        move |rows| {
            let mut transaction = LockTransaction { rows, changes: LockChanges::default() };
            let (verdict, value) = job(&mut transaction)?;
            let changes = transaction.changes;
            for LockChange { state, sender, kind, id, .. } in &changes.0 {
                if let Some(sender) = sender {
                    sightings.note(state, sender, *kind, id.as_ref(), clock.now_micros());
                }
                if *kind == SightingKind::GaveBack {
                    waiting.gave_back(state, sender.as_ref());
                }
            }
            Ok((verdict, (value, changes)))
        }
    }

    /// Runs a job that may change locks in a write transaction; a job that refuses changes nothing.
    pub(in crate::engine) async fn transact_locks<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut LockTransaction<'_>) -> Result<(Verdict, T), EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (value, changes) = self.transact_judged(self.noting(job)).await?;
        self.follow(changes);
        Ok(value)
    }

    /// What has to follow when changes are stored.
    pub(in crate::engine) fn follow(&self, changes: LockChanges) {
        let now_micros = self.clock.now_micros();
        for LockChange { state, sender, kind, id, rest_until_micros } in changes.0 {
            if kind == SightingKind::Took
                && let Some(sender) = &sender
            {
                self.sightings.told(&state, sender, id.as_ref(), now_micros);
            }
            if let Some(until_micros) = rest_until_micros {
                self.settle_at(&state, until_micros);
            }
        }
    }
}
