//! Takes the lock, says whose it is while waiting, and takes it over from the dead if that is asked for.

use std::time::Duration;

use statelock_client::protocol::lock::steps::{LockMark, Looked, Place, StoredLock};
use statelock_client::{Claim, LockError, LockHandle, StateBackend};
use statelock_protocol::lock::evidence::Life;
use statelock_protocol::lock::{LockId, LockInfo};

use super::error::RunError;
use super::waiting::Waiting;
use crate::backend::{LockFailure, StopSignal, StopSignals, command};
use crate::evidence::{self, Observers};
use crate::output;

/// How many dead holders are removed one after the other, before that looks like something else.
const TAKE_OVERS_MAX: usize = 3;

/// What is wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) claim: Claim,
    pub(super) wait: Duration,
    /// Whether the lock of a provably dead holder is removed.
    pub(super) takes_over: bool,
    /// How the user can name the state again.
    pub(super) named: &'a str,
}

/// Takes the lock.
///
/// # Errors
/// [`RunError`]
pub(super) async fn acquire(
    backend: &StateBackend,
    wanted: &Wanted<'_>,
    signals: &mut StopSignals,
) -> Result<LockHandle, RunError> {
    if wanted.takes_over {
        take_over_from_the_dead(backend, wanted.named).await?;
    }
    let mut take_overs = 0;
    loop {
        let error = match attempt(backend, wanted, signals).await? {
            Ok(lock) => return Ok(lock),
            Err(error) => error,
        };
        take_overs += 1;
        // After `Unknown` a lock of ours may still come: it is told, and nothing is cleared out of its way.
        let is_held = matches!(error, LockError::Held { .. });
        let may_try = is_held && wanted.takes_over && take_overs <= TAKE_OVERS_MAX;
        if !may_try || !take_over_from_the_dead(backend, wanted.named).await? {
            return Err(not_locked(error, wanted.named));
        }
    }
}

/// One call of the library, which may wait. A signal ends the waiting where nothing of ours is left.
async fn attempt(
    backend: &StateBackend,
    wanted: &Wanted<'_>,
    signals: &mut StopSignals,
) -> Result<Result<LockHandle, LockError>, RunError> {
    let mut told = Waiting::default();
    let mut waiting = |holder: Option<&StoredLock>| told.goes_on(holder);
    let mut caught = None;
    let stop = async { caught = Some(signals.next().await) };
    let ended = backend.lock_unless(&wanted.claim, wanted.wait, &mut waiting, stop).await;
    match (ended, caught) {
        (Ok(lock), Some(caught)) => Err(give_back(&lock, caught, wanted).await),
        // A lock of ours may be left: that is more important than why we were to stop.
        (Err(error @ LockError::Unknown { .. }), Some(_)) => Ok(Err(error)),
        (Err(_), Some(caught)) => Err(RunError::Interrupted(caught)),
        (ended, None) => Ok(ended),
    }
}

/// The lock came after all.
async fn give_back(lock: &LockHandle, caught: StopSignal, wanted: &Wanted<'_>) -> RunError {
    if lock.release().await.is_gone() {
        return RunError::Interrupted(caught);
    }
    let hint = command("unlock", wanted.named, lock.id().as_str());
    RunError::InterruptedUnknown { caught, hint }
}

/// Removes the lock, if its holder is shown to be dead; whether it did.
async fn take_over_from_the_dead(backend: &StateBackend, named: &str) -> Result<bool, RunError> {
    let (seen, _) = backend.inspect().await;
    let infos = seen.places.iter().filter_map(|(_, looked)| match looked {
        Looked::Found(lock) => lock.info().ok(),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    });
    let observers = Observers::of_this_process();
    let dead = infos.into_iter().find_map(|info| proof_of_death(&info, &observers).zip(Some(info)));
    let Some((proof, info)) = dead else {
        return Ok(false);
    };
    let report = backend.force_unlock(marks(seen.places, |other| *other == info)).await;
    if !report.is_gone() {
        let why = report.trouble.map_or("no answer".to_owned(), |trouble| trouble.to_string());
        let hint = command("status", named, "");
        return Err(RunError::NotTakenOver { why, hint });
    }
    let who = output::printable(&info.who);
    output::note(&format!("removed lock {} of {who}, whose holder is dead: {proof}", info.id));
    Ok(true)
}

/// The stored locks whose lock info fits.
fn marks(places: Vec<(Place, Looked)>, fits: impl Fn(&LockInfo) -> bool) -> Vec<(Place, LockMark)> {
    let mark = |(place, looked)| match looked {
        Looked::Found(lock) if lock.info().is_ok_and(|info| fits(&info)) => {
            Some((place, lock.mark))
        }
        Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    };
    places.into_iter().filter_map(mark).collect()
}

fn proof_of_death(info: &LockInfo, observers: &Observers) -> Option<String> {
    match evidence::of(info, observers).life {
        Life::Dead { proof } => Some(proof),
        Life::Alive { .. } | Life::Unknown { .. } => None,
    }
}

fn not_locked(error: LockError, named: &str) -> RunError {
    let holder = match &error {
        LockError::Held { holder, .. } => holder.info().ok(),
        LockError::Refused { .. }
        | LockError::Unstable { .. }
        | LockError::Unknown { .. }
        | LockError::NoLockId(_) => None,
    };
    let (mut about, mut hint) = (String::new(), None);
    if let Some(info) = holder {
        let life = evidence::of(&info, &Observers::of_this_process()).life;
        about = format!("\n  Holder:    {life}");
        hint = matches!(life, Life::Dead { .. }).then(|| remove_hint(named, &info.id));
    }
    RunError::NotLocked { failure: Box::new(LockFailure::new(error, named)), about, hint }
}

/// What to do about a dead holder.
pub(super) fn remove_hint(named: &str, id: &LockId) -> String {
    let remove = command("force-unlock", named, id.as_str());
    format!("its holder is dead: run again with --take-over-dead, or {remove}")
}
