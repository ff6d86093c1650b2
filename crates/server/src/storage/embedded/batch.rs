//! Jobs that share a transaction, and what they are told when it ends.

use tokio::sync::oneshot;

use crate::storage::{StorageError, Verdict, WriteJob};

/// A queued job and where its answer goes.
pub(super) struct QueuedJob {
    pub(super) job: WriteJob,
    pub(super) answer: oneshot::Sender<Result<(), StorageError>>,
}

/// A job that has run in a transaction which is still open, or was refused before it ran.
pub(super) struct Ran {
    pub(super) queued: QueuedJob,
    pub(super) outcome: Result<Verdict, StorageError>,
}

/// Why a transaction had no effect, or may have had none.
pub(super) enum Loss {
    /// It could not begin: repeating each job alone would only fail, or wait, as often.
    NotBegun(StorageError),
    /// It was rolled back.
    RolledBack(StorageError),
    /// Its commit failed, and what it wrote may be found by the next start.
    Unknown(StorageError),
}

/// Whether a job of the batch wants its changes kept.
pub(super) fn has_changes(batch: &[Ran]) -> bool {
    batch.iter().any(|ran| matches!(ran.outcome, Ok(Verdict::Commit)))
}

/// Answers every job of a batch; none of them was told anything before.
pub(super) fn answer(batch: Vec<Ran>, outcome: Result<(), Loss>) {
    let lost = outcome.err();
    for Ran { queued, outcome } in batch {
        let answer = match &lost {
            None => outcome.map(|_| ()),
            // Even a job that refused or failed by itself may have looked at what was lost.
            Some(Loss::NotBegun(error) | Loss::RolledBack(error) | Loss::Unknown(error)) => {
                Err(error.clone())
            }
        };
        // A caller that went away does not want its answer.
        drop(queued.answer.send(answer));
    }
}
