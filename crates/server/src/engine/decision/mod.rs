//! Pure decisions: (what is stored, what is asked, now) to (effects, answer).
//!
//! These are S3's rules for objects. Lockfiles (`*.tflock`) are locks: see `engine/locks`.

mod delete;
mod guard;
mod write;

#[cfg(test)]
mod fixture;

use statelock_protocol::store::ETag;

use crate::engine::EngineError;
use crate::records::{BucketRecord, Content, VersionRecord};

pub use delete::DeleteCondition;
pub(crate) use delete::{Delete, check as check_delete, decide_delete};
pub(crate) use guard::{
    GuardQuestion, GuardRefusal, GuardVerdict, NotHolder, Offered, StandingLock, decide_guard,
};
pub(crate) use write::{Write, check as check_write, decide_write};

/// What is stored about one key when a request on it is decided.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) bucket: BucketRecord,
    /// The newest version, which may be a delete marker.
    pub(crate) newest: Option<VersionRecord>,
    /// The version `null`, looked up only where a write may replace it.
    pub(crate) null: Option<VersionRecord>,
}

impl Stored {
    /// The newest version if it is an object.
    pub(crate) fn current(&self) -> Option<&VersionRecord> {
        self.newest.as_ref().filter(|version| version.content.is_some())
    }

    /// The place of the next version: after everything stored, whatever the clock says.
    fn next_sequence(&self, now_micros: u64) -> u64 {
        let after = self.newest.as_ref().map_or(0, |newest| newest.sequence.saturating_add(1));
        after.max(now_micros)
    }
}

/// `If-Match: <etag>` against what is there.
fn match_etag(expected: &ETag, content: &Content) -> Result<(), EngineError> {
    if expected.as_str() == content.etag {
        Ok(())
    } else {
        Err(EngineError::PreconditionFailed("If-Match"))
    }
}

/// A change to what is stored about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Adds a version.
    Insert(VersionRecord),
    /// Removes a version and discards its body.
    Remove(VersionRecord),
}

/// A decision: what to change, all or nothing, and what to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision<A> {
    pub(crate) effects: Vec<Effect>,
    pub(crate) answer: A,
}
