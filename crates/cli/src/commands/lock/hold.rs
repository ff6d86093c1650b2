//! Keeps a lock for a time, and releases it.

use std::time::Duration;

use statelock_client::{LockHandle, ReleaseReport};

use crate::backend::{StopSignals, Verdict, command, verdict};
use crate::commands::lock_error::LockVerbError;
use crate::{output, span};

/// How long a release is tried while the stores do not answer.
const RELEASE_TIME: Duration = Duration::from_mins(1);
const RELEASE_PAUSE: Duration = Duration::from_secs(2);

/// Keeps the lock until the time is over or a signal comes, and releases it.
///
/// # Errors
/// A signal ended it; the lock was somebody else's by then; it is not released.
pub(super) async fn hold(
    lock: &LockHandle,
    keep: Duration,
    named: &str,
    signals: &mut StopSignals,
) -> Result<(), LockVerbError> {
    output::note(&format!("keeping the lock for {}, or until Ctrl-C", span::shown(keep.as_secs())));
    let signal = tokio::select! {
        () = tokio::time::sleep(keep) => None,
        signal = signals.next() => Some(signal),
    };
    release(lock, named).await?;
    if let Some(signal) = signal {
        return Err(LockVerbError::Stopped(signal));
    }
    output::note("the lock is released");
    Ok(())
}

/// Releases the lock, and tries again while the stores do not answer.
///
/// # Errors
/// It was not ours any more, or it is not released.
pub(super) async fn release(lock: &LockHandle, named: &str) -> Result<(), LockVerbError> {
    let ends = tokio::time::Instant::now() + RELEASE_TIME;
    let mut report = lock.release().await;
    while is_open(&report) && tokio::time::Instant::now() < ends {
        output::note(&format!(
            "the store does not answer; trying again to release lock {}",
            lock.id()
        ));
        tokio::time::sleep(RELEASE_PAUSE).await;
        report = lock.release().await;
    }
    let id = lock.id().as_str();
    match LockVerbError::of_release(&report, &verdict(&report), (named, id)) {
        None if report.was_held() => Ok(()),
        None => {
            output::warning(&format!(
                "a half of lock {id} was gone already: somebody removed it. Look what was written since: {}",
                command("status", named, "")
            ));
            Ok(())
        }
        Some(error) => Err(error),
    }
}

fn is_open(report: &ReleaseReport) -> bool {
    match verdict(report) {
        Verdict::Unknown => true,
        Verdict::Refused(refusal) => {
            refusal == statelock_client::protocol::store::Refusal::Unavailable
        }
        Verdict::Removed | Verdict::NotThere => false,
    }
}
