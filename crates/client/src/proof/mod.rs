//! Proves on a live backend that its lock holds: by taking one, and trying to get past it.
//!
//! A [`Proof`] takes the lock of one state, looks whether it stands where it should, tries to take it as every other
//! kind of client, releases it, and looks that nothing is left. [`StateBackend::throwaway`] makes a state beside the
//! real one for this, with the same settings, so that nobody who works with the real state is disturbed.
//!
//! # What is not proven
//! That the store decides between two requests of the same moment. That these credentials may do the same with the
//! real state's own keys, if a policy names exactly those.

mod step;
mod throwaway;
mod versions;

use std::time::Duration;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::steps::{Inspection, LockMode, Looked, StoredLock};
use statelock_protocol::store::Refusal;

use crate::backend::{Claim, LockError, StateBackend};
use crate::error::Trouble;
use crate::handle::LockHandle;

pub use step::{Fault, ProofReport, ProofStep, Tried};
pub use throwaway::is_throwaway;
pub use versions::SweptVersions;

/// What is to be proven.
#[derive(Clone, Debug)]
pub struct Proof {
    backend: StateBackend,
    contenders: Vec<LockMode>,
}

impl Proof {
    /// That the lock of this state, in the mode of this backend, keeps clients of these modes out.
    pub fn new(backend: StateBackend, contenders: Vec<LockMode>) -> Self {
        Self { backend, contenders }
    }

    /// Runs it. Whatever it finds, it releases what it took.
    ///
    /// Dropping the future may leave the lock: let it end.
    pub async fn run(&self, claim: &Claim) -> ProofReport {
        let mut report = ProofReport::default();
        report.tried(Tried::Free, self.is_free().await);
        if report.has_fault() {
            return report;
        }
        let lock = match self.take(&self.backend, claim).await {
            Ok(lock) => lock,
            Err(error) => {
                report.tried(Tried::Taken, Some(Fault::NotTaken(Box::new(error))));
                return report;
            }
        };
        report.lock_id = Some(lock.id().clone());
        report.tried(Tried::Taken, None);
        self.shown(lock.id(), &mut report).await;
        for mode in &self.contenders {
            let contender = self.backend.in_mode(mode.clone());
            let fault = self.contend(&contender, claim, lock.id()).await;
            report.tried(Tried::ShutOut(mode.clone()), fault);
        }
        let released = lock.release().await;
        let fault = match (released.is_gone(), released.was_held()) {
            (true, true) => None,
            (true, false) => Some(Fault::WasGone(Box::new(released))),
            (false, _) => Some(Fault::NotReleased(Box::new(released))),
        };
        report.tried(Tried::Released, fault);
        report.tried(Tried::Gone, self.is_gone(lock.id()).await);
        report
    }

    /// Takes a lock without waiting. One that may have been taken is given back.
    async fn take(&self, backend: &StateBackend, claim: &Claim) -> Result<LockHandle, LockError> {
        let error = match backend.lock(claim, Duration::ZERO, &mut |_| {}).await {
            Ok(lock) => return Ok(lock),
            Err(error) => error,
        };
        if let LockError::Unknown { id, .. } = &error {
            // What came of it is seen by whoever looks; the error says that it is not known.
            backend.unlock(id).await;
        }
        Err(error)
    }

    async fn is_free(&self) -> Option<Fault> {
        let (seen, trouble) = self.backend.inspect().await;
        first_lock(&seen, |_| true).map(Fault::Held).or_else(|| not_looked(&seen, trouble))
    }

    /// Only what is ours is left by us: on the real state another may hold the lock by now.
    async fn is_gone(&self, id: &LockId) -> Option<Fault> {
        let (seen, trouble) = self.backend.inspect().await;
        let ours = first_lock(&seen, |lock| lock.id().as_ref() == Some(id));
        ours.map(Fault::Left).or_else(|| not_looked(&seen, trouble))
    }

    async fn shown(&self, id: &LockId, report: &mut ProofReport) {
        let (seen, trouble) = self.backend.inspect().await;
        for (place, looked) in seen.places {
            let fault = match looked {
                Looked::Found(lock) if lock.id().as_ref() == Some(id) => None,
                Looked::Found(lock) => Some(Fault::ShowsAnother(Box::new(lock))),
                Looked::Absent => Some(Fault::NotShown),
                Looked::Refused(refusal) => {
                    Some(Fault::NotLooked { refusal: Some(refusal), trouble: trouble.clone() })
                }
                Looked::Unknown => {
                    Some(Fault::NotLooked { refusal: None, trouble: trouble.clone() })
                }
            };
            report.tried(Tried::Shown(place), fault);
        }
    }

    /// Tries to get past the lock. A lock that was had nevertheless is given back.
    async fn contend(
        &self,
        contender: &StateBackend,
        claim: &Claim,
        holder_id: &LockId,
    ) -> Option<Fault> {
        match self.take(contender, claim).await {
            Ok(lock) => {
                let id = lock.id().clone();
                let is_released = lock.release().await.is_gone();
                Some(Fault::LetIn { id, is_released })
            }
            Err(LockError::Held { holder, .. }) if holder.id().as_ref() == Some(holder_id) => None,
            Err(LockError::Held { holder, .. }) => Some(Fault::ShowsAnother(holder)),
            Err(error) => Some(Fault::NotShutOut(Box::new(error))),
        }
    }
}

fn first_lock(
    seen: &Inspection,
    is_meant: impl Fn(&StoredLock) -> bool,
) -> Option<Box<StoredLock>> {
    seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) if is_meant(lock) => Some(Box::new(lock.clone())),
        Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })
}

fn not_looked(seen: &Inspection, trouble: Option<Trouble>) -> Option<Fault> {
    let refusal = seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Refused(refusal) => Some(Some(*refusal)),
        Looked::Unknown => Some(None::<Refusal>),
        Looked::Absent | Looked::Found(_) => None,
    })?;
    Some(Fault::NotLooked { refusal, trouble })
}
