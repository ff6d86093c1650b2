//! Who holds the locks of a listed state, and whether they live.

use statelock_client::listing::{ListedLock, ListedState, LockContent};
use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::evidence::{Evidence, Life};
use statelock_protocol::lock::unified::Facet;
use tokio::task::JoinError;

use super::now;
use crate::evidence::{self, Observers};

/// A listed state with all that is to be said of it.
pub(super) struct Seen {
    pub(super) state: ListedState,
    /// One for each lock; two places with the same lock ID are one.
    pub(super) holders: Vec<Holder>,
}

/// One lock, in one or two places.
pub(super) struct Holder {
    pub(super) facets: Vec<Facet>,
    pub(super) lock: Known,
    /// How long it has stood, if that is known; 0 if it begins in the future.
    pub(super) age_seconds: Option<u64>,
}

/// Whether it is looked whether holders live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// Yes.
    ForLife,
    /// No.
    Away,
}

/// What is known of a lock.
pub(super) enum Known {
    /// Its lock info, and whether its holder lives, if anybody looked.
    Info(Box<(LockInfo, Option<Evidence>)>),
    /// Why there is no lock info.
    Unreadable(String),
    /// Locks were not asked for.
    NotAskedFor,
}

impl Seen {
    /// Looks at everything about a state. Asking a CI takes up to ten seconds, on a thread of its own.
    pub(super) async fn of(state: ListedState, looks: Looks) -> Result<Self, JoinError> {
        let mut holders: Vec<(Vec<Facet>, &ListedLock)> = Vec::new();
        for lock in &state.locks {
            match holders
                .iter_mut()
                .find(|(_, other)| lock.id().is_some() && other.id() == lock.id())
            {
                Some((facets, _)) => facets.push(lock.facet),
                None => holders.push((vec![lock.facet], lock)),
            }
        }
        let mut seen = Vec::new();
        for (facets, lock) in holders {
            let known = known(&lock.content, looks).await?;
            let age_seconds = age(&known, lock, now());
            seen.push(Holder { facets, lock: known, age_seconds });
        }
        Ok(Self { state, holders: seen })
    }
}

impl Holder {
    /// The lock info, if it can be read.
    pub(super) fn info(&self) -> Option<&LockInfo> {
        match &self.lock {
            Known::Info(known) => Some(&known.0),
            Known::Unreadable(_) | Known::NotAskedFor => None,
        }
    }

    /// Whether its holder lives, if there is anything to judge that by.
    pub(super) fn life(&self) -> Option<&Life> {
        match &self.lock {
            Known::Info(known) => known.1.as_ref().map(|evidence| &evidence.life),
            Known::Unreadable(_) | Known::NotAskedFor => None,
        }
    }
}

async fn known(content: &LockContent, looks: Looks) -> Result<Known, JoinError> {
    let stored = match content {
        LockContent::Read(stored) => stored,
        LockContent::TooLarge { size_bytes } => {
            return Ok(Known::Unreadable(format!("{size_bytes} bytes are no lock info")));
        }
        LockContent::Failed(error) => return Ok(Known::Unreadable(error.to_string())),
        LockContent::NotAskedFor => return Ok(Known::NotAskedFor),
    };
    let info = match stored.info() {
        Ok(info) => info,
        Err(error) => return Ok(Known::Unreadable(error.to_string())),
    };
    if looks == Looks::Away {
        return Ok(Known::Info(Box::new((info, None))));
    }
    // Observers know the time at which they were made.
    let looking = tokio::task::spawn_blocking(move || {
        let evidence = evidence::of(&info, &Observers::of_this_process());
        Known::Info(Box::new((info, Some(evidence))))
    });
    looking.await
}

/// By the holder's clock, else by the store's.
fn age(known: &Known, lock: &ListedLock, now: i64) -> Option<u64> {
    let created = match known {
        // A lock info without a time has the zero of Go, long before there were such locks.
        Known::Info(known) => Some(known.0.created.unix_seconds()).filter(|seconds| *seconds > 0),
        Known::Unreadable(_) | Known::NotAskedFor => None,
    };
    let since = created.or(lock.written_unix_seconds)?;
    Some(u64::try_from(now.saturating_sub(since)).unwrap_or_default())
}
