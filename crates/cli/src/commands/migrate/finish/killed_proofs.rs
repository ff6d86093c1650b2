//! Removes the locks of proofs that were killed from a lock table that is to be finished.

use statelock_client::protocol::lock::steps::{Looked, RemoveOutcome, StoredLock};
use statelock_client::{ReleaseReport, StateBackend};
use statelock_protocol::state::{LockTableKey, StateAddress, StateKey};

use super::super::verify::is_left;
use super::report::TroubleOut;
use crate::backend::refused_exit_code;
use crate::exit_code::ExitCode;

/// So many of them, for people.
pub(super) fn counted(count: u64) -> String {
    match count {
        1 => "1 lock of a proof that was killed".to_owned(),
        _ => format!("{count} locks of proofs that were killed"),
    }
}

/// Removes them, with their lockfiles; why some stayed.
pub(super) async fn remove(
    backend: &StateBackend,
    left: &[(LockTableKey, StoredLock)],
) -> Vec<TroubleOut> {
    let mut troubles = Vec::new();
    for (key, _) in left {
        let Some((bucket, state)) = key.locked_state() else { continue };
        let Ok(state) = StateKey::parse(state.as_str()) else { continue };
        let throwaway = backend.at(StateAddress::new(bucket, state));
        let (seen, _) = throwaway.inspect().await;
        let meant = seen.places.into_iter().filter_map(|(place, looked)| match looked {
            Looked::Found(lock) if is_left(&lock) => Some((place, lock.mark)),
            Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
        });
        let report = throwaway.force_unlock(meant.collect::<Vec<_>>()).await;
        troubles.extend(stayed(key, &report));
    }
    troubles
}

fn stayed(key: &LockTableKey, report: &ReleaseReport) -> Option<TroubleOut> {
    let code = report.released.places.iter().find_map(|(_, outcome)| match outcome {
        RemoveOutcome::Removed { .. } | RemoveOutcome::Absent => None,
        RemoveOutcome::Other(_) => Some(ExitCode::Held),
        RemoveOutcome::Refused(refusal) => Some(refused_exit_code(*refusal)),
        RemoveOutcome::Unknown => Some(ExitCode::Unavailable),
    })?;
    let why = report.trouble.as_ref().map_or_else(String::new, |trouble| format!(": {trouble}"));
    let hint = if code == ExitCode::NotPermitted {
        "it needs dynamodb:DeleteItem on the table, and s3:DeleteObject on *.tflock"
    } else {
        "run it again: to repeat it is safe"
    };
    let message = format!("`{}`{why}", key.as_str());
    Some(TroubleOut { message, hint: hint.to_owned(), code: Some(code) })
}
