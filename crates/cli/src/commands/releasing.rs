//! Gives a lock of this process back, for as long as that may take: for every verb that keeps one.

use std::time::Duration;

use statelock_client::protocol::lock::steps::RemoveOutcome;
use statelock_client::protocol::store::Refusal;
use statelock_client::{LockHandle, ReleaseReport};
use tokio::time::{Instant, sleep, timeout_at};

use crate::backend::StopSignals;
use crate::output;

/// The first and the longest pause between two attempts.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What became of the lock.
#[derive(Debug)]
pub(super) enum Ended {
    /// It stood until now, and is gone.
    Released,
    /// It was gone already, at least in part: somebody had removed it.
    WasLost {
        /// What the first attempt has found, which alone can tell.
        first: ReleaseReport,
    },
    /// It may still be there.
    Left {
        /// Why.
        why: String,
        /// What the last attempt that came to an end has found.
        last: Option<ReleaseReport>,
    },
}

/// Releases, and tries again while the store does not answer, until `bound` is over. Of two signals
/// that come meanwhile the second one ends it; with `is_asked` the first one does, because the release itself
/// was asked for by a signal.
pub(super) async fn release(
    lock: &LockHandle,
    bound: Duration,
    signals: &mut StopSignals,
    mut is_asked: bool,
) -> Ended {
    let releasing = repeat(lock, bound);
    tokio::pin!(releasing);
    loop {
        tokio::select! {
            ended = &mut releasing => return ended,
            caught = signals.next() => {
                if is_asked {
                    return Ended::Left { why: format!("{caught} while it was released"), last: None };
                }
                is_asked = true;
                output::note(&format!(
                    "{caught}: the lock is being released; once more leaves it as it is"
                ));
            }
        }
    }
}

async fn repeat(lock: &LockHandle, bound: Duration) -> Ended {
    let now = Instant::now();
    // A bound beyond all times is none that anybody will see.
    let deadline = now.checked_add(bound).unwrap_or(now + Duration::from_hours(24 * 365));
    let mut pause = PAUSE_MIN;
    let mut why = "no answer from the store".to_owned();
    let mut lost: Option<Option<ReleaseReport>> = None;
    let mut latest = None;
    loop {
        // Leaving a release half-way is harmless: the next one finishes it.
        let Ok(report) = timeout_at(deadline, lock.release()).await else {
            return Ended::Left { why, last: latest };
        };
        // Only the first attempt can tell: what a later one misses, an earlier one may have removed.
        let lost = lost.get_or_insert_with(|| misses_a_place(&report).then(|| report.clone()));
        if report.is_gone() {
            return match lost.take() {
                Some(first) => Ended::WasLost { first },
                None => Ended::Released,
            };
        }
        if let Some(trouble) = &report.trouble {
            why = trouble.to_string();
        }
        if !is_worth_repeating(&report) || Instant::now() + pause >= deadline {
            return Ended::Left { why, last: Some(report) };
        }
        latest = Some(report);
        output::note(&format!("the lock could not be released yet, trying again: {why}"));
        sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

/// Whether the lock was not there any more in some place.
fn misses_a_place(report: &ReleaseReport) -> bool {
    report.released.places.iter().any(|(_, outcome)| match outcome {
        RemoveOutcome::Absent | RemoveOutcome::Other(_) => true,
        RemoveOutcome::Removed { .. } | RemoveOutcome::Refused(_) | RemoveOutcome::Unknown => false,
    })
}

/// Whether it can be otherwise next time: not if the store says that we may not.
fn is_worth_repeating(report: &ReleaseReport) -> bool {
    report.released.places.iter().all(|(_, outcome)| match outcome {
        RemoveOutcome::Refused(refusal) => match refusal {
            Refusal::Unavailable | Refusal::Conflict | Refusal::PreconditionFailed => true,
            Refusal::NoSuchKey
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unsupported => false,
        },
        RemoveOutcome::Unknown
        | RemoveOutcome::Removed { .. }
        | RemoveOutcome::Absent
        | RemoveOutcome::Other(_) => true,
    })
}
