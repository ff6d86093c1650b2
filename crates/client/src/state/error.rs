//! Why a state was not read or not written.

use std::fmt;
use std::io;

use statelock_protocol::lock::steps::{Looked, Place};
use statelock_protocol::state::{Digest, StateReadError};
use statelock_protocol::store::ETag;

use super::digest_item::StoredDigest;
use super::read::Stored;
use super::write::Written;
use crate::error::{StoreError, Trouble};

/// Why a state was not read. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store did not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock table has the digest of something else, and that did not change for some seconds.
    #[error(
        "the lock table has the digest {stored}, but the state that is stored has {}",
        Calculated(calculated.as_ref())
    )]
    DigestMismatch {
        /// What the lock table says.
        stored: Digest,
        /// What was calculated; `None` if there is no state.
        calculated: Option<Digest>,
    },
    /// The state was replaced during each of several readings.
    #[error("the state was replaced again and again while it was read")]
    Changing,
    /// There is no such version of the object.
    #[error("there is no version `{0}` of the state")]
    NoSuchVersion(String),
    /// This version is a delete marker: it says that the object was deleted.
    #[error("version `{0}` is a delete marker, which has no content")]
    DeleteMarker(String),
    /// The sink did not take the bytes.
    #[error("could not keep the bytes of the state")]
    Sink(#[source] io::Error),
}

struct Calculated<'a>(Option<&'a Digest>);

impl fmt::Display for Calculated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(digest) => digest.fmt(f),
            None => f.write_str("none: there is no state"),
        }
    }
}

/// Why bytes cannot be written as a state. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// They could not be read.
    #[error("could not read the bytes")]
    Io(#[from] io::Error),
    /// They are no state.
    #[error(transparent)]
    Header(#[from] StateReadError),
    /// They are not what they were when they were looked at first.
    #[error("the file changed while it was read")]
    Changed,
}

/// Why a digest was not written, as far as is known. One that was sent and not answered may still be written, but only
/// in the place of what was read before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The lock is not ours any more.
    #[error("the lock was lost before it was written")]
    LockLost(Vec<(Place, Looked)>),
    /// Whether the lock is still ours could not be found out.
    #[error("could not find out whether the lock still stands{}", because(trouble.as_ref()))]
    LockUnknown {
        /// What went wrong.
        trouble: Option<Trouble>,
    },
    /// The table refuses, or does not answer.
    #[error("{0}")]
    Table(Trouble),
    /// The table says something else each time.
    #[error("the lock table has {}", Found(_0))]
    Another(StoredDigest),
}

struct Found<'a>(&'a StoredDigest);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StoredDigest::Digest(digest) => write!(f, "the digest {digest}"),
            StoredDigest::Unreadable(text) => write!(f, "`{text}`, which is no digest"),
            StoredDigest::Absent | StoredDigest::NoTable | StoredDigest::Unknown(_) => {
                f.write_str("none")
            }
        }
    }
}

/// Why a state was not written, or not completely.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The lock is not ours any more. Nothing was written.
    #[error("the lock was lost before the write")]
    LockLost(Vec<(Place, Looked)>),
    /// Whether the lock is still ours could not be found out. Nothing was written.
    #[error("could not find out whether the lock still stands{}", because(trouble.as_ref()))]
    LockUnknown {
        /// What went wrong.
        trouble: Option<Trouble>,
    },
    /// Something else is stored than what was to be replaced. Nothing was written.
    #[error("something else is stored than what was read before")]
    Conflict {
        /// What is stored now; `None` if that could not be read.
        stored: Option<Box<Stored>>,
    },
    /// The store's own judgement of the write. Nothing was written.
    #[error("{}", trouble.message)]
    Guarded {
        /// What it said.
        trouble: Trouble,
    },
    /// The store does not do conditional writes. Nothing was written.
    #[error("the store does not do conditional writes: {trouble}")]
    Unsupported {
        /// What it said.
        trouble: Trouble,
    },
    /// The store refused for another reason. Nothing was written.
    #[error(transparent)]
    Refused(StoreError),
    /// Whether it was written is not known: answers were lost. It may still be written later, but only in the
    /// place of what was to be replaced.
    #[error("whether the state was written is not known: {trouble}")]
    Unknown {
        /// The last trouble.
        trouble: Trouble,
    },
    /// The bytes to be written could not be had. Nothing was written.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The state was written, and its digest was not: readers that use the lock table will refuse the state.
    #[error("the state was written, but not its digest {digest}: {error}")]
    Digest {
        /// What was written.
        written: Box<Written>,
        /// What the lock table should say.
        digest: Digest,
        /// Why it does not.
        error: DigestError,
    },
}

fn because(trouble: Option<&Trouble>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

impl WriteError {
    /// The ETag of what is stored instead, as far as that is known.
    pub fn stored_etag(&self) -> Option<&ETag> {
        match self {
            Self::Conflict { stored: Some(stored) } => stored.etag(),
            Self::Conflict { stored: None }
            | Self::LockLost(_)
            | Self::LockUnknown { .. }
            | Self::Guarded { .. }
            | Self::Unsupported { .. }
            | Self::Refused(_)
            | Self::Unknown { .. }
            | Self::Source(_)
            | Self::Digest { .. } => None,
        }
    }
}
