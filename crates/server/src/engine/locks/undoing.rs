//! Takes back a lock that was granted to a request whose client went away while it was granted.

use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::unified::{Facet, Unanswered};

use super::rows::{Change, load, store};
use super::waiting::Turn;
use super::{LockTransaction, LockedState, TakeLock};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{Engine, EngineError};
use crate::records::AuditAction;
use crate::storage::Verdict;

impl Engine {
    /// Makes the grant of an attempt not to have happened, unless somebody was told of it.
    pub(super) async fn undo(&self, wanted: TakeLock, turn: Turn) {
        let state = wanted.state.clone();
        let now_micros = self.clock.now_micros();
        let undone = self
            .transact_locks(move |transaction| {
                let verdict = undo(transaction, &wanted, &turn, now_micros)?;
                Ok((verdict, verdict == Verdict::Commit))
            })
            .await;
        match undone {
            Ok(true) => {
                tracing::info!(%state, "a client went away while it was granted the lock");
            }
            Ok(false) => {}
            Err(error) => tracing::error!(
                %error, %state,
                "a client went away while it was granted the lock, which could not be taken back: \
                 look at the lock and force-unlock it if need be"
            ),
        }
    }
}

fn undo(
    transaction: &mut LockTransaction<'_>,
    wanted: &TakeLock,
    turn: &Turn,
    now_micros: u64,
) -> Result<Verdict, EngineError> {
    let Some((id, at_micros)) = turn.unanswered() else { return Ok(Verdict::Discard) };
    let loaded = load(transaction, &wanted.state)?;
    let facet: Facet = wanted.facet;
    let Some(next) = loaded.lock.undo(&Unanswered { facet, id, at_micros }) else {
        return Ok(Verdict::Discard);
    };
    let change = Change::of_no_lockfile(Some(&wanted.sender), None, now_micros);
    store(transaction, &wanted.state, &loaded, &next, change)?;
    let LockedState { bucket, key } = &wanted.state;
    let entry = AuditEntry {
        lock_id: Some(id.as_str().to_owned()),
        who: LockInfo::parse(&wanted.info).ok().map(|info| info.who),
        facet: Some(facet.into()),
        reason: Some("the client was gone when it was granted the lock".to_owned()),
        ..AuditEntry::new(AuditAction::LockReleased).about(bucket, key)
    };
    audit::append(transaction, &wanted.sender, entry, now_micros)?;
    Ok(Verdict::Commit)
}
