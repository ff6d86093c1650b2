//! The lockfile facet: objects `<key>.tflock` of the S3 API.

use bytes::Bytes;
use statelock_protocol::lock::unified::{
    AcquireOutcome, Aim, Facet, LockRefusal, ReleaseOutcome, ReleaseRefusal, Seen,
};
use statelock_protocol::store::Precondition;

use super::giving::{Giving, give_back};
use super::rows::{Upload, load};
use super::taking::{Taking, id_of, take};
use super::waiting::Turn;
use super::{LockTransaction, LockedState, TakeLock};
use crate::engine::decision::{DeleteCondition, check_delete, check_write};
use crate::engine::rows::bucket_record;
use crate::engine::{
    DeleteRequest, Deleted, Engine, EngineError, PutRequest, SMALL_BODY_BYTES_MAX, Staged, Written,
};
use crate::records::{BodyId, Content, VersionRecord};
use crate::storage::Verdict;

/// A lockfile that a client sent, and what it asked for.
#[derive(Clone)]
struct LockfileWrite {
    state: LockedState,
    request: PutRequest,
    content: Content,
    staged: Staged,
    info: Bytes,
}

impl Engine {
    /// Takes a lock by its lockfile.
    ///
    /// # Errors
    /// As [`Engine::put`]; [`EngineError::TooLarge`] for what its size shows to be no lock info, and
    /// [`EngineError::LockRefused`] for an unconditional write while another lock ID holds.
    pub(in crate::engine) async fn put_lockfile(
        &self,
        state: LockedState,
        request: PutRequest,
        content: Content,
        staged: Staged,
    ) -> Result<Written, EngineError> {
        let Some(info) = staged.small.clone() else {
            let limit = u64::try_from(SMALL_BODY_BYTES_MAX).unwrap_or(u64::MAX);
            return Err(EngineError::TooLarge(limit));
        };
        let precondition = request.precondition.clone();
        let sender = request.sender.clone();
        let wanted =
            TakeLock { state: state.clone(), facet: Facet::Lockfile, info: info.clone(), sender };
        let write = LockfileWrite { state: state.clone(), request, content, staged, info };
        let attempt = |turn| self.clone().try_lockfile(write.clone(), turn);
        let (outcome, lockfile) = self.take_in_turn(&wanted, attempt).await?;
        match (outcome, lockfile) {
            (AcquireOutcome::Granted(_), Some(lockfile)) => Ok(written(&lockfile)),
            (AcquireOutcome::Granted(_), None) => Err(EngineError::LockRefused(format!(
                "The lock on {state} is held with this lock ID, and its lockfile is gone already."
            ))),
            (AcquireOutcome::Refused(refusal), _) => Err(refused(&state, &precondition, &refusal)),
        }
    }

    async fn try_lockfile(
        self,
        write: LockfileWrite,
        turn: Turn,
    ) -> Result<(AcquireOutcome, Option<VersionRecord>), EngineError> {
        let now_micros = self.clock.now_micros();
        let body = BodyId(self.ids.random()?);
        self.transact_locks(move |transaction| {
            lockfile_attempt(transaction, &write, &turn, body, now_micros)
        })
        .await
    }

    /// Releases a lock by its lockfile.
    ///
    /// # Errors
    /// As [`Engine::delete`], and [`EngineError::LockRefused`] if the sender saw another lock than the
    /// one that holds now.
    pub(in crate::engine) async fn delete_lockfile(
        &self,
        state: LockedState,
        request: DeleteRequest,
    ) -> Result<Deleted, EngineError> {
        let now_micros = self.clock.now_micros();
        let seen = self.sightings.seen(&state, &request.sender, now_micros);
        let locked = state.clone();
        let outcome = self
            .transact_locks(move |transaction| {
                lockfile_release(transaction, &locked, &request, &seen, now_micros)
            })
            .await?;
        match outcome {
            ReleaseOutcome::Released(_)
            | ReleaseOutcome::Repeated
            | ReleaseOutcome::NothingHeld => Ok(Deleted { version: None, is_marker: false }),
            ReleaseOutcome::Refused(refusal) => Err(not_released(&state, &refusal)),
        }
    }
}

fn lockfile_attempt(
    transaction: &mut LockTransaction<'_>,
    write: &LockfileWrite,
    turn: &Turn,
    body: BodyId,
    now_micros: u64,
) -> Result<(Verdict, (AcquireOutcome, Option<VersionRecord>)), EngineError> {
    bucket_record(transaction, &write.state.bucket)?;
    let loaded = load(transaction, &write.state)?;
    let precondition = &write.request.precondition;
    let turn = match precondition {
        Precondition::None | Precondition::IfAbsent => turn.clone(),
        Precondition::IfMatch(_) => turn.replacing(),
    };
    let taking = Taking {
        state: &write.state,
        facet: Facet::Lockfile,
        info: &write.info,
        sender: &write.request.sender,
        turn,
        upload: Some(Upload { content: &write.content, staged: &write.staged }),
        body,
        now_micros,
    };
    if let Precondition::IfMatch(_) = precondition {
        let stored = loaded.lockfile.as_ref().and_then(|lockfile| lockfile.content.as_ref());
        let named = check_write(stored, precondition);
        // A repeated call is answered like the first, which replaced what its condition names.
        if named.is_err() && !taking.is_repeated(&loaded) {
            named?;
        }
    }
    let taken = take(transaction, &loaded, &taking)?;
    Ok((taken.verdict, (taken.outcome, taken.lockfile)))
}

fn lockfile_release(
    transaction: &mut LockTransaction<'_>,
    state: &LockedState,
    request: &DeleteRequest,
    seen: &Seen,
    now_micros: u64,
) -> Result<(Verdict, ReleaseOutcome), EngineError> {
    bucket_record(transaction, &state.bucket)?;
    let loaded = load(transaction, state)?;
    let condition = check_delete(loaded.lockfile.as_ref(), &request.condition);
    let standing = loaded.lock.standing(now_micros);
    // A condition that holds names the lock: what its sender was shown before does not matter.
    let named = match (&request.condition, standing) {
        (DeleteCondition::IfMatch(_), Some(hold)) => Some(hold.shown_id(Facet::Lockfile)),
        (DeleteCondition::IfMatch(_), None)
        | (DeleteCondition::None | DeleteCondition::IfPresent, _) => None,
    };
    let giving = Giving {
        state,
        facet: Facet::Lockfile,
        aim: named.as_ref().and_then(Option::as_ref).map_or(Aim::Whatever, Aim::Id),
        seen: named.clone().map_or_else(|| seen.clone(), |id| Seen::Locks(vec![id])),
        sender: &request.sender,
        now_micros,
    };
    let (verdict, outcome) = give_back(transaction, &loaded, &giving)?;
    // A repeated call is answered like the first, whatever there is now to compare with.
    if outcome != ReleaseOutcome::Repeated {
        condition?;
    }
    Ok((verdict, outcome))
}

fn written(lockfile: &VersionRecord) -> Written {
    let etag = lockfile.content.as_ref().map(|content| content.etag.clone()).unwrap_or_default();
    Written { etag, version: None, modified_micros: lockfile.modified_micros }
}

/// What the sender of a lockfile is told. Clients look for the very words of S3's 412.
fn refused(state: &LockedState, precondition: &Precondition, refusal: &LockRefusal) -> EngineError {
    match (precondition, refusal) {
        (Precondition::IfAbsent, _) => EngineError::PreconditionFailed("If-None-Match"),
        (Precondition::IfMatch(_), _) => EngineError::PreconditionFailed("If-Match"),
        (Precondition::None, LockRefusal::Held(hold) | LockRefusal::GivingBack(hold, _)) => {
            let id = hold.id.as_ref().map_or("that cannot be read", |id| id.as_str());
            EngineError::LockRefused(format!(
                "The lock on {state} is held with lock ID {id}. Release it first, or replace it with \
                 If-Match and its ETag."
            ))
        }
        (Precondition::None, LockRefusal::Late) => EngineError::LockRefused(format!(
            "This request for the lock on {state} comes after its lock was released."
        )),
    }
}

/// What the sender of a release is told that meant another lock.
pub(in crate::engine) fn not_released(
    state: &LockedState,
    refusal: &ReleaseRefusal,
) -> EngineError {
    let (ReleaseRefusal::OtherId(hold)
    | ReleaseRefusal::OtherSeen(hold)
    | ReleaseRefusal::MaybeEarlier(hold)) = refusal;
    let id = hold.id.as_ref().map_or("that cannot be read", |id| id.as_str());
    EngineError::LockRefused(format!(
        "The lock on {state} is now held with lock ID {id}, which is not the lock that was read \
         before. Nothing was released: read the lock again."
    ))
}

/// The lock ID of a lockfile's body, if it can be read.
pub(in crate::engine) fn lock_id_text(info: &[u8]) -> Option<String> {
    id_of(info).map(|id| id.as_str().to_owned())
}
