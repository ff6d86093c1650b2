//! What the items of a lock table are to a migration that is to be finished.

use statelock_client::lock_table::LockTableItem;
use statelock_client::protocol::lock::steps::StoredLock;
use statelock_protocol::state::{LockTableKey, StateAddress};

use super::super::verify::{is_left, throwaway_key};
use super::super::workspaces;

/// The items of a table.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Locks that are held.
    pub(super) locks: Vec<(LockTableKey, StoredLock)>,
    /// Locks of proofs that were killed.
    pub(super) leftovers: Vec<(LockTableKey, StoredLock)>,
    /// Digests of states whose modules lock by lockfile alone, with their texts.
    pub(super) digests: Vec<(LockTableKey, String)>,
    /// Keys of digests of states that no module here names.
    pub(super) of_others: Vec<String>,
    /// Keys of items that name no state.
    pub(super) strange: Vec<String>,
}

impl Sorted {
    /// Takes an item. `backends` are those of the units that left the table.
    pub(super) fn take(&mut self, item: LockTableItem, backends: &[StateAddress]) {
        let throwaway = throwaway_key(&item).is_some();
        match item {
            LockTableItem::Lock { key, lock } if throwaway && is_left(&lock) => {
                self.leftovers.push((key, lock));
            }
            LockTableItem::Lock { key, lock } => self.locks.push((key, lock)),
            LockTableItem::Digest { key, text } if is_of(&key, backends) => {
                self.digests.push((key, text));
            }
            LockTableItem::Digest { key, .. } => self.of_others.push(key.as_str().to_owned()),
            LockTableItem::Strange { key } => {
                self.strange.push(key.unwrap_or_else(|| "(its key is no text)".to_owned()));
            }
        }
    }

    /// How many items there are.
    pub(super) fn count(&self) -> usize {
        let Self { locks, leftovers, digests, of_others, strange } = self;
        locks.len() + leftovers.len() + digests.len() + of_others.len() + strange.len()
    }
}

/// Whether a digest is that of a state of one of these backends, in whatever workspace.
fn is_of(key: &LockTableKey, backends: &[StateAddress]) -> bool {
    key.digested_state().is_some_and(|(bucket, state)| {
        backends.iter().any(|backend| {
            *backend.bucket() == bucket && workspaces::name(backend, state.as_str()).is_some()
        })
    })
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::steps::LockMark;
    use statelock_protocol::state::StateKey;
    use statelock_protocol::store::BucketName;

    use super::*;

    fn digest(key: &str) -> LockTableItem {
        LockTableItem::Digest { key: LockTableKey::new(key), text: "d".to_owned() }
    }

    #[test]
    fn only_digests_of_states_that_moved_are_to_go() {
        let backends =
            [StateAddress::new(BucketName::new("b"), StateKey::parse("app/x.tfstate").unwrap())];
        let mut sorted = Sorted::default();
        let info = LockMark::Info(None);
        let lock = StoredLock { bytes: Vec::new(), mark: info };
        for item in [
            digest("b/app/x.tfstate-md5"),
            digest("b/env:/dev/app/x.tfstate-md5"),
            digest("b/env:/dev/other/app/x.tfstate-md5"),
            digest("b/app/x.tfstate.backup-md5"),
            digest("other/app/x.tfstate-md5"),
            LockTableItem::Strange { key: None },
            LockTableItem::Lock { key: LockTableKey::new("b/app/x.tfstate"), lock: lock.clone() },
            LockTableItem::Lock { key: LockTableKey::new("b/.statelock-verify-1"), lock },
        ] {
            sorted.take(item, &backends);
        }
        let keys: Vec<_> = sorted.digests.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["b/app/x.tfstate-md5", "b/env:/dev/app/x.tfstate-md5"]);
        assert_eq!(sorted.of_others.len(), 3);
        // A lock that cannot be read is not known to be of a proof.
        assert_eq!((sorted.locks.len(), sorted.leftovers.len(), sorted.count()), (2, 0, 8));
    }
}
