//! A lock as it is stored in one place.

use crate::lock::{LockId, LockInfo, LockInfoError};
use crate::store::ETag;

/// What tells one stored value of a lock from any other: what a removal is conditioned on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMark {
    /// The lockfile's tag. Lock infos differ in their ID, so tags made from the bytes differ too.
    ETag(ETag),
    /// The text of the item's `Info`; `None` if it has no such text.
    Info(Option<String>),
}

/// A lock as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredLock {
    /// The exact bytes. They need not be a lock info.
    pub bytes: Vec<u8>,
    /// What a removal is conditioned on.
    pub mark: LockMark,
}

impl StoredLock {
    /// Who holds it.
    ///
    /// # Errors
    /// The bytes are no lock info. The lock holds nevertheless.
    pub fn info(&self) -> Result<LockInfo, LockInfoError> {
        LockInfo::parse(&self.bytes)
    }

    /// Its lock ID, if it can be read.
    pub fn id(&self) -> Option<LockId> {
        self.info().ok().map(|info| info.id)
    }
}
