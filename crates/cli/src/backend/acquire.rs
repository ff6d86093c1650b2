//! Takes a lock for a verb: says whose lock is in the way, and leaves nothing behind when it is stopped.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::StoredLock;
use statelock_client::{Claim, LockError, LockEvent, LockHandle, StateBackend};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::held::LockFailure;
use super::stop_signal::{StopSignal, StopSignals};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::shell::quoted;
use crate::{output, span};

/// How often a person is told that this still waits, and how often a log is.
const TOLD_EVERY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_mins(1));

/// Why a verb has no lock.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcquireFailure {
    /// It was not acquired.
    #[error(transparent)]
    Lock(#[from] LockFailure),
    /// A signal came. Nothing of ours is left.
    #[error("stopped by {0}; nothing was locked")]
    Stopped(StopSignal),
    /// A signal came, and a lock of ours may be there.
    #[error("stopped by {signal}; whether lock {id} is left is not known")]
    MaybeLeft {
        /// The signal.
        signal: StopSignal,
        /// Our lock ID.
        id: LockId,
        /// What to do.
        hint: String,
    },
}

impl CommandError for AcquireFailure {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Lock(failure) => failure.exit_code(),
            Self::Stopped(signal) => signal.exit_code(),
            Self::MaybeLeft { .. } => ExitCode::OutcomeUnknown,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Lock(failure) => failure.hint(),
            Self::Stopped(_) => None,
            Self::MaybeLeft { hint, .. } => Some(hint),
        }
    }
}

/// Takes the lock within `wait`. `named` is how the user can name the state again.
///
/// At the first signal, an attempt that was begun is brought to its end, and a lock that it made is
/// released. At the second one it is left as it is, and told.
///
/// # Errors
/// [`AcquireFailure`]
pub(crate) async fn acquire(
    backend: &StateBackend,
    claim: &Claim,
    (wait, named): (Duration, &str),
    signals: &mut StopSignals,
) -> Result<LockHandle, AcquireFailure> {
    let failure = |error| AcquireFailure::Lock(LockFailure::new(error, named));
    let tried = Mutex::new(None);
    let mut waiting = Waiting::new(wait);
    let mut tell = |event: LockEvent<'_>| match event {
        LockEvent::Attempt(id) => *lock(&tried) = Some(id.clone()),
        LockEvent::Waiting(holder) => waiting.tell(holder),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let mut attempt = Box::pin(backend.lock_until(claim, wait, &mut tell, stopped));
    let signal = tokio::select! {
        biased;
        result = &mut attempt => return result.map_err(failure),
        signal = signals.next() => signal,
    };
    // The attempt is polled again below; it cannot have ended.
    stop.send(()).unwrap_or_default();
    output::note(&format!("{signal}: ending; again to end at once"));
    let maybe_left = || match lock(&tried).clone() {
        Some(id) => {
            let unlock = command("unlock", named, id.as_str());
            AcquireFailure::MaybeLeft {
                signal,
                id,
                hint: format!("release it, if it is there: {unlock}"),
            }
        }
        // No attempt was begun.
        None => AcquireFailure::Stopped(signal),
    };
    let result = tokio::select! {
        biased;
        result = &mut attempt => result,
        _ = signals.next() => return Err(maybe_left()),
    };
    match result {
        Ok(acquired) => tokio::select! {
            report = acquired.release() => {
                Err(if report.is_gone() { AcquireFailure::Stopped(signal) } else { maybe_left() })
            }
            _ = signals.next() => Err(maybe_left()),
        },
        Err(LockError::Unknown { .. }) => Err(maybe_left()),
        Err(
            LockError::Held { .. }
            | LockError::Refused { .. }
            | LockError::Unstable { .. }
            | LockError::NoLockId(_),
        ) => Err(AcquireFailure::Stopped(signal)),
    }
}

fn lock(tried: &Mutex<Option<LockId>>) -> MutexGuard<'_, Option<LockId>> {
    tried.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command line with the state's name, if it has one, and another argument, which may be somebody else's
/// text and is quoted for a shell.
pub(crate) fn command(verb: &str, named: &str, argument: &str) -> String {
    let argument = if argument.is_empty() { String::new() } else { quoted(argument) };
    let words = ["statelock", verb, named, &argument];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// What was said while waiting.
struct Waiting {
    limit: Duration,
    every: Duration,
    began: Instant,
    told: Option<(Instant, Option<LockId>)>,
}

impl Waiting {
    fn new(limit: Duration) -> Self {
        let (for_people, for_logs) = TOLD_EVERY;
        let every = if std::io::stderr().is_terminal() { for_people } else { for_logs };
        Self { limit, every, began: Instant::now(), told: None }
    }

    fn tell(&mut self, holder: Option<&StoredLock>) {
        let now = Instant::now();
        let id = holder.and_then(StoredLock::id);
        let is_new = self.told.as_ref().is_none_or(|(_, told)| id.is_some() && *told != id);
        let is_time =
            self.told.as_ref().is_some_and(|(at, _)| now.duration_since(*at) >= self.every);
        let waited = span::shown(self.began.elapsed().as_secs());
        if is_new {
            let limit = span::shown(self.limit.as_secs());
            output::note(&format!("waiting for at most {limit}: {}", whose(holder)));
        } else if is_time {
            output::note(&format!("still waiting, for {waited}: {}", whose(holder)));
        } else {
            return;
        }
        self.told = Some((now, id));
    }
}

/// Whose lock is in the way, on one line.
pub(crate) fn whose(holder: Option<&StoredLock>) -> String {
    let Some(holder) = holder else {
        return "the store refuses now, or did not answer".to_owned();
    };
    let Ok(info) = holder.info() else {
        return "there is a lock that cannot be read".to_owned();
    };
    let said = if info.info.is_empty() { String::new() } else { format!(": {}", info.info) };
    let text = format!(
        "{} holds lock {} since {} ({}{said})",
        info.who,
        info.id,
        info.created.to_human(),
        info.operation
    );
    output::printable(&text)
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::steps::LockMark;

    use super::*;

    fn stored(bytes: &str) -> StoredLock {
        StoredLock { bytes: bytes.as_bytes().to_vec(), mark: LockMark::Info(None) }
    }

    #[test]
    fn a_command_names_the_state_only_if_it_has_to_be() {
        assert_eq!(command("unlock", "", "id"), "statelock unlock id");
        assert_eq!(command("unlock", "s3://b/k", "id"), "statelock unlock s3://b/k id");
        assert_eq!(command("status", "", ""), "statelock status");
        assert_eq!(command("unlock", "", "a;touch b"), "statelock unlock 'a;touch b'");
    }

    #[test]
    fn whose_lock_is_in_the_way_is_one_line() {
        let lock = stored(
            r#"{"ID":"i","Operation":"apply","Info":"a\nb","Who":"me@h","Version":"1","Created":"2026-01-02T03:04:05Z","Path":"p"}"#,
        );
        assert_eq!(
            whose(Some(&lock)),
            "me@h holds lock i since 2026-01-02 03:04:05 +0000 UTC (apply: a\\nb)"
        );
        assert!(whose(Some(&stored("{"))).contains("cannot be read"));
        assert!(whose(None).contains("did not answer"));
    }
}
