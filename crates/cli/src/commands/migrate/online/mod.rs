//! What only the stores can say of a change of phase: whether lockfiles really lock there, whether these
//! credentials may remove them, and whether somebody holds a lock.
//!
//! Locks are taken and released on a state of its own beside the real one, so nobody is disturbed. A process that is
//! killed meanwhile leaves one that `migrate verify` removes.

mod faults;
mod held;

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use statelock_client::StateBackend;
use statelock_client::bucket::{Bucket, Setting};
use statelock_client::proof::Proof;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_protocol::state::WorkspaceName;
use statelock_protocol::store::BucketName;

use super::change::{Changes, Fate, Obstacle, ObstacleId};
use super::phase_error::PhaseError;
use super::stop_notice::StopNotice;
use super::survey::{LockPhase, Survey, Unit};
use crate::backend::{self, BackendArgs};
use crate::commands::trial_operation::TrialOperation;
use crate::evidence::{self, Lifeline};
use crate::output::{self, printable};

/// How many backends are asked at a time.
const AT_ONCE: usize = 8;

/// Asks about every unit that would move, or is blocked, on its way on.
///
/// Asked to stop, it ends what it has begun, so that no lock stays; asked again, it stops at once.
///
/// # Errors
/// The system gives no thread, or somebody asks to stop. A store that cannot be asked is an obstacle.
pub(super) fn ask(
    survey: &Survey,
    changes: &Changes,
    stop: &StopNotice,
) -> Result<BTreeMap<usize, Vec<Obstacle>>, PhaseError> {
    let concerned = survey.units.iter().zip(&changes.units).enumerate();
    let concerned = concerned.filter(|(_, (_, change))| match change.fate {
        Fate::Moves => change.to.is_some_and(LockPhase::has_lockfile),
        Fate::There | Fate::LeftOut(_) | Fate::ByHand(_) | Fate::Blocked(_) => false,
    });
    let asking = concerned.map(|(index, (unit, _))| async move {
        let is_stopped = stop.seen().is_some();
        (index, if is_stopped { Vec::new() } else { of_unit(unit).await })
    });
    let found = stream::iter(asking).buffer_unordered(AT_ONCE).collect::<BTreeMap<_, _>>();
    backend::runtime()?.block_on(async {
        let stopped = async {
            let first = stop.after(0).await;
            output::note(&format!("{first}: ending; again to end at once"));
            stop.after(stop.count()).await
        };
        tokio::select! {
            biased;
            found = found => match stop.seen() {
                None => Ok(found),
                Some(signal) => Err(PhaseError::Stopped(signal)),
            },
            signal = stopped => Err(PhaseError::Stopped(signal)),
        }
    })
}

async fn of_unit(unit: &Unit) -> Vec<Obstacle> {
    let backend = match connect(unit).await {
        Ok(backend) => backend,
        Err(obstacle) => return vec![obstacle],
    };
    let mut found = match held::look(&backend).await {
        Ok(found) => found,
        Err(obstacle) => return vec![obstacle],
    };
    found.extend(object_lock(&backend).await);
    match backend.in_mode(LockMode::Lockfile).throwaway() {
        Ok(throwaway) => {
            let claim = evidence::claim(TrialOperation::Plan.text(), None, Lifeline::Process);
            let proof = Proof::new(throwaway, vec![LockMode::Lockfile]);
            found.extend(faults::of(&Box::pin(proof.run(&claim)).await));
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

async fn object_lock(backend: &StateBackend) -> Option<Obstacle> {
    let name = backend.settings().address.bucket().clone();
    let setting = Bucket::new(backend.connection().clone(), name.clone()).object_lock().await;
    let (what, action) = match setting {
        Ok(Setting::Set { value, .. }) => {
            let days = value.default_retention?.days;
            let what = format!(
                "the bucket `{name}` keeps every version of a lockfile for {days} days (Object Lock), and Terraform 1.10.0 cannot \
                 write one there"
            );
            (
                what,
                "use a bucket without default retention, or accept that with --allow object_lock",
            )
        }
        Ok(Setting::NotSet | Setting::Unsupported(_)) => return None,
        Ok(Setting::NotPermitted(trouble)) => (
            not_known(&name, &trouble.to_string()),
            "the credentials need \
              s3:GetBucketObjectLockConfiguration; or answer for it with --allow object_lock",
        ),
        Err(error) => (
            not_known(&name, &error.to_string()),
            "try again; or answer for it with --allow object_lock",
        ),
    };
    Some(Obstacle::new(ObstacleId::ObjectLock, what, action))
}

/// A bucket may keep every version of a lockfile.
fn not_known(bucket: &BucketName, why: &str) -> String {
    format!(
        "whether the bucket `{bucket}` keeps every version of a lockfile (Object Lock) is not known: {}",
        printable(why)
    )
}

fn not_reached(text: &str) -> Obstacle {
    Obstacle::new(
        ObstacleId::NotReached,
        format!("the store could not be asked: {text}"),
        "check credentials, endpoint and network, and try again",
    )
}
