//! Gives a lock back inside a transaction.

use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::unified::{
    Aim, Delivery, Facet, Hold, Release, ReleaseOutcome, Released, Seen,
};

use super::rows::{Change, Loaded, store};
use super::{LockTransaction, LockedState};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{EngineError, Sender};
use crate::records::AuditAction;
use crate::storage::{Transaction, Verdict};

/// A request to release a lock.
pub(in crate::engine) struct Giving<'a> {
    pub(in crate::engine) state: &'a LockedState,
    pub(in crate::engine) facet: Facet,
    pub(in crate::engine) aim: Aim<'a>,
    pub(in crate::engine) seen: Seen,
    pub(in crate::engine) sender: &'a Sender,
    pub(in crate::engine) now_micros: u64,
}

/// Decides a release and carries it out.
pub(in crate::engine) fn give_back(
    transaction: &mut LockTransaction<'_>,
    loaded: &Loaded,
    giving: &Giving<'_>,
) -> Result<(Verdict, ReleaseOutcome), EngineError> {
    let request = Release {
        facet: giving.facet,
        aim: giving.aim,
        seen: giving.seen.clone(),
        delivery: Delivery {
            call: giving.sender.invocation.as_deref(),
            sent_after_micros: giving.sender.connection.idle_since_micros,
            by_stock_client: giving.sender.is_stock_client(),
            now_micros: giving.now_micros,
        },
    };
    let transition = loaded.lock.release(&request);
    let Some(next) = transition.next else {
        return Ok((Verdict::Discard, transition.outcome));
    };
    let change =
        Change::of_no_lockfile(Some(giving.sender), loaded.holder.clone(), giving.now_micros);
    store(transaction, giving.state, loaded, &next, change)?;
    if let ReleaseOutcome::Released(released) = &transition.outcome {
        note(transaction, giving, released)?;
    }
    Ok((Verdict::Commit, transition.outcome))
}

fn note(
    transaction: &mut dyn Transaction,
    giving: &Giving<'_>,
    released: &Released,
) -> Result<(), EngineError> {
    let (action, hold): (_, &Hold) = match released {
        Released::Free { hold, forced: false } => (AuditAction::LockReleased, hold),
        Released::Free { hold, forced: true } => (AuditAction::LockForceUnlocked, hold),
        Released::Partly { hold, .. } => (AuditAction::LockPartlyReleased, hold),
    };
    let LockedState { bucket, key } = giving.state;
    if action == AuditAction::LockForceUnlocked {
        let lock_id = hold.id.as_ref().map(tracing::field::display);
        tracing::warn!(%bucket, %key, lock_id, facet = %giving.facet, "lock removed by force");
    }
    let entry = AuditEntry {
        lock_id: hold.id.as_ref().map(|id| id.as_str().to_owned()),
        who: LockInfo::parse(&hold.info).ok().map(|info| info.who),
        facet: Some(giving.facet.into()),
        ..AuditEntry::new(action).about(bucket, key)
    };
    Ok(audit::append(transaction, giving.sender, entry, giving.now_micros)?)
}
