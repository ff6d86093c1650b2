//! Tables: key schema and settings. A lock table is a table like any other, told by its key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Family, RowKey};

/// The key attribute of a lock table.
pub const LOCK_ID_ATTRIBUTE: &str = "LockID";

/// The type of a key attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// One attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub key_type: KeyType,
}

/// What names an item of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    /// The partition key.
    pub hash: KeyAttribute,
    /// The sort key, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// The key of a lock table.
    pub fn lock_table() -> Self {
        let name = LOCK_ID_ATTRIBUTE.to_owned();
        Self { hash: KeyAttribute { name, key_type: KeyType::S }, range: None }
    }

    /// The attributes of the key, the partition key first.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }
}

/// Throughput that a table asks for. It is shown and bounds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// Read units a second.
    pub read: u64,
    /// Write units a second.
    pub write: u64,
}

/// Encryption that a table asks for. It is shown as asked for: see decision 0005.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEncryption {
    /// The key's id as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// A table and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRecord {
    /// When it was created, in microseconds since the Unix epoch.
    pub created_micros: u64,
    /// Names this table among all that have or had its name; in the form of a UUID.
    pub id: String,
    /// The region that its creator named.
    pub region: String,
    /// What names its items.
    pub key: KeySchema,
    /// Provisioned throughput; none means that it is billed by request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Throughput>,
    /// Whether its creator or an update ever named a billing mode.
    #[serde(default)]
    pub billing_mode_named: bool,
    /// Encryption with a key of its own, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<TableEncryption>,
    /// The table class, if named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Whether DeleteTable is refused.
    #[serde(default)]
    pub deletion_protected: bool,
    /// Whether point-in-time recovery was asked for.
    #[serde(default)]
    pub point_in_time_recovery: bool,
    /// The attribute that holds the second at which an item expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_attribute: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl TableRecord {
    /// Whether its items are locks and digests: its key is `LockID`, a string, and nothing else.
    pub fn is_lock_table(&self) -> bool {
        self.key == KeySchema::lock_table()
    }

    pub(crate) fn key(table: &str) -> RowKey {
        RowKey::new(Family::Table).text(table)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Table)
    }
}
