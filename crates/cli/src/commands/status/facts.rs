//! Everything that is looked up for `status`.

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{Inspection, LockMode, Looked, StoredLock};
use statelock_client::state::{
    DigestCheck, Discard, ReadError, StateRead, Stored, StoredDigest, Versioning,
};
use statelock_client::{BackendSettings, StateBackend, Trouble};

use super::locks::{Locks, Shape};
use crate::backend::whose;
use crate::commands::force_unlock::now_seconds;
use crate::commands::lock_error::LockVerbError;
use crate::evidence::{self, Observers};

/// What was found out.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) settings: BackendSettings,
    pub(super) named: String,
    pub(super) locks: Locks,
    pub(super) state: Result<(Stored, StoredDigest), ReadError>,
    /// `None` if the store does not say it.
    pub(super) versioning: Option<Versioning>,
    /// A lockfile beside a state that is locked by lock table only.
    pub(super) beside: Option<StoredLock>,
    pub(super) seen: Inspection,
    pub(super) trouble: Option<Trouble>,
}

/// Whether state and digest fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestVerdict {
    /// There is no lock table, it could not be asked, or it has no digest.
    NotCompared,
    Agrees,
    Disagrees,
}

impl Facts {
    /// Looks everything up. Changes nothing.
    pub(super) async fn gather(backend: &StateBackend, named: String) -> Self {
        let settings = backend.settings().clone();
        let (seen, trouble) = backend.inspect().await;
        let beside = match &settings.mode {
            LockMode::LockTable(_) => lockfile(backend).await,
            LockMode::Lockfile | LockMode::Dual(_) => None,
        };
        let state = backend.state();
        let read = state.read(DigestCheck::Ignore, &mut Discard).await;
        let versioning = state.versioning().await.ok();
        let observers = Observers::of_this_process();
        let locks = Locks::of(&seen, now_seconds(), |info| evidence::of(info, &observers));
        Self { settings, named, locks, state: read, versioning, beside, seen, trouble }
    }

    /// Whether it is certain that there is no state.
    pub(super) fn is_without_state(&self) -> bool {
        matches!(&self.state, Ok((Stored::Absent, _)))
    }

    /// Whether the lock table's digest is that of the state.
    pub(super) fn digest(&self) -> DigestVerdict {
        let Ok((stored, digest)) = &self.state else { return DigestVerdict::NotCompared };
        let calculated = stored.state().map(|read: &StateRead| read.digest);
        match digest {
            StoredDigest::NoTable
            | StoredDigest::Absent
            | StoredDigest::Unreadable(_)
            | StoredDigest::Unknown(_) => DigestVerdict::NotCompared,
            StoredDigest::Digest(_) if digest.agrees_with(calculated.as_ref()) => {
                DigestVerdict::Agrees
            }
            StoredDigest::Digest(_) => DigestVerdict::Disagrees,
        }
    }

    /// What the user should know beside what was asked.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let is_known = |id: Option<LockId>| {
            id.is_some() && self.locks.found.iter().any(|found| found.lock.id() == id)
        };
        if let Some(lock) = self.beside.as_ref().filter(|lock| !is_known(lock.id())) {
            warnings.push(format!(
                "there is a lockfile too, though this state is locked by lock table: {}. Only clients with \
                 `use_lockfile` are kept out by it",
                whose(Some(lock))
            ));
        }
        if let (Err(error), None) = (&self.state, self.failure()) {
            warnings.push(format!("the state could not be read: {error}"));
        }
        if self.digest() == DigestVerdict::Disagrees && self.locks.shape() == Shape::Free {
            warnings.push(
                "the lock table has another digest than the state: Terraform refuses to read it"
                    .to_owned(),
            );
        }
        warnings
    }

    /// Why it is not known whether the lock is held.
    pub(super) fn failure(&self) -> Option<LockVerbError> {
        LockVerbError::of_look(&self.seen, self.trouble.as_ref())
    }
}

async fn lockfile(backend: &StateBackend) -> Option<StoredLock> {
    let (seen, _) = backend.in_mode(LockMode::Lockfile).inspect().await;
    seen.places.into_iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) => Some(lock),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })
}
