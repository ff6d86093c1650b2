//! The write guard: whether a write may replace a state, asked in the transaction that writes.
//!
//! The rules are pure and stand in `decision/guard.rs`. Here they get what they ask for: facts of the
//! stored and the offered bytes, the lock that stands, what is known of the sender. A refused body is
//! kept, and a refusal is an audit record, both in the transaction that refuses.

mod judging;
mod overwrite;
mod policy;
mod quarantine;
mod reading;
mod refusal;
mod stored;

use statelock_protocol::lock::LockId;

pub(super) use judging::{Asked, Guard, Judged, is_repeated};
pub use overwrite::AllowOverwrite;
pub use policy::{GuardMode, GuardPolicy};
pub(super) use quarantine::{Kept, by_id as quarantined_by_id, keep, remove as remove_quarantined};
pub(super) use reading::BodyReading;
pub use refusal::{RefusedWrite, RefusedWriteKind};
pub(super) use stored::{facts_of, state_digest};

use crate::storage::{StorageError, Transaction};

/// What a write says about the lock that its sender holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteClaim {
    /// The protocol has no word for it: S3.
    Unnamed,
    /// What `?ID=` of an `http` backend's request says; `None` without that parameter.
    Http(Option<LockId>),
}

/// Removes refused bodies and permissions of a bucket that goes away.
pub(super) fn remove_bucket(
    transaction: &mut dyn Transaction,
    bucket: &str,
    now_micros: u64,
) -> Result<(), StorageError> {
    quarantine::remove_bucket(transaction, bucket, now_micros)?;
    overwrite::remove_bucket(transaction, bucket)
}
