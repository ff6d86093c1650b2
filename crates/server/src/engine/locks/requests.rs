//! Locks that are taken and released by their lock info alone: the `http` backend.

use bytes::Bytes;
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{AcquireOutcome, Aim, Facet, Hold, ReleaseOutcome, Seen};

use super::giving::{Giving, give_back};
use super::rows::{load, standing};
use super::taking::{Taking, take};
use super::waiting::Turn;
use super::{LockTransaction, LockedState};
use crate::engine::rows::bucket_record;
use crate::engine::{Engine, EngineError, Sender};
use crate::records::{BodyId, HolderRecord};

/// A request for a lock.
#[derive(Clone, Debug)]
pub struct TakeLock {
    /// On which state.
    pub state: LockedState,
    /// Through which facet.
    pub facet: Facet,
    /// The lock info, exactly as sent.
    pub info: Bytes,
    /// Who sends it.
    pub sender: Sender,
}

/// A request to release a lock.
#[derive(Clone, Debug)]
pub struct ReleaseLock {
    /// On which state.
    pub state: LockedState,
    /// Through which facet.
    pub facet: Facet,
    /// The lock that is meant; `None` for whichever there is.
    pub id: Option<LockId>,
    /// Who sends it.
    pub sender: Sender,
}

impl Engine {
    /// Takes a lock.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have taken the lock.
    pub async fn take_lock(&self, request: TakeLock) -> Result<AcquireOutcome, EngineError> {
        let attempt = |turn| self.clone().try_lock(request.clone(), turn);
        let (outcome, ()) = self.take_in_turn(&request, attempt).await?;
        Ok(self.told(&request, outcome))
    }

    async fn try_lock(
        self,
        request: TakeLock,
        turn: Turn,
    ) -> Result<(AcquireOutcome, ()), EngineError> {
        let now_micros = self.clock.now_micros();
        let body = BodyId(self.ids.random()?);
        self.transact_locks(move |transaction| {
            bucket_record(transaction, &request.state.bucket)?;
            let loaded = load(transaction, &request.state)?;
            let taking = Taking {
                state: &request.state,
                facet: request.facet,
                info: &request.info,
                sender: &request.sender,
                turn: turn.clone(),
                upload: None,
                body,
                now_micros,
            };
            let taken = take(transaction, &loaded, &taking)?;
            Ok((taken.verdict, (taken.outcome, ())))
        })
        .await
    }

    /// Releases a lock.
    ///
    /// # Errors
    /// A storage failure.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have released the lock.
    pub async fn release_lock(&self, request: ReleaseLock) -> Result<ReleaseOutcome, EngineError> {
        let now_micros = self.clock.now_micros();
        let release = move |transaction: &mut LockTransaction<'_>| {
            let loaded = load(transaction, &request.state)?;
            let giving = Giving {
                state: &request.state,
                facet: request.facet,
                aim: request.id.as_ref().map_or(Aim::Force, Aim::Id),
                seen: Seen::Unknown,
                sender: &request.sender,
                now_micros,
            };
            give_back(transaction, &loaded, &giving)
        };
        self.transact_locks(release).await
    }

    /// Who holds the lock on a state, and what is known of the holder.
    ///
    /// # Errors
    /// A storage failure.
    pub async fn lock_holder(
        &self,
        state: LockedState,
    ) -> Result<Option<(Hold, Option<HolderRecord>)>, EngineError> {
        let now_micros = self.clock.now_micros();
        self.observe(move |transaction| Ok(standing(transaction, &state, now_micros)?)).await
    }
}
