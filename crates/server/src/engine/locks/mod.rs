//! Locks on states: one record per state behind every protocol, decided by the pure machine in
//! `statelock_protocol::lock::unified`.
//!
//! The record is the truth. The object `<key>.tflock` is kept beside it in the same transaction, so
//! that every S3 read shows the lock whoever took it; items of lock tables are made from the record
//! when they are read.

mod giving;
mod lockfile;
mod meeting;
mod requests;
mod rows;
mod settling;
mod showing;
mod sightings;
mod taking;
mod transaction;
mod turns;
mod undoing;
mod waiting;

use std::fmt;

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::state::{names_a_state, state_key_of_lockfile};
use statelock_protocol::store::ObjectKey;

pub(super) use giving::{Giving, give_back};
pub(super) use lockfile::{lock_id_text, not_released};
pub use requests::{ReleaseLock, TakeLock};
pub(super) use rows::{Loaded, held_locks, load, shows, standing};
pub use showing::LockfileView;
pub(super) use showing::shown_hold;
pub(super) use sightings::{SightingKind, Sightings};
pub(super) use taking::{Taking, id_of, take};
pub(super) use transaction::LockTransaction;
pub use waiting::WaitingLimits;
pub(super) use waiting::{Turn, Waiting};

use crate::records::AuditFacet;

/// Which state a lock is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockedState {
    /// Its bucket. A lock table may lock states whose bucket is elsewhere.
    pub bucket: String,
    /// The key of the state object.
    pub key: String,
}

impl LockedState {
    /// This state, if a state can be stored under the key.
    ///
    /// What ends in `/` is none: the object `a/.tflock` is no lockfile but anybody's, and a lock on `a/`
    /// would store and remove it.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Option<Self> {
        let (bucket, key) = (bucket.into(), key.into());
        names_a_state(&ObjectKey::new(key.as_str())).then_some(Self { bucket, key })
    }

    /// The state that this object locks, if it is a lockfile.
    pub fn of_lockfile(bucket: &str, key: &str) -> Option<Self> {
        let state_key = state_key_of_lockfile(&ObjectKey::new(key))?;
        Some(Self { bucket: bucket.to_owned(), key: state_key.as_str().to_owned() })
    }

    fn lockfile_key(&self) -> String {
        let key = statelock_protocol::state::lockfile_key_of(&ObjectKey::new(self.key.as_str()));
        key.as_str().to_owned()
    }
}

impl fmt::Display for LockedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl From<Facet> for AuditFacet {
    fn from(facet: Facet) -> Self {
        match facet {
            Facet::Lockfile => Self::Lockfile,
            Facet::LockTable => Self::LockTable,
            Facet::Http => Self::Http,
        }
    }
}
