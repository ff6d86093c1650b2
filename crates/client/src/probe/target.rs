//! What is probed, and how it is reached.

use statelock_protocol::lock::LockId;
use statelock_protocol::store::{BucketName, TableName};

use super::addresses::GivenAddresses;
use super::cleaning::Cleaned;
use super::earlier;
use super::error::ProbeError;
use super::limits::StopFlag;
use super::plan::{Plan, ProbeLimits};
use super::progress::{ProbeProgress, ProbeStep};
use super::reached::{self, Reached};
use super::seating::{self, Endpoint};
use crate::connection::Connection;
use crate::error::StoreError;
use crate::settings::{ObjectSettings, StoreSettings};
use crate::system;

/// A bucket, perhaps a lock table, and their endpoints.
#[derive(Clone, Debug)]
pub struct ProbeTarget {
    /// The bucket.
    pub bucket: BucketName,
    /// Below which keys it may write; empty for the whole bucket.
    pub prefix: String,
    /// The lock table, if there is one to be tried.
    pub table: Option<TableName>,
    /// How the stores are reached: one for each endpoint, and at least one.
    pub stores: Vec<StoreSettings>,
    /// Addresses of host names of these endpoints, where they are not to be looked up.
    pub addresses: GivenAddresses,
    /// What is sent along with each object.
    pub objects: ObjectSettings,
    /// Whether it may write where versions cannot be removed for a time (Object Lock).
    pub allows_retention: bool,
}

/// A probe that has a name, and has sent nothing to the store yet.
#[derive(Debug)]
pub struct Probe {
    pub(super) target: ProbeTarget,
    pub(super) plan: Plan,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) id: LockId,
    pub(super) stop: StopFlag,
    pub(super) progress: ProbeProgress,
}

impl Probe {
    /// Looks up credentials, and prepares connections. Nothing is sent to the stores.
    ///
    /// # Errors
    /// [`ProbeError::Connect`], [`ProbeError::NoName`]
    pub async fn prepare(target: ProbeTarget, limits: ProbeLimits) -> Result<Self, ProbeError> {
        let mut endpoints = Vec::new();
        for stores in &target.stores {
            let connection = Box::pin(Connection::open(stores, &target.objects)).await?;
            let (stores, given) = (stores.clone(), target.addresses.clone());
            endpoints.push(Endpoint { connection, stores, given });
        }
        let id = system::new_lock_id().map_err(ProbeError::NoName)?;
        let plan = Plan::new(limits, target.table.is_some());
        let (stop, progress) = Default::default();
        Ok(Self { target, plan, endpoints, id, stop, progress })
    }

    /// What it will do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its name.
    pub fn id(&self) -> &LockId {
        &self.id
    }

    /// What the keys begin with that it writes. LockIDs have the bucket before that.
    pub fn base(&self) -> String {
        format!("{}{}/", earlier::directory(&self.target.prefix), self.id)
    }

    /// What the keys of all probes of this prefix begin with.
    pub fn directory(&self) -> String {
        earlier::directory(&self.target.prefix)
    }

    /// What it probes.
    pub fn target(&self) -> &ProbeTarget {
        &self.target
    }

    /// By this it can be told to stop while it runs.
    pub fn stop_flag(&self) -> StopFlag {
        self.stop.clone()
    }

    /// By this it can be seen how far it is while it runs.
    pub fn progress(&self) -> &ProbeProgress {
        &self.progress
    }

    /// Where S3 is at each endpoint, as it is named in the settings or in the environment, without a user in it;
    /// `None` for the one that the SDK knows.
    pub fn urls(&self) -> impl Iterator<Item = Option<String>> {
        self.endpoints.iter().map(Endpoint::url)
    }

    /// Removes what earlier probes of this prefix left; with `all` also of those that may still run.
    ///
    /// # Errors
    /// The store does not list them, or does not answer.
    pub async fn clean(&self, all: bool) -> Result<Cleaned, ProbeError> {
        // Each writer finds another address of a name.
        let seats = seating::seats(&self.endpoints, self.plan.limits.writers)?;
        let seating = seating::seated(&self.endpoints, seats, &self.target.bucket);
        let (seats, _) = Box::pin(seating).await?;
        let asked = reached::reached(&self.endpoints, &seats, &self.target.bucket);
        let reached = Box::pin(asked).await?;
        self.progress.set(ProbeStep::RemovingEarlier);
        let ahead = reached::clock_ahead_seconds(&reached).unwrap_or(0);
        let now = system::now().unix_seconds().saturating_add(ahead);
        let directory = earlier::directory(&self.target.prefix);
        let places: Vec<_> = reached.iter().map(Reached::place).collect();
        let cleaned = Box::pin(earlier::remove(&places, &directory, (all, now))).await;
        cleaned
            .map(|earlier| earlier.cleaned)
            .map_err(|error: StoreError| ProbeError::Store(Box::new(error)))
    }
}
