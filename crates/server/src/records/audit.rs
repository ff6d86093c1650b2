//! The audit log: one record per effect, each bound to the one before it by a hash.
//!
//! Records are numbered from 1 without gaps. A record's `hash` is the SHA-256, in lower-case
//! hexadecimal, of
//!
//! ```text
//! PREVIOUS_HASH \n CANONICAL_JSON
//! ```
//!
//! where `PREVIOUS_HASH` is the record's `previous_hash` ([`GENESIS_HASH`] in record 1), `\n` is one
//! line feed, and `CANONICAL_JSON` is the stored JSON object without its member `hash`: members sorted
//! by name, no spaces, text as UTF-8 with only `"`, `\` and characters below U+0020 escaped
//! (`\b \f \n \r \t`, else `\u00xx` in lower case). It is computed from what is stored, so that members
//! which a newer version added are covered too.
//!
//! The chain shows a record that was removed, changed or moved. It has no key: whoever can write the
//! database can also compute a new chain, which only a copy of an earlier head, kept elsewhere, shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Family, RowKey, RowKeyParts};
use crate::engine::Protocol;
use crate::storage::StorageError;

/// What stands before the first record.
pub const GENESIS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A lock was taken.
    LockAcquired,
    /// The holder of a lock took it through one more facet.
    LockFacetAdded,
    /// A lock became free.
    LockReleased,
    /// A facet of a lock was released; the lock is still held through another.
    LockPartlyReleased,
    /// A lock was replaced by another, whose sender named the one that stood.
    LockReplaced,
    /// A lock was removed by somebody who does not hold it.
    LockForceUnlocked,
    /// A state snapshot was stored.
    StateWritten,
    /// A state was deleted.
    StateDeleted,
    /// The write guard refused a state write, or would have.
    StateWriteRefused,
    /// An object that is no state was stored.
    ObjectWritten,
    /// An object that is no state was deleted.
    ObjectDeleted,
    /// The tags of an object were changed.
    ObjectTagged,
    /// One version of an object was removed for good.
    VersionDeleted,
    /// A client wrote a digest that is not the stored state's.
    DigestDisagreed,
    /// Permission was given for one write that the write guard would refuse.
    OverwriteAllowed,
    /// That permission was used.
    OverwriteUsed,
    /// A bucket was made.
    BucketCreated,
    /// A bucket's versioning or tags were changed.
    BucketChanged,
    /// A bucket was removed.
    BucketDeleted,
    /// A table was made.
    TableCreated,
    /// A table's settings were changed.
    TableChanged,
    /// A table was removed.
    TableDeleted,
    /// An item of a table was stored that is no lock: a digest that agrees, or anything else.
    ItemWritten,
    /// Such an item was deleted.
    ItemDeleted,
}

/// Through which facet of a lock it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditFacet {
    /// The lockfile in the bucket.
    Lockfile,
    /// The item of a lock table.
    LockTable,
    /// The lock of Terraform's `http` backend.
    Http,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It took effect.
    Done,
    /// It was refused and had no effect.
    Refused,
    /// It was accepted, and what is stored was so already.
    Unchanged,
}

/// One record. A member that is not known is absent. Never a secret, a body or a query string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its place in the log, from 1.
    pub number: u64,
    /// When, in microseconds since the Unix epoch, by the server's clock.
    pub at_micros: u64,
    /// Through which API; absent if the server itself did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// The access key id whose signature or password was right; absent if the server itself did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The other end of the connection: the client's address, or that of a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// What the client calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `Who` of the lock info: a person and a machine, as the client says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// What happened.
    pub action: AuditAction,
    /// The bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The state's or object's key; of a table's item, the item's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The lock ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_id: Option<String>,
    /// The facet of the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet: Option<AuditFacet>,
    /// The serial of the state that was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_before: Option<u64>,
    /// The serial of the state that was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_after: Option<u64>,
    /// The lineage of the state that was offered, or of the one that was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// The version id that was made or removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The hash of the record before this one.
    pub previous_hash: String,
    /// The hash of this record.
    pub hash: String,
}

/// The newest record's number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number; 0 if there is no record.
    pub number: u64,
    /// The hash.
    pub hash: String,
}

impl Default for AuditHead {
    fn default() -> Self {
        Self { number: 0, hash: GENESIS_HASH.to_owned() }
    }
}

impl AuditHead {
    pub(crate) fn key() -> RowKey {
        RowKey::new(Family::AuditHead)
    }
}

impl AuditRecord {
    /// Sets `hash` to what the other members say.
    ///
    /// # Errors
    /// [`StorageError::Failed`] if the record cannot be encoded.
    pub(crate) fn seal(&mut self) -> Result<(), StorageError> {
        let encoded = serde_json::to_vec(self).map_err(|error| encoding(&error))?;
        self.hash = stored_hash(&encoded).map_err(|error| encoding(&error))?;
        Ok(())
    }

    pub(crate) fn key(number: u64) -> RowKey {
        Self::all().bytes(&number.to_be_bytes())
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Audit)
    }

    /// The number that a row's key says.
    pub(crate) fn number_of_row(row: &[u8]) -> Result<u64, StorageError> {
        Ok(u64::from_be_bytes(RowKeyParts::new(row).array()?))
    }
}

/// The hash that a record's stored JSON should carry.
pub(crate) fn stored_hash(encoded: &[u8]) -> Result<String, serde_json::Error> {
    // Sorted here, because a map of the JSON library may keep the order of insertion.
    let mut members: BTreeMap<String, serde_json::Value> = serde_json::from_slice(encoded)?;
    members.remove("hash");
    let previous = members.get("previous_hash").and_then(serde_json::Value::as_str);
    let mut hasher = Sha256::new();
    hasher.update(previous.unwrap_or_default());
    hasher.update(b"\n");
    hasher.update(serde_json::to_vec(&members)?);
    let digest = hasher.finalize();
    Ok(digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap_or_default();
        hex
    }))
}

fn encoding(error: &serde_json::Error) -> StorageError {
    StorageError::Failed(format!("could not encode an audit record: {error}"))
}
