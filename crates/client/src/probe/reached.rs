//! The bucket as each endpoint and each address shows it: they may be nodes that do not share what they store, or that
//! are set up in another way.

use std::collections::BTreeSet;

use statelock_protocol::store::BucketName;

use super::addresses::PinnedResolver;
use super::cleaning::Place;
use super::error::ProbeError;
use super::seat::Seat;
use super::seating::Endpoint;
use crate::bucket::{Access, Bucket, Presence, Setting};
use crate::connection::http_client;
use crate::error::{ConnectError, StoreError};
use crate::state::Versioning;

/// A place, and what it says of itself.
#[derive(Debug)]
pub(super) struct Reached {
    /// For people.
    pub(super) name: String,
    pub(super) bucket: Bucket,
    pub(super) presence: Presence,
    /// Whether the bucket keeps versions there, if that is known.
    pub(super) versioning: Option<Versioning>,
    is_further: bool,
}

impl Reached {
    /// Where it is cleaned.
    pub(super) fn place(&self) -> Place {
        let keeps_versions = self.versioning.map(|versioning| versioning != Versioning::Off);
        Place { bucket: self.bucket.clone(), keeps_versions, is_further: self.is_further }
    }
}

/// Asks at each endpoint, and at each address that writers speak to, for the bucket. Of a store that is named by no
/// endpoint, whose addresses are many and one store, one is asked.
///
/// # Errors
/// The bucket is not there, is in another region, or nothing answers.
pub(super) async fn reached(
    endpoints: &[Endpoint],
    seats: &[Seat],
    bucket: &BucketName,
) -> Result<Vec<Reached>, ProbeError> {
    let mut known = BTreeSet::new();
    let mut begun = BTreeSet::new();
    let mut all = Vec::new();
    for seat in seats {
        let Some(endpoint) = endpoints.get(seat.endpoint) else { continue };
        let is_further = !begun.insert(seat.endpoint);
        let is_one_store = !endpoint.connection.is_at_endpoint() && endpoint.given.is_empty();
        let is_new = known.insert((seat.endpoint, seat.address()));
        if is_new && !(is_further && is_one_store) {
            let is_alone = endpoints.len() == 1 && seat.addresses() <= 1;
            let one = at(endpoint, seat, (bucket, is_further)).await;
            all.push(one.map_err(|cause| placed(cause, &seat.place(), is_alone))?);
        }
    }
    if all.is_empty() { Err(no_endpoint()) } else { Ok(all) }
}

async fn at(
    endpoint: &Endpoint,
    seat: &Seat,
    (bucket, is_further): (&BucketName, bool),
) -> Result<Reached, ProbeError> {
    let resolver = PinnedResolver::new(seat.number(), endpoint.given.clone());
    let http_client = http_client::resolving(&endpoint.stores, Some(resolver.shared()))?;
    let bucket = Bucket::new(endpoint.connection.through(&http_client), bucket.clone());
    let name = seat.place();
    let presence = presence(&bucket).await?;
    let versioning = versioning(&bucket).await;
    Ok(Reached { name, bucket, presence, versioning, is_further })
}

/// An error, with the place where it is one if there are others.
fn placed(cause: ProbeError, place: &str, is_alone: bool) -> ProbeError {
    if is_alone {
        return cause;
    }
    ProbeError::At { place: place.to_owned(), cause: Box::new(cause) }
}

fn no_endpoint() -> ProbeError {
    let problem = "there is no endpoint".to_owned();
    ProbeError::Connect(ConnectError::Setting { setting: "endpoint", problem })
}

/// The bucket is there. Whether it may be listed does not matter yet.
async fn presence(bucket: &Bucket) -> Result<Presence, ProbeError> {
    let presence = bucket.presence().await.map_err(|error| match error {
        StoreError::Unknown(trouble) => ProbeError::Unreachable(Box::new(trouble)),
        StoreError::Refused { .. } => ProbeError::Store(Box::new(error)),
    })?;
    match &presence.access {
        Access::Granted | Access::Denied(_) => Ok(presence),
        Access::Elsewhere(trouble) => Err(ProbeError::Elsewhere(Box::new(trouble.clone()))),
    }
}

/// Whether the bucket keeps versions, if that is known.
async fn versioning(bucket: &Bucket) -> Option<Versioning> {
    match bucket.versioning().await {
        Ok(Setting::Set { value, .. }) => Some(value.versioning),
        Ok(Setting::NotSet | Setting::Unsupported(_)) => Some(Versioning::Off),
        Ok(Setting::NotPermitted(_)) | Err(_) => None,
    }
}

/// Refuses a bucket in which what is written could not be removed, at any of the places. Who may not ask for that
/// goes on.
///
/// # Errors
/// [`ProbeError::Retained`]
pub(super) async fn refuse_retention(all: &[Reached]) -> Result<(), ProbeError> {
    for Reached { bucket, name, .. } in all {
        let said = bucket.object_lock().await.ok();
        let lock = said.as_ref().and_then(Setting::value);
        if let Some(retention) = lock.and_then(|lock| lock.default_retention.clone()) {
            let cause = ProbeError::Retained { bucket: bucket.name().clone(), retention };
            return Err(placed(cause, name, all.len() == 1));
        }
    }
    Ok(())
}

/// What all places say of versions, or nothing if they do not agree.
pub(super) fn agreed(all: &[Reached]) -> Option<Versioning> {
    let first = all.first()?.versioning;
    if all.iter().all(|one| one.versioning == first) { first } else { None }
}

/// Whether there may be delete markers: where that may not be asked too. In a bucket without them the same requests
/// are good as well.
pub(super) fn may_keep_versions(all: &[Reached]) -> bool {
    let may = |versioning| match versioning {
        Some(Versioning::Enabled | Versioning::Suspended) | None => true,
        Some(Versioning::Off) => false,
    };
    all.iter().any(|one| may(one.versioning))
}

/// The clock that is the most seconds off.
pub(super) fn clock_ahead_seconds(all: &[Reached]) -> Option<i64> {
    let clocks = all.iter().filter_map(|one| one.presence.clock_ahead_seconds);
    clocks.max_by_key(|ahead| ahead.unsigned_abs())
}
