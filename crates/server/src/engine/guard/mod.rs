//! The write guard: whether a write may replace a state, asked in the transaction that writes.

mod policy;
mod reading;
mod stored;

use statelock_protocol::lock::LockId;

pub use policy::{GuardMode, GuardPolicy};
pub(super) use reading::HeaderReading;
#[expect(unused_imports, reason = "digest items of lock tables are computed from it")]
pub(super) use stored::state_digest;

/// What a write says about the lock that its sender holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteClaim {
    /// The protocol has no word for it: S3.
    Unnamed,
    /// What `?ID=` of an `http` backend's request says; `None` without that parameter.
    Http(Option<LockId>),
}
