//! Why a listing is not whole.

use std::fmt;

use crate::error::StoreError;

/// How far a listing has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingProgress {
    /// Pages that the object store has sent.
    pub pages: u64,
    /// Objects on them.
    pub objects: u64,
    /// The last object's key.
    pub last_key: Option<String>,
}

/// Why a listing ended before its end. What was shown before is right; more may be there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", headline(progress))]
pub struct ListingError {
    /// How far it came.
    pub progress: ListingProgress,
    /// Why it ended.
    #[source]
    pub cause: ListingFailure,
}

/// What ended a listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingFailure {
    /// The object store did not list its objects, or not show one that mattered.
    #[error(transparent)]
    Objects(StoreError),
    /// The lock table could not be scanned or read.
    #[error(transparent)]
    Table(StoreError),
    /// The object store lists keys in no order, so that locks cannot be joined with their states.
    #[error("the store listed `{key}` after `{after}`, which is not the order of S3")]
    OutOfOrder {
        /// The key that came too late.
        key: String,
        /// The one before it.
        after: String,
    },
    /// The object store says that there is more, and not how to get it.
    #[error("the store says that there are more objects, and not how to ask for them")]
    NoContinuation,
    /// The object store sent a key that cannot be decoded.
    #[error("the store sent the key `{0}`, which is no URL encoding of UTF-8")]
    Key(String),
}

fn headline(progress: &ListingProgress) -> String {
    if progress.pages == 0 {
        return "nothing could be listed".to_owned();
    }
    format!("the listing is not whole: it ended after {progress}")
}

impl fmt::Display for ListingProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, last_key, .. } = self;
        write!(f, "{objects} {}", if *objects == 1 { "object" } else { "objects" })?;
        match last_key {
            Some(key) => write!(f, ", the last `{}`", key.escape_debug()),
            None => Ok(()),
        }
    }
}
