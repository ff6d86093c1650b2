//! What the rows of the storage port mean: one record type per family, JSON inside.
//!
//! JSON, because operators can read it with any SQLite shell, and because a field that a newer
//! version adds does not keep an older one from reading. Fields are never reused with another
//! meaning; `docs/storage/format.md` lists every family.

mod audit;
mod body;
mod bucket;
mod item;
mod key;
mod lock;
mod number;
mod overwrite;
mod quarantine;
mod state;
mod table;
mod upload;
mod version;

use serde::{Serialize, de::DeserializeOwned};

pub use audit::{AuditAction, AuditFacet, AuditHead, AuditOutcome, AuditRecord, GENESIS_HASH};
pub use body::{BodyId, Chunk, DiscardedBody, Segment, StagedBody};
pub use bucket::{BucketRecord, BucketSettings, Versioning};
pub use item::{AttributeValue, Blob, Item, NotBase64, item_size_bytes};
pub use lock::{HolderRecord, LockRecord};
pub use number::{Number, NumberError};
pub use overwrite::OverwriteRecord;
pub use quarantine::QuarantineRecord;
pub use state::{BodyFacts, BodyKind, ContentFacts, StateFacts};
pub use table::{
    KeyAttribute, KeySchema, KeyType, LOCK_ID_ATTRIBUTE, TableEncryption, TableRecord, Throughput,
};
pub use upload::{CompletedUpload, PartRecord, RefusedCompletion, UploadId, UploadRecord};
pub use version::{
    Checksum, ChecksumAlgorithm, ChecksumKind, Content, Headers, VersionId, VersionRecord,
    WriterRecord,
};

pub(crate) use audit::stored_hash;
pub(crate) use item::items_of;
pub(crate) use key::{Family, RowKey, RowKeyParts};
pub(crate) use lock::HoldRecord;

use crate::storage::{StorageError, Table, Transaction};

/// Reads a record.
pub(crate) fn load<T: DeserializeOwned>(
    transaction: &mut dyn Transaction,
    key: &RowKey,
) -> Result<Option<T>, StorageError> {
    match transaction.get(Table::Records, key.as_slice())? {
        Some(bytes) => decode(key.as_slice(), &bytes).map(Some),
        None => Ok(None),
    }
}

/// Writes a record.
pub(crate) fn store<T: Serialize>(
    transaction: &mut dyn Transaction,
    key: &RowKey,
    record: &T,
) -> Result<(), StorageError> {
    let bytes = serde_json::to_vec(record)
        .map_err(|error| StorageError::Failed(format!("could not encode a record: {error}")))?;
    transaction.put(Table::Records, key.as_slice(), &bytes)
}

/// Removes a record.
pub(crate) fn remove(transaction: &mut dyn Transaction, key: &RowKey) -> Result<(), StorageError> {
    transaction.delete(Table::Records, key.as_slice())
}

/// Reads the bytes of a record that a scan returned.
pub(crate) fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StorageError> {
    serde_json::from_slice(bytes).map_err(|error| {
        StorageError::Corrupt(format!("record `{}` does not parse: {error}", key.escape_ascii()))
    })
}
