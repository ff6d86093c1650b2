//! The lock as an item of a lock table (`dynamodb_table`).
//!
//! Facts: `docs/protocol/lock-table.md`.

use super::mark::{LockMark, StoredLock};
use super::place::{Looked, Removed, Taken};
use crate::state::{LockTableKey, StateAddress};
use crate::store::{ItemCondition, LockItem, Reply, TableName, TableRequest, TableSuccess};

/// Where the item stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockTable {
    /// The table.
    pub table: TableName,
    /// The item's `LockID`.
    pub key: LockTableKey,
}

impl LockTable {
    /// The item of a state.
    pub fn of(address: &StateAddress, table: TableName) -> Self {
        Self { table, key: address.lock_table_lock_key() }
    }

    /// `info` is the text of the lock info; `mark` tells it from others.
    pub(super) fn take(&self, info: &str) -> TableRequest {
        let (table, key) = (self.table.clone(), self.key.clone());
        TableRequest::Put { table, key, info: info.to_owned() }
    }

    pub(super) fn look(&self) -> TableRequest {
        TableRequest::Read { table: self.table.clone(), key: self.key.clone() }
    }

    pub(super) fn remove(&self, info: Option<&str>) -> TableRequest {
        let condition = match info {
            Some(info) => ItemCondition::InfoIs(info.to_owned()),
            None => ItemCondition::NoInfo,
        };
        TableRequest::Delete { table: self.table.clone(), key: self.key.clone(), condition }
    }
}

pub(super) fn taken(reply: &Reply<TableSuccess>, info: &str) -> Taken {
    match reply {
        Reply::Applied(TableSuccess::Put) => Taken::Applied(LockMark::Info(Some(info.to_owned()))),
        Reply::Refused(refusal) => Taken::Refused(*refusal),
        Reply::Applied(TableSuccess::Read(_) | TableSuccess::Deleted) | Reply::Unknown => {
            Taken::Unknown
        }
    }
}

pub(super) fn looked(reply: Reply<TableSuccess>) -> Looked {
    match reply {
        Reply::Applied(TableSuccess::Read(Some(LockItem { info }))) => {
            let bytes = info.clone().unwrap_or_default().into_bytes();
            Looked::Found(StoredLock { bytes, mark: LockMark::Info(info) })
        }
        Reply::Applied(TableSuccess::Read(None)) => Looked::Absent,
        Reply::Refused(refusal) => Looked::Refused(refusal),
        Reply::Applied(TableSuccess::Put | TableSuccess::Deleted) | Reply::Unknown => {
            Looked::Unknown
        }
    }
}

pub(super) fn removed(reply: &Reply<TableSuccess>) -> Removed {
    match reply {
        Reply::Applied(TableSuccess::Deleted) => Removed::Applied,
        Reply::Refused(refusal) => Removed::Refused(*refusal),
        Reply::Applied(TableSuccess::Read(_) | TableSuccess::Put) | Reply::Unknown => {
            Removed::Unknown
        }
    }
}
