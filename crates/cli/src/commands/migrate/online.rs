//! What only the stores can say of a change of phase: whether lockfiles really lock there, whether these
//! credentials may remove them, and whether somebody holds a lock.
//!
//! Locks are taken and released on a state of its own beside the real one, so nobody is disturbed. A process that is
//! killed meanwhile leaves one that `migrate verify` removes.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use statelock_client::bucket::{Bucket, Setting};
use statelock_client::proof::{Fault, Proof, ProofReport};
use statelock_client::protocol::lock::steps::{Inspection, LockMode, Looked};
use statelock_client::protocol::store::Refusal;
use statelock_client::{LockError, StateBackend, Trouble};
use statelock_protocol::state::WorkspaceName;

use super::change::{Changes, Fate, Obstacle, ObstacleId};
use super::phase_error::PhaseError;
use super::survey::{LockPhase, Survey, Unit};
use crate::backend::{self, BackendArgs, place_name, whose};
use crate::commands::trial_operation::TrialOperation;
use crate::evidence::{self, Lifeline};
use crate::output::printable;

/// How many backends are asked at a time.
const AT_ONCE: usize = 8;

/// Asks about every unit that would move, or is blocked, on its way on.
///
/// # Errors
/// The system gives no thread. A store that cannot be asked is an obstacle.
pub(super) fn ask(
    survey: &Survey,
    changes: &Changes,
) -> Result<BTreeMap<usize, Vec<Obstacle>>, PhaseError> {
    let concerned = survey.units.iter().zip(&changes.units).enumerate();
    let concerned = concerned.filter(|(_, (_, change))| match change.fate {
        Fate::Moves => change.to.is_some_and(LockPhase::has_lockfile),
        Fate::There | Fate::LeftOut(_) | Fate::ByHand(_) | Fate::Blocked(_) => false,
    });
    let asking = concerned.map(|(index, (unit, _))| async move { (index, of_unit(unit).await) });
    let found = backend::runtime()?
        .block_on(stream::iter(asking).buffer_unordered(AT_ONCE).collect::<BTreeMap<_, _>>());
    Ok(found)
}

async fn of_unit(unit: &Unit) -> Vec<Obstacle> {
    let backend = match connect(unit).await {
        Ok(backend) => backend,
        Err(obstacle) => return vec![obstacle],
    };
    let mut found = Vec::new();
    let (seen, trouble) = backend.inspect().await;
    found.extend(held(&seen));
    found.extend(not_looked(&seen, trouble.as_ref()));
    found.extend(object_lock(&backend).await);
    match backend.in_mode(LockMode::Lockfile).throwaway() {
        Ok(throwaway) => {
            let claim = evidence::claim(TrialOperation::Plan.text(), None, Lifeline::Process);
            let proof = Proof::new(throwaway, vec![LockMode::Lockfile]);
            found.extend(faults(&Box::pin(proof.run(&claim)).await));
            // What may not be removed locks nothing, and is no reason against a change of phase.
            Box::pin(backend.sweep_throwaway_versions()).await.ok();
        }
        Err(error) => found.push(not_reached(&error.to_string())),
    }
    found
}

async fn connect(unit: &Unit) -> Result<StateBackend, Obstacle> {
    let unusable = |text: &str| {
        let action = "correct it; without --online the files alone are looked at";
        Obstacle::new(ObstacleId::NotReached, format!("the store cannot be asked: {text}"), action)
    };
    let arguments = unit.s3.as_ref().map_err(|error| unusable(&error.to_string()))?;
    let options = BackendArgs::default();
    let resolved = options
        .resolve_arguments(arguments, &unit.directory, WorkspaceName::default())
        .map_err(|error| unusable(&error.to_string()))?;
    resolved.connect().await.map_err(|error| unusable(&error.to_string()))
}

fn held(seen: &Inspection) -> Option<Obstacle> {
    let holder = seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) => Some(lock),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })?;
    Some(Obstacle::new(
        ObstacleId::LockHeld,
        format!("the lock is held{}", whose(Some(holder))),
        "let that end first (`statelock status` shows it): who runs now has the old configuration",
    ))
}

/// A lock that cannot be looked at may be held.
fn not_looked(seen: &Inspection, trouble: Option<&Trouble>) -> Option<Obstacle> {
    let (place, _) = seen.places.iter().find(|(_, looked)| match looked {
        Looked::Refused(_) | Looked::Unknown => true,
        Looked::Found(_) | Looked::Absent => false,
    })?;
    let why = trouble.map(|trouble| format!(": {}", printable(&trouble.to_string())));
    Some(Obstacle::new(
        ObstacleId::NotReached,
        format!(
            "whether the lock is held cannot be seen in the {}{}",
            place_name(place),
            why.unwrap_or_default()
        ),
        "check that it is there, and credentials, endpoint and network; then try again",
    ))
}

async fn object_lock(backend: &StateBackend) -> Option<Obstacle> {
    let name = backend.settings().address.bucket().clone();
    let setting = Bucket::new(backend.connection().clone(), name.clone()).object_lock().await;
    let days = match setting {
        Ok(Setting::Set { value, .. }) => value.default_retention?.days,
        Ok(Setting::NotSet | Setting::NotPermitted(_) | Setting::Unsupported(_)) | Err(_) => {
            return None;
        }
    };
    Some(Obstacle::new(
        ObstacleId::ObjectLock,
        format!(
            "the bucket `{name}` keeps every version of a lockfile for {days} days (Object Lock), and Terraform 1.10.0 cannot write \
             one there"
        ),
        "use a bucket without default retention, or accept that with --allow object_lock",
    ))
}

/// What a proof found to be wrong, as obstacles.
fn faults(report: &ProofReport) -> Vec<Obstacle> {
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

fn not_reached(text: &str) -> Obstacle {
    Obstacle::new(
        ObstacleId::NotReached,
        format!("the store could not be asked: {text}"),
        "check credentials, endpoint and network, and try again",
    )
}
