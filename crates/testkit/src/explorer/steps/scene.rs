//! The one state that everybody locks, and the clients' lock infos.

use std::sync::OnceLock;

use statelock_protocol::lock::steps::{LockMode, Places};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::lock::{LockInfo, LockInfoError};
use statelock_protocol::state::{LockTableKey, StateAddress, StateKey};
use statelock_protocol::store::{BucketName, ObjectKey, TableName};

use crate::explorer::identity::{identities, whose};

/// Through which protocols a client locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `use_lockfile`.
    Lockfile,
    /// `dynamodb_table`.
    LockTable,
    /// Both.
    Dual,
}

/// Names of what is locked.
#[derive(Debug)]
pub struct Scene {
    /// The bucket.
    pub bucket: BucketName,
    /// The lockfile.
    pub lockfile: ObjectKey,
    /// The lock table.
    pub table: TableName,
    /// The item.
    pub item: LockTableKey,
    modes: [Places; 3],
}

impl Mode {
    /// The facets that it uses, in order.
    pub fn facets(self) -> &'static [Facet] {
        match self {
            Self::Lockfile => &[Facet::Lockfile],
            Self::LockTable => &[Facet::LockTable],
            Self::Dual => &[Facet::Lockfile, Facet::LockTable],
        }
    }

    /// The places of the lock.
    pub fn places(self) -> &'static Places {
        let [lockfile, table, dual] = &scene().modes;
        match self {
            Self::Lockfile => lockfile,
            Self::LockTable => table,
            Self::Dual => dual,
        }
    }
}

/// The index of a place among two.
pub(super) fn index(facet: Facet) -> usize {
    match facet {
        Facet::Lockfile => 0,
        Facet::LockTable | Facet::Http => 1,
    }
}

/// The scene of every run.
///
/// # Panics
/// If the key `k` is no state key any more.
pub fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        #[expect(clippy::unwrap_used, reason = "a constant")]
        let key = StateKey::parse("k").unwrap();
        let address = StateAddress::new(BucketName::new("b"), key);
        let table = TableName::new("t");
        let modes =
            [LockMode::Lockfile, LockMode::LockTable(table.clone()), LockMode::Dual(table.clone())];
        Scene {
            bucket: address.bucket().clone(),
            lockfile: address.lockfile_key(),
            item: address.lock_table_lock_key(),
            table,
            modes: modes.map(|mode| Places::of(&address, &mode)),
        }
    })
}

/// The bytes of a client's lock info.
pub fn info_bytes(who: usize) -> &'static [u8] {
    identities().get(who).map_or(&[], |identity| identity.info(Facet::Lockfile))
}

/// A client's lock info.
///
/// # Errors
/// There is no such client.
pub fn info(who: usize) -> Result<LockInfo, LockInfoError> {
    LockInfo::parse(info_bytes(who))
}

/// Whose lock these bytes are; `None` for a lock in which no ID of ours can be read.
pub fn holder_of(bytes: &[u8]) -> Option<usize> {
    // Nearly always the very bytes that somebody sent.
    let known = (0..identities().len()).find(|who| info_bytes(*who) == bytes);
    known.or_else(|| whose(&LockInfo::parse(bytes).ok()?.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_the_lock_infos_of_clients_are_as_go_writes_them() {
        let go = "{\"ID\":\"a\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\
                  \"Who\":\"a@\\u003cci\\u003e\",\"Version\":\"1.11.4\",\
                  \"Created\":\"0001-01-01T00:00:00Z\",\"Path\":\"bucket/key\"}";
        assert_eq!(String::from_utf8_lossy(info_bytes(0)), go);
        for who in 0..identities().len() {
            assert_eq!(info(who).unwrap().marshal(), info_bytes(who));
            assert_eq!(holder_of(info_bytes(who)), Some(who));
        }
    }
}
