//! All places of one lock, in the order in which they are taken.

use std::fmt;

use super::{LockTable, Lockfile, Place};
use crate::state::StateAddress;
use crate::store::TableName;

/// Through which protocols a client locks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockMode {
    /// By lockfile (`use_lockfile`).
    Lockfile,
    /// By this lock table (`dynamodb_table`).
    LockTable(TableName),
    /// By both, with one lock ID.
    Dual(TableName),
}

impl LockMode {
    /// The lock table, if there is one.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Self::Lockfile => None,
            Self::LockTable(table) | Self::Dual(table) => Some(table),
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lockfile => "lockfile",
            Self::LockTable(_) => "lock_table",
            Self::Dual(_) => "dual",
        })
    }
}

/// One or two places. With two, the lockfile comes first, as for Terraform and OpenTofu: clients that
/// took them in different orders could each hold one half.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Places {
    first: Place,
    second: Option<Place>,
}

impl Places {
    /// The places of a state's lock.
    pub fn of(address: &StateAddress, mode: &LockMode) -> Self {
        let lockfile = || Place::Lockfile(Lockfile::of(address));
        let item = |table: &TableName| Place::LockTable(LockTable::of(address, table.clone()));
        match mode {
            LockMode::Lockfile => Self { first: lockfile(), second: None },
            LockMode::LockTable(table) => Self { first: item(table), second: None },
            LockMode::Dual(table) => Self { first: lockfile(), second: Some(item(table)) },
        }
    }

    /// The place that is taken, and released, first.
    pub fn first(&self) -> &Place {
        &self.first
    }

    /// The other one, in dual mode.
    pub fn second(&self) -> Option<&Place> {
        self.second.as_ref()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.first).chain(self.second.as_ref())
    }
}
