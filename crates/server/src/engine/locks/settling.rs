//! Ends locks whose time to be given back is over.

use std::time::Duration;

use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::unified::UnifiedLock;

use super::rows::{Change, load, store};
use super::{LockTransaction, LockedState};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{Engine, EngineError};
use crate::records::{self, AuditAction, LockRecord, RowKeyParts};
use crate::storage::{StorageError, Table, Transaction, Verdict};

/// Locks looked at in one transaction.
const BATCH: usize = 256;

impl Engine {
    /// Ends what is left of a lock when its time is over.
    pub(super) fn settle_at(&self, state: &LockedState, free_at_micros: u64) {
        let (engine, state) = (self.clone(), state.clone());
        let rest = free_at_micros.saturating_sub(self.clock.now_micros());
        // Not awaited: should the server stop before, the next start does it.
        drop(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(rest)).await;
            if let Err(error) = engine.settle(state.clone()).await {
                tracing::warn!(%error, %state, "could not end a lock that was given back");
            }
        }));
    }

    async fn settle(&self, state: LockedState) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        let settled = state.clone();
        self.transact_locks(move |transaction| {
            Ok((settle(transaction, &settled, now_micros)?, ()))
        })
        .await?;
        // Who waits for it to be over looks, whoever ended it.
        self.lock_changed(&state);
        Ok(())
    }

    /// Ends every lock whose time is over, and each other that is being given back when its time is.
    pub(in crate::engine) async fn settle_locks(&self) -> Result<(), EngineError> {
        let now_micros = self.clock.now_micros();
        let mut page = Some(LockRecord::all().as_slice().to_vec());
        while let Some(from) = page {
            let given = self.observe(move |transaction| {
                let end = LockRecord::all().end();
                let rows = transaction.scan(Table::Records, &from, Some(&end), BATCH)?;
                let next = rows.last().map(|(last, _)| [last.as_slice(), &[0]].concat());
                let mut given = Vec::new();
                for (row, bytes) in &rows {
                    let lock = records::decode::<LockRecord>(row, bytes)?.lock()?;
                    if let Some(end) = lock.hold.and_then(|hold| hold.given_back_at_micros()) {
                        let mut parts = RowKeyParts::new(row);
                        let state = LockedState { bucket: parts.text()?, key: parts.text()? };
                        given.push((state, end));
                    }
                }
                Ok((given, next))
            });
            let (given, next) = given.await?;
            for (state, end) in given {
                if end <= now_micros {
                    self.settle(state).await?;
                } else {
                    self.settle_at(&state, end);
                }
            }
            page = next;
        }
        Ok(())
    }
}

fn settle(
    transaction: &mut LockTransaction<'_>,
    state: &LockedState,
    now_micros: u64,
) -> Result<Verdict, EngineError> {
    let loaded = load(transaction, state)?;
    let Some(next) = loaded.lock.settled(now_micros) else { return Ok(Verdict::Discard) };
    let change = Change::of_no_lockfile(None, None, now_micros);
    store(transaction, state, &loaded, &next, change)?;
    Ok(Verdict::Commit)
}

/// Writes the audit record of a lock that ends because its time is over, whoever finds that.
pub(super) fn note(
    transaction: &mut dyn Transaction,
    state: &LockedState,
    (before, after): (&UnifiedLock, &UnifiedLock),
    now_micros: u64,
) -> Result<(), StorageError> {
    let over = before.hold.as_ref().filter(|hold| hold.is_over(now_micros));
    let Some(hold) = over.filter(|hold| after.hold.as_ref() != Some(hold)) else { return Ok(()) };
    let rest: Vec<_> = hold.facets.iter().collect();
    let facet = match rest.as_slice() {
        [facet] => Some((*facet).into()),
        _ => None,
    };
    let entry = AuditEntry {
        lock_id: hold.id.as_ref().map(|id| id.as_str().to_owned()),
        who: LockInfo::parse(&hold.info).ok().map(|info| info.who),
        facet,
        reason: Some("the rest of it was not given back in time".to_owned()),
        ..AuditEntry::new(AuditAction::LockReleased).about(&state.bucket, &state.key)
    };
    audit::append_own(transaction, entry, now_micros)
}
