//! One state of a run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use statelock_protocol::lock::steps::LockReply;

use super::party::Party;
use super::store::{Store, Wire};

/// The clients, the store, and what is on its way.
#[derive(Clone, Debug)]
pub struct World {
    /// The clients.
    pub parties: Vec<Shared<Party>>,
    /// The store.
    pub store: Shared<Store>,
    /// Requests that nobody waits for, and that may arrive at any time.
    pub copies: Vec<Shared<Late>>,
    /// How many faults may still happen.
    pub faults_left: u8,
    /// Whether nothing went wrong yet but that requests were delivered twice.
    pub only_doubled: bool,
    /// The last answer, for telling.
    pub last: Option<LockReply>,
}

/// A request that its sender gave up.
#[derive(Clone, Debug, Hash)]
pub struct Late {
    /// Who sent it.
    pub from: usize,
    /// What.
    pub wire: Wire,
    /// Whether its sender had just read the lock that it removes.
    pub has_just_looked: bool,
}

/// A part of a world, which most of the next worlds have in common with it.
#[derive(Clone, Debug)]
pub struct Shared<T> {
    value: Arc<T>,
    fingerprint: OnceLock<u64>,
}

impl<T: Clone + Hash> Shared<T> {
    /// Of this world alone, so far.
    pub fn new(value: T) -> Self {
        Self { value: Arc::new(value), fingerprint: OnceLock::new() }
    }

    /// Changes it in this world alone.
    pub fn change(&mut self) -> &mut T {
        self.fingerprint = OnceLock::new();
        Arc::make_mut(&mut self.value)
    }

    fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| fingerprint(&*self.value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl World {
    /// Two different states have this in common with a likelihood that does not matter: one in a
    /// million for a run of six million states.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut copies: Vec<_> = self.copies.iter().map(Shared::fingerprint).collect();
        copies.sort_unstable();
        let parties: Vec<_> = self.parties.iter().map(Shared::fingerprint).collect();
        let store = self.store.fingerprint();
        let whole = (parties, store, copies, self.faults_left, self.only_doubled);
        fingerprint(&whole).to_be_bytes().to_vec()
    }
}

fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
