//! A lock that this process holds.

use std::time::Duration;

use statelock_protocol::lock::steps::{
    Acquired, Inspect, Looked, Place, Places, Release, Released, RemoveOutcome,
};
use statelock_protocol::lock::{LockId, LockInfo};

use crate::connection::Connection;
use crate::drive::drive;
use crate::error::Trouble;

/// How long after a release a look tells whether an attempt of ours came late.
const LATE_ATTEMPT_TIME: Duration = Duration::from_secs(2);

/// A lock that is held.
///
/// **Release it.** There is no way to do that when a value is dropped: a handle that is merely dropped,
/// like a process that is killed, leaves its lock to be removed by somebody else. A lock does not
/// end by itself either, however long it is held.
#[derive(Debug)]
#[must_use = "a lock that is not released stays"]
pub struct LockHandle {
    pub(crate) connection: Connection,
    pub(crate) places: Places,
    pub(crate) info: LockInfo,
    pub(crate) acquired: Acquired,
}

/// Whether a lock is still the holder's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands in every place.
    Held,
    /// It is gone, or another's, in at least one place: somebody removed it.
    Lost(Vec<(Place, Looked)>),
    /// The stores could not be asked.
    Unknown(Option<Trouble>),
}

/// What came of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseReport {
    /// Each place, in order.
    pub released: Released,
    /// The last trouble on the way.
    pub trouble: Option<Trouble>,
    /// An attempt to take the lock that had no answer came late, after the release, and was removed too.
    pub removed_late: bool,
}

impl LockHandle {
    /// Its lock ID.
    pub fn id(&self) -> &LockId {
        &self.info.id
    }

    /// Its lock info, as it is stored.
    pub fn info(&self) -> &LockInfo {
        &self.info
    }

    /// Asks whether the lock is still this one. Changes nothing; may be dropped at any time.
    pub async fn standing(&self) -> Standing {
        let (seen, trouble) = drive(&self.connection, &mut Inspect::new(&self.places)).await;
        let is_ours = |looked: &Looked| match looked {
            Looked::Found(lock) => Some(lock.id().as_ref() == Some(self.id())),
            Looked::Absent => Some(false),
            Looked::Refused(_) | Looked::Unknown => None,
        };
        let lost = seen.places.iter().any(|(_, looked)| is_ours(looked) == Some(false));
        if lost {
            return Standing::Lost(seen.places);
        }
        let all = seen.places.iter().all(|(_, looked)| is_ours(looked) == Some(true));
        if all { Standing::Held } else { Standing::Unknown(trouble) }
    }

    /// Gives the lock back: removes it where it still is this one (P4).
    ///
    /// Dropping the future may leave the lock, or a half of it. Call it again then: releasing what is
    /// gone is harmless.
    pub async fn release(&self) -> ReleaseReport {
        let mut report = self.release_once().await;
        if self.acquired.unanswered.is_none() || !report.released.is_gone() {
            return report;
        }
        tokio::time::sleep(LATE_ATTEMPT_TIME).await;
        let again = self.release_by_id().await;
        report.removed_late = again.released.removed_any();
        if !again.released.is_gone() {
            return again;
        }
        report
    }

    async fn release_once(&self) -> ReleaseReport {
        let conditional = self.connection.conditional_delete();
        let mut release = Release::own(&self.acquired, conditional);
        let (released, trouble) = drive(&self.connection, &mut release).await;
        ReleaseReport { released, trouble, removed_late: false }
    }

    async fn release_by_id(&self) -> ReleaseReport {
        let conditional = self.connection.conditional_delete();
        let mut release = Release::by_id(&self.places, self.id(), conditional);
        let (released, trouble) = drive(&self.connection, &mut release).await;
        ReleaseReport { released, trouble, removed_late: false }
    }
}

impl ReleaseReport {
    /// Whether nothing of the lock is left.
    pub fn is_gone(&self) -> bool {
        self.released.is_gone()
    }

    /// Whether it was there until now, in every place.
    pub fn was_held(&self) -> bool {
        let removed = |outcome: &RemoveOutcome| matches!(outcome, RemoveOutcome::Removed { .. });
        self.released.places.iter().all(|(_, outcome)| removed(outcome))
    }
}
