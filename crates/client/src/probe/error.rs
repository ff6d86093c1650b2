//! Why a probe did not begin. What a store does badly is no error, it is a finding.

use statelock_protocol::store::{BucketName, TableName};

use super::cleaning::Cleaned;
use crate::bucket::Retention;
use crate::error::{ConnectError, StoreError, Trouble};

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No connection could be prepared.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The operating system has no random bytes for a name.
    #[error("no random bytes for a name")]
    NoName(#[source] std::io::Error),
    /// An endpoint does not answer.
    #[error("{0}")]
    Unreachable(Box<Trouble>),
    /// The bucket is in another region than the one that was asked.
    #[error("{0}")]
    Elsewhere(Box<Trouble>),
    /// These credentials may not write there.
    #[error("{0}")]
    NotPermitted(Box<Trouble>),
    /// The bucket keeps every version for a time (Object Lock): what a probe writes could not be removed.
    #[error(
        "the bucket `{bucket}` keeps every version for {} days (Object Lock, {}), so that nothing that is written could be \
         removed before",
        .retention.days, .retention.mode
    )]
    Retained {
        /// Its name.
        bucket: BucketName,
        /// For how long.
        retention: Retention,
    },
    /// The key of the lock table is not that of one: no client can lock there.
    #[error(
        "the table `{table}` has the key {key}, and a lock table needs `LockID` (S partition key) alone"
    )]
    WrongTableKey {
        /// Its name.
        table: TableName,
        /// Its key, in words.
        key: String,
    },
    /// The table refuses the key of a lock table, and does not say which one it has.
    #[error(
        "the table `{table}` does not take the key of a lock table, `LockID` (S partition key): {trouble}"
    )]
    RefusedTableKey {
        /// Its name.
        table: TableName,
        /// What it says.
        trouble: Box<Trouble>,
    },
    /// The store takes no object at all as it was sent, in no form of a body: of conditions that says nothing.
    #[error("the store takes no object that is sent so: {0}")]
    NothingTaken(Box<Trouble>),
    /// The store takes no object without a condition: a policy of the bucket may ask for one.
    #[error("{0}; with `If-None-Match: *` it is permitted")]
    OnlyOnCondition(Box<Trouble>),
    /// One of the others, at one of several endpoints or addresses.
    #[error("at {place}: {cause}")]
    At {
        /// Its URL as it was named, with the address if that is a name.
        place: String,
        /// What.
        cause: Box<Self>,
    },
    /// One of the others, and something that was written before could not be removed.
    #[error("{cause}")]
    Left {
        /// Which.
        cause: Box<Self>,
        /// What is left.
        cleaned: Box<Cleaned>,
    },
    /// There is no such bucket or table, or the store does not answer as one.
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
}
