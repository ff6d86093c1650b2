//! The state itself: reading it whole, writing it under the lock, and its earlier versions.
//!
//! # Reading
//! [`StateObject::read`] makes one request, streams, and never mixes two states: when the connection breaks,
//! it goes on only if the object still has the same ETag, and begins again otherwise. In the modes with a
//! lock table it compares the state's MD5 with the digest there, as Terraform does.
//!
//! # Writing
//! [`StateObject::write`] replaces exactly what was read, or nothing (P6): it needs the lock, asks right
//! before the write whether the lock still stands, and the store checks the ETag (`If-Match`, or
//! `If-None-Match: *`) at the moment of the write. An answer that was lost is resolved by reading back
//! and comparing bytes. Then the digest is written over the one that was read, and read back (P8).
//!
//! # What is not guaranteed
//! A store that accepts `If-Match` and ignores it does not fence, and one request cannot show that. State
//! and digest are two writes: who is killed between them leaves a digest that disagrees, which writing
//! the same bytes again repairs.

mod digest_item;
mod digest_writing;
#[cfg(test)]
mod digest_writing_tests;
mod error;
mod get;
mod header;
mod multipart;
mod put;
mod read;
mod sink;
mod source;
mod top_level;
mod versions;
mod write;

use statelock_protocol::lock::steps::LockMode;
use statelock_protocol::state::LockTableKey;
use statelock_protocol::store::{BucketName, ObjectKey, TableName};

use crate::backend::StateBackend;
use crate::connection::Connection;
use crate::settings::Encryption;

pub use digest_item::StoredDigest;
pub use error::{DigestError, ReadError, SourceError, WriteError};
pub use read::{DigestCheck, StateRead, Stored};
pub use sink::{Discard, StateSink};
pub use source::StateSource;
pub use top_level::{SerialError, with_serial};
pub use versions::{HeaderGlimpse, StateVersion, VersionKind, Versioning, Versions};
pub use write::{Expected, Fencing, Written};

/// The object that holds a state, and the item that holds its digest.
#[derive(Clone, Debug)]
pub struct StateObject {
    connection: Connection,
    bucket: BucketName,
    key: ObjectKey,
    digest_item: Option<(TableName, LockTableKey)>,
}

impl StateBackend {
    /// The state of this backend, to be read and written.
    pub fn state(&self) -> StateObject {
        let settings = self.settings();
        let digest_key = settings.address.lock_table_digest_key();
        let digest_item = match &settings.mode {
            LockMode::Lockfile => None,
            LockMode::LockTable(table) | LockMode::Dual(table) => Some((table.clone(), digest_key)),
        };
        StateObject {
            connection: self.connection().clone(),
            bucket: settings.address.bucket().clone(),
            key: settings.address.object_key(),
            digest_item,
        }
    }
}

impl StateObject {
    /// The same state, written with the KMS key that it is stored with, in as many layers, if the settings leave encryption to the bucket:
    /// the bucket's own choice may be another, and a write must not take the key away unasked.
    #[must_use]
    pub fn encrypted_as(&self, stored: &Stored) -> Self {
        let mut state = self.clone();
        let is_free = self.connection.objects().encryption == Encryption::Bucket;
        if let Some(read) = stored.state().filter(|_| is_free) {
            state.connection = self.connection.encrypting(read.encryption.clone());
        }
        state
    }

    /// The bucket.
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// The key of the object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The lock table and the key of the digest in it, in the modes with a lock table.
    pub fn digest_item(&self) -> Option<(&TableName, &LockTableKey)> {
        self.digest_item.as_ref().map(|(table, key)| (table, key))
    }
}
