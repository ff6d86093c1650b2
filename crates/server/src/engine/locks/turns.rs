//! Whose turn it is: keeps requests for a lock that is not free.

use std::time::Duration;

use statelock_protocol::lock::unified::{AcquireMode, AcquireOutcome, LockRefusal};

use super::taking::id_of;
use super::{LockedState, SightingKind};
use crate::engine::{Engine, EngineError, Sender};

impl Engine {
    /// Tries to take a lock, and waits while its holder gives it back.
    ///
    /// `attempt` is one transaction.
    pub(in crate::engine) async fn take_in_turn<T, F>(
        &self,
        state: &LockedState,
        info: &[u8],
        sender: &Sender,
        attempt: impl Fn(AcquireMode) -> F,
    ) -> Result<(AcquireOutcome, T), EngineError>
    where
        F: Future<Output = Result<(AcquireOutcome, T), EngineError>>,
    {
        loop {
            let (outcome, value) = attempt(AcquireMode::Answer).await?;
            match &outcome {
                AcquireOutcome::Refused(LockRefusal::GivingBack(_, end)) => {
                    let rest = end.saturating_sub(self.clock.now_micros());
                    tokio::time::sleep(Duration::from_micros(rest)).await;
                }
                AcquireOutcome::Granted(_) => {
                    let (id, now_micros) = (id_of(info), self.clock.now_micros());
                    let kind = SightingKind::Took;
                    self.sightings.note(state, sender, kind, id.as_ref(), now_micros);
                    return Ok((outcome, value));
                }
                AcquireOutcome::Refused(LockRefusal::Held(_) | LockRefusal::Late) => {
                    return Ok((outcome, value));
                }
            }
        }
    }

    /// Wakes who waits for this lock.
    #[expect(clippy::unused_self, reason = "nobody waits yet")]
    pub(in crate::engine) fn lock_changed(&self, _state: &LockedState) {}
}
