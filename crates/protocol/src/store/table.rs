//! Requests about locks to a table of DynamoDB, and what they return.
//!
//! Facts: `docs/protocol/lock-table.md`. Reads are always consistent ones.

use std::fmt;

use crate::state::LockTableKey;

/// The name of a table. Not validated: stores differ in what they accept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName(String);

impl TableName {
    /// Takes a table's name as it stands.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, exactly as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One request about the lock that one item of a table is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TableRequest {
    /// `GetItem` with `ConsistentRead`.
    Read {
        /// The table.
        table: TableName,
        /// The item's `LockID`.
        key: LockTableKey,
    },
    /// `PutItem` on condition that there is no such item: `attribute_not_exists(LockID)`.
    Put {
        /// The table.
        table: TableName,
        /// The item's `LockID`.
        key: LockTableKey,
        /// Its `Info`: the lock info.
        info: String,
    },
    /// `DeleteItem`.
    Delete {
        /// The table.
        table: TableName,
        /// The item's `LockID`.
        key: LockTableKey,
        /// When the removal applies.
        condition: ItemCondition,
    },
}

/// A condition that a removal carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemCondition {
    /// `Info = :info`: the item has exactly this text.
    InfoIs(String),
    /// `attribute_exists(LockID) AND NOT attribute_type(Info, :s)`: there is an item, without a text `Info`.
    NoInfo,
}

/// What an applied request returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableSuccess {
    /// The item that was read, if there is one.
    Read(Option<LockItem>),
    /// The item is stored.
    Put,
    /// The item that was meant is gone.
    Deleted,
}

/// An item of a lock table, as far as it is a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockItem {
    /// Its `Info`, if that is a text.
    pub info: Option<String>,
}
