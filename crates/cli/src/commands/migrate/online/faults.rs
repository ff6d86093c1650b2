//! What a proof found to be wrong, as obstacles.

use statelock_client::LockError;
use statelock_client::proof::{Fault, ProofReport};
use statelock_client::protocol::store::Refusal;

use super::super::change::{Obstacle, ObstacleId};
use super::not_reached;
use crate::output::printable;

/// All of it.
pub(super) fn of(report: &ProofReport) -> Vec<Obstacle> {
    report.steps.iter().filter_map(|step| Some(obstacle(step.fault.as_ref()?))).collect()
}

fn obstacle(fault: &Fault) -> Obstacle {
    let no_lock = |text: String| {
        Obstacle::new(
            ObstacleId::NoLock,
            text,
            "the credentials need s3:GetObject, s3:PutObject and s3:DeleteObject on `*.tflock`; `statelock iam` prints the \
             policy",
        )
    };
    match fault {
        Fault::LetIn { .. } => does_not_lock("a second lockfile replaced the first one"),
        Fault::WasGone(_) => does_not_lock("a lockfile was gone before it was released"),
        Fault::NotShown | Fault::ShowsAnother(_) => {
            does_not_lock("a lockfile that was written is not there")
        }
        Fault::Left(_) => no_lock("a lockfile is still there after it was deleted".to_owned()),
        Fault::Held(_) => does_not_lock("a new state is locked already"),
        Fault::NotTaken(error) | Fault::NotShutOut(error) => not_taken(error),
        Fault::NotReleased(report) => {
            let trouble =
                report.trouble.as_ref().map(|one| format!(": {}", printable(&one.to_string())));
            no_lock(format!(
                "a lockfile can be written but not be deleted{}; the one of this try, `…/.statelock-verify-….tflock`, is \
                 left",
                trouble.unwrap_or_default()
            ))
        }
        Fault::NotLooked { refusal, trouble } => {
            let trouble = trouble.as_ref().map(ToString::to_string).unwrap_or_default();
            match refusal {
                Some(Refusal::Denied) => {
                    no_lock(format!("a lockfile cannot be read: {}", printable(&trouble)))
                }
                Some(_) | None => not_reached(&trouble),
            }
        }
    }
}

fn not_taken(error: &LockError) -> Obstacle {
    let text = printable(&error.to_string());
    match error {
        LockError::Refused { refusal: Refusal::Unsupported, .. } => {
            does_not_lock(&format!("it does not know conditional writes: {text}"))
        }
        LockError::Refused { refusal: Refusal::Denied, .. } => Obstacle::new(
            ObstacleId::NoLock,
            format!("a lockfile cannot be written: {text}"),
            "the credentials need s3:GetObject, s3:PutObject and s3:DeleteObject on `*.tflock`; `statelock iam` prints the \
             policy",
        ),
        LockError::Held { .. }
        | LockError::Refused { .. }
        | LockError::Unstable { .. }
        | LockError::Unknown { .. }
        | LockError::NoLockId(_) => not_reached(&text),
    }
}

fn does_not_lock(what: &str) -> Obstacle {
    Obstacle::new(
        ObstacleId::StoreDoesNotLock,
        format!("the store does not lock: {what}"),
        "keep the lock table, or use a store that refuses a second conditional write",
    )
}
