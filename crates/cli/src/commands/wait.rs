//! `statelock wait`: waits until a lock is free, without taking it.

use std::time::Duration;

use clap::Args;
use statelock_client::StateBackend;
use statelock_client::protocol::lock::steps::{Inspection, Looked, StoredLock};
use statelock_client::protocol::store::Refusal;
use tokio::time::Instant;

use super::lock_error::LockVerbError;
use crate::backend::{self, BackendArgs, command, holder_text, whose};
use crate::{output, span};

/// Pauses between two looks grow from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Wait until nobody holds a state's lock. The lock is not taken: another may be faster.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock wait && terraform plan
  statelock wait s3://tfstate/network/terraform.tfstate --timeout 15m

Exit code 0: it is free. 3: it is still held. To wait for the lock and take it: statelock lock --wait 15m.")]
pub(crate) struct WaitArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// At most this long (90s, 10m, 1h30m) [default: without end].
    #[arg(long, value_name = "DURATION", value_parser = span::duration)]
    timeout: Option<Duration>,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Waits.
///
/// # Errors
/// [`LockVerbError`]
pub(crate) fn run(args: &WaitArgs) -> Result<(), LockVerbError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let named = resolved.named.clone();
    backend::runtime()?.block_on(async {
        let backend = resolved.connect().await?;
        until_free(&backend, args.timeout, &named).await
    })
}

async fn until_free(
    backend: &StateBackend,
    timeout: Option<Duration>,
    named: &str,
) -> Result<(), LockVerbError> {
    let ends = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let (mut pause, longest) = PAUSES;
    let mut told = None;
    loop {
        let (seen, trouble) = backend.inspect().await;
        let held = held(&seen);
        let failure = LockVerbError::of_look(&seen, trouble.as_ref());
        if held.is_none() && failure.is_none() {
            return Ok(());
        }
        if !may_pass(&seen)
            && let Some(error) = failure
        {
            return Err(error);
        }
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(match (held, failure) {
                (Some(lock), _) => still_held(lock, named),
                (None, Some(error)) => error,
                (None, None) => return Ok(()),
            });
        }
        let id = held.and_then(StoredLock::id);
        if told.as_ref() != Some(&id) {
            output::note(&format!("waiting: {}", whose(held)));
            told = Some(id);
        }
        let some_less = pause.mul_f64(0.75 + fastrand::f64() / 4.0);
        tokio::time::sleep(left.unwrap_or(some_less).min(some_less)).await;
        pause = longest.min(pause * 2);
    }
}

fn held(seen: &Inspection) -> Option<&StoredLock> {
    seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) => Some(lock),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })
}

/// Whether another look may show something else: not if the store refuses for good.
fn may_pass(seen: &Inspection) -> bool {
    seen.places.iter().all(|(_, looked)| match looked {
        Looked::Refused(refusal) => {
            matches!(refusal, Refusal::Unavailable | Refusal::Conflict)
        }
        Looked::Absent | Looked::Found(_) | Looked::Unknown => true,
    })
}

fn still_held(lock: &StoredLock, named: &str) -> LockVerbError {
    LockVerbError::Held {
        what: format!("the lock is still held\n{}", holder_text(lock).trim_end()),
        hint: format!("to see whether its holder lives: {}", command("status", named, "")),
    }
}
