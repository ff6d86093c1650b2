//! Locks of proofs that were killed, of this verb and of others.

use std::collections::BTreeSet;
use std::sync::Mutex;

use statelock_client::StateBackend;
use statelock_client::lock_table::{LockTable, LockTableItem};
use statelock_client::proof::is_throwaway;
use statelock_client::protocol::lock::LockInfo;
use statelock_client::protocol::lock::steps::{LockMode, Looked, StoredLock};
use statelock_protocol::lock::evidence::Life;
use statelock_protocol::state::{StateAddress, StateKey};

use crate::commands::trial_operation::TrialOperation;
use crate::evidence::{self, Observers};

/// How old a throw-away lock is whose holder cannot be looked at, when it counts as left. A proof takes
/// seconds. Such a lock protects nothing, so all that can be disturbed is somebody's proof.
const LEFT_AFTER_SECONDS: i64 = 15 * 60;
/// How much of a lock table is read to find items of proofs that were killed between its two places.
const TABLE_PAGES_MAX: u32 = 4;

/// The tables that were looked through already, with the bucket for whose states they were.
#[derive(Debug, Default)]
pub(super) struct SeenTables(Mutex<BTreeSet<(String, String)>>);

/// Removes what is left of proofs that were killed, beside this state and in its lock table; how many locks
/// there were. What could not be looked for is left to the next proof, and to `finish`.
pub(super) async fn remove(backend: &StateBackend, tables: &SeenTables) -> u64 {
    let backend = &backend.in_mode(of_every_trial(&backend.settings().mode));
    let mut left = backend.throwaways().await.unwrap_or_default();
    left.extend(in_table(backend, tables).await);
    let mut removed = 0;
    for throwaway in left {
        let (seen, _) = throwaway.inspect().await;
        let meant = seen.places.into_iter().filter_map(|(place, looked)| match looked {
            Looked::Found(lock) if is_left(&lock) => Some((place, lock.mark)),
            Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
        });
        let meant: Vec<_> = meant.collect();
        if !meant.is_empty() && throwaway.force_unlock(meant).await.released.removed_any() {
            removed += 1;
        }
    }
    removed
}

/// Where trials beside a state may have locked: a plan tries lockfiles where only the table locks.
fn of_every_trial(mode: &LockMode) -> LockMode {
    match mode {
        LockMode::LockTable(table) | LockMode::Dual(table) => LockMode::Dual(table.clone()),
        LockMode::Lockfile => LockMode::Lockfile,
    }
}

async fn in_table(backend: &StateBackend, tables: &SeenTables) -> Vec<StateBackend> {
    let settings = backend.settings();
    let Some(name) = settings.mode.table() else { return Vec::new() };
    let bucket = settings.address.bucket();
    let of_this = (name.as_str().to_owned(), bucket.as_str().to_owned());
    let is_new = tables.0.lock().is_ok_and(|mut seen| seen.insert(of_this));
    if !is_new {
        return Vec::new();
    }
    let table = LockTable::new(backend.connection().clone(), name.clone());
    let (mut items, mut left) = (table.items(), Vec::new());
    for _ in 0..TABLE_PAGES_MAX {
        // Who may not scan the table has seen the lockfiles at least.
        let Ok(Some(page)) = items.next_page().await else { break };
        left.extend(page.iter().filter_map(throwaway_key).filter_map(|(other, key)| {
            (other == *bucket).then(|| backend.at(StateAddress::new(other, key)))
        }));
    }
    left
}

/// The throw-away state that an item locks, if it locks one.
pub(in super::super) fn throwaway_key(
    item: &LockTableItem,
) -> Option<(statelock_protocol::store::BucketName, StateKey)> {
    let LockTableItem::Lock { key, .. } = item else { return None };
    let (bucket, key) = key.locked_state()?;
    is_throwaway(&key).then(|| StateKey::parse(key.as_str()).ok())?.map(|key| (bucket, key))
}

/// Whether a lock on a throw-away state was left by a proof that is gone.
pub(in super::super) fn is_left(lock: &StoredLock) -> bool {
    let Ok(info) = lock.info() else { return false };
    if !TrialOperation::took(&info) {
        return false;
    }
    let life = evidence::of(&info, &Observers::of_this_process()).life;
    is_over(&info, &life, now())
}

fn is_over(info: &LockInfo, life: &Life, now: i64) -> bool {
    match life {
        Life::Dead { .. } => true,
        Life::Alive { .. } => false,
        Life::Unknown { .. } => {
            now.saturating_sub(info.created.unix_seconds()) > LEFT_AFTER_SECONDS
        }
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    use statelock_server::engine::Clock as _;
    let micros = statelock_server::SystemClock.now_micros();
    i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::steps::LockMark;

    use super::*;

    fn lock(operation: &str, created: &str) -> StoredLock {
        let text = format!(
            r#"{{"ID":"i","Operation":"{operation}","Info":"","Who":"a@b","Version":"1","Created":"{created}","Path":"p"}}"#
        );
        StoredLock { bytes: text.into_bytes(), mark: LockMark::Info(None) }
    }

    fn info(created: &str) -> LockInfo {
        lock(TrialOperation::Verify.text(), created).info().unwrap()
    }

    #[test]
    fn what_every_verb_that_tries_locks_leaves_is_known() {
        for operation in ["migrate verify", "StatelockPlan", "statelock-doctor"] {
            assert!(is_left(&lock(operation, "2020-01-02T03:04:05Z")), "{operation}");
            assert!(!is_left(&lock(operation, "2999-01-02T03:04:05Z")), "{operation}");
        }
        assert!(!is_left(&lock("OperationTypeApply", "2020-01-02T03:04:05Z")));
    }

    #[test]
    fn a_proof_that_may_go_on_is_left_alone() {
        let taken = info("2026-01-02T03:04:05Z");
        let at = taken.created.unix_seconds();
        let unknown = Life::Unknown { why: "elsewhere".to_owned() };
        assert!(!is_over(&taken, &unknown, at + LEFT_AFTER_SECONDS));
        assert!(is_over(&taken, &unknown, at + LEFT_AFTER_SECONDS + 1));
        assert!(!is_over(&taken, &Life::Alive { how: String::new() }, i64::MAX));
        assert!(is_over(&taken, &Life::Dead { proof: String::new() }, at));
    }
}
