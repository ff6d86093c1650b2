//! What a listing shows.

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::steps::StoredLock;
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{ETag, ObjectKey};

use crate::error::StoreError;

/// A state, a lock, or both.
///
/// Not a snapshot: each part was so at some moment while the listing went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedState {
    /// The object key of the state, whether there is one or not.
    pub key: ObjectKey,
    /// The stored state; `None` for a lock without a state, such as that of a workspace being made.
    pub object: Option<ListedObject>,
    /// The locks, at most one by each of lockfile and lock table, in this order.
    pub locks: Vec<ListedLock>,
    /// Whether the locks are no whole one: two with different lock IDs, or one where both were asked for.
    pub is_half: bool,
}

/// An object as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its tag.
    pub etag: ETag,
    /// When it was written, by the store's clock, in seconds since 1970.
    pub last_modified_unix_seconds: Option<i64>,
}

/// A lock in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLock {
    /// Which place: lockfile or lock table.
    pub facet: Facet,
    /// What is stored there.
    pub content: LockContent,
    /// When it was written there, by the store's clock, in seconds since 1970. Tables do not say it.
    pub written_unix_seconds: Option<i64>,
}

/// What is known of a lock that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockContent {
    /// It was read. Whether it is a lock info is another question.
    Read(StoredLock),
    /// It was not read, because it is larger than any lock info.
    TooLarge {
        /// Its size in bytes.
        size_bytes: u64,
    },
    /// The store did not let us read it.
    Failed(StoreError),
    /// It was not asked for.
    NotAskedFor,
}

impl ListedState {
    /// Whether there is any lock.
    pub fn is_locked(&self) -> bool {
        !self.locks.is_empty()
    }
}

impl ListedLock {
    /// Its lock ID, if it was read and has one.
    pub fn id(&self) -> Option<LockId> {
        self.content.stored().and_then(StoredLock::id)
    }
}

impl LockContent {
    /// The lock as it is stored, if it was read.
    pub fn stored(&self) -> Option<&StoredLock> {
        match self {
            Self::Read(stored) => Some(stored),
            Self::TooLarge { .. } | Self::Failed(_) | Self::NotAskedFor => None,
        }
    }

    /// Whether it is known what is there.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Read(_) | Self::TooLarge { .. } => true,
            Self::Failed(_) | Self::NotAskedFor => false,
        }
    }
}
