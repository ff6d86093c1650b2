//! Takes a lock inside a transaction.

use statelock_protocol::lock::unified::{
    Acquire, AcquireMode, AcquireOutcome, Delivery, Facet, Granted, LockRefusal, Transition,
    UnifiedLock,
};
use statelock_protocol::lock::{LockId, LockInfo};

use super::meeting::Meeting;
use super::rows::{Change, Loaded, Upload, store};
use super::waiting::Turn;
use super::{LockTransaction, LockedState};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{EngineError, Sender};
use crate::records::{AuditAction, BodyId, HolderRecord, VersionRecord};
use crate::storage::{Transaction, Verdict};

/// A request for a lock.
pub(in crate::engine) struct Taking<'a> {
    pub(in crate::engine) state: &'a LockedState,
    pub(in crate::engine) facet: Facet,
    /// The lock info, exactly as sent.
    pub(in crate::engine) info: &'a [u8],
    pub(in crate::engine) sender: &'a Sender,
    /// Whose turn it is.
    pub(in crate::engine) turn: Turn,
    /// The lockfile, if the request sent one.
    pub(in crate::engine) upload: Option<Upload<'a>>,
    /// Names the body of the lockfile that is made if the request sent none.
    pub(in crate::engine) body: BodyId,
    pub(in crate::engine) now_micros: u64,
}

impl Taking<'_> {
    fn request<'a>(&'a self, id: Option<&'a LockId>, mode: AcquireMode) -> Acquire<'a> {
        Acquire {
            facet: self.facet,
            id,
            info: self.info,
            delivery: Delivery {
                call: self.sender.invocation.as_deref(),
                sent_after_micros: self.sender.connection.idle_since_micros,
                by_stock_client: self.sender.is_stock_client(),
                now_micros: self.now_micros,
            },
            mode,
        }
    }

    /// Whether this very call took the lock before, and still has it.
    pub(in crate::engine) fn is_repeated(&self, loaded: &Loaded) -> bool {
        let id = id_of(self.info);
        let transition = loaded.lock.acquire(&self.request(id.as_ref(), AcquireMode::Replace));
        self.sender.invocation.is_some()
            && transition.next.is_none()
            && transition.outcome == AcquireOutcome::Granted(Granted::Repeated)
    }
}

/// What became of a request for a lock.
pub(in crate::engine) struct Taken {
    pub(in crate::engine) outcome: AcquireOutcome,
    /// The lockfile that stands afterwards.
    pub(in crate::engine) lockfile: Option<VersionRecord>,
    pub(in crate::engine) verdict: Verdict,
}

/// The lock ID in a lock info, if it can be read.
pub(in crate::engine) fn id_of(info: &[u8]) -> Option<LockId> {
    LockInfo::parse(info).ok().map(|info| info.id)
}

/// Takes the lock, or says why not.
pub(in crate::engine) fn take(
    transaction: &mut LockTransaction<'_>,
    loaded: &Loaded,
    taking: &Taking<'_>,
) -> Result<Taken, EngineError> {
    let id = id_of(taking.info);
    if taking.turn.is_abandoned() {
        let outcome = AcquireOutcome::Refused(LockRefusal::Late);
        return Ok(Taken::unchanged(outcome, loaded));
    }
    let now_micros = taking.now_micros;
    let meeting = Meeting::new(&loaded.lock, id.as_ref(), &taking.turn, now_micros);
    let request = taking.request(id.as_ref(), meeting.mode);
    let Transition { next, outcome } = meeting.lock.acquire(&request);
    if let AcquireOutcome::Granted(granted) = &outcome {
        taking.turn.grants(*granted, now_micros);
        transaction.took(taking.state, taking.sender, id.as_ref());
    }
    let Some(next) = next else {
        return Ok(Taken::unchanged(outcome, loaded));
    };
    let next = meeting.stored(next, &outcome);
    let granted = match &outcome {
        AcquireOutcome::Granted(granted) => Some(*granted),
        AcquireOutcome::Refused(_) => None,
    };
    let upload = taking.upload.filter(|_| {
        matches!(granted, Some(Granted::Taken | Granted::FacetAdded | Granted::Replaced))
    });
    let replaces = matches!(granted, Some(Granted::Taken | Granted::Replaced));
    let holder = if replaces { Some(holder(taking.sender)) } else { loaded.holder.clone() };
    let (sender, body) = (Some(taking.sender), taking.body);
    let change = Change { sender, holder, upload, replaces, body, now_micros };
    let lockfile = store(transaction, taking.state, loaded, &next, change)?;
    if let Some(granted) = granted {
        note(transaction, taking, &next, granted)?;
    }
    Ok(Taken { outcome, lockfile, verdict: Verdict::Commit })
}

impl Taken {
    fn unchanged(outcome: AcquireOutcome, loaded: &Loaded) -> Self {
        let lockfile = loaded.lockfile.clone();
        Self { outcome, lockfile, verdict: Verdict::Discard }
    }
}

fn holder(sender: &Sender) -> HolderRecord {
    HolderRecord {
        principal: sender.principal.clone(),
        peer: sender.connection.peer,
        proxied: sender.proxied,
        user_agent: sender.user_agent.clone(),
    }
}

/// Writes the audit record of a lock that was granted. A repetition has no effect to record.
fn note(
    transaction: &mut dyn Transaction,
    taking: &Taking<'_>,
    next: &UnifiedLock,
    granted: Granted,
) -> Result<(), EngineError> {
    let action = match granted {
        Granted::Taken => AuditAction::LockAcquired,
        Granted::FacetAdded => AuditAction::LockFacetAdded,
        Granted::Replaced => AuditAction::LockReplaced,
        Granted::Repeated => return Ok(()),
    };
    let info = LockInfo::parse(taking.info).ok();
    let LockedState { bucket, key } = taking.state;
    let entry = AuditEntry {
        lock_id: next.hold.as_ref().and_then(|hold| Some(hold.id.as_ref()?.as_str().to_owned())),
        who: info.map(|info| info.who),
        facet: Some(taking.facet.into()),
        ..AuditEntry::new(action).about(bucket, key)
    };
    Ok(audit::append(transaction, taking.sender, entry, taking.now_micros)?)
}
