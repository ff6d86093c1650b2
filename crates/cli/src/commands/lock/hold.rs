//! Keeps a lock for a time, and releases it.

use std::time::Duration;

use statelock_client::{LockHandle, ReleaseReport};

use crate::backend::{StopSignals, Verdict, command, verdict};
use crate::commands::lock_error::LockVerbError;
use crate::commands::releasing::{self, Ended};
use crate::{output, span};

/// How long a release is tried while the stores do not answer.
const RELEASE_TIME: Duration = Duration::from_mins(1);

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
    if let Some(signal) = signal {
        output::note(&format!(
            "{signal}: the lock is being released; once more leaves it as it is"
        ));
    }
    release(lock, named, signals, signal.is_some()).await?;
    if let Some(signal) = signal {
        return Err(LockVerbError::Stopped(signal));
    }
    output::note("the lock is released");
    Ok(())
}

/// Releases the lock, and tries again while the stores do not answer. A signal ends that: the first one if
/// `is_asked`, else the second one.
///
/// # Errors
/// It was not ours any more, or it may not be released.
pub(super) async fn release(
    lock: &LockHandle,
    named: &str,
    signals: &mut StopSignals,
    is_asked: bool,
) -> Result<(), LockVerbError> {
    let about = (named, lock.id().as_str());
    match releasing::release(lock, RELEASE_TIME, signals, is_asked).await {
        Ended::Released => Ok(()),
        Ended::WasLost { first } => was_lost(&first, about),
        Ended::Left { why, last } => {
            let told =
                last.and_then(|last| LockVerbError::of_release(&last, &verdict(&last), about));
            Err(told.unwrap_or_else(|| LockVerbError::of_silence(&why, about)))
        }
    }
}

/// Somebody has removed the lock, or a half of it.
fn was_lost(first: &ReleaseReport, about: (&str, &str)) -> Result<(), LockVerbError> {
    let (named, id) = about;
    if verdict(first) == Verdict::NotThere {
        return LockVerbError::of_release(first, &Verdict::NotThere, about).map_or(Ok(()), Err);
    }
    output::warning(&format!(
        "a half of lock {id} was gone already: somebody removed it. Look what was written since: {}",
        command("status", named, "")
    ));
    Ok(())
}
