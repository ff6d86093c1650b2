//! What a probe found out.

use std::time::Duration;

use super::cleaning::Cleaned;
use super::operation::Operation;
use super::seating::EndpointReport;
use super::verdict::Finding;
use crate::state::Versioning;

/// What a probe found out.
#[derive(Clone, Debug)]
pub struct ProbeReport {
    /// When it began, by our clock, in seconds since 1970.
    pub began_unix_seconds: i64,
    /// How long it took.
    pub took: Duration,
    /// The endpoints, and how each was reached.
    pub endpoints: Vec<EndpointReport>,
    /// Whether the bucket keeps versions; `None` if it does not say, or not the same at all [`Self::places`].
    pub versioning: Option<Versioning>,
    /// What each endpoint, and each of its addresses, says of itself.
    pub places: Vec<PlaceReport>,
    /// The region, where the store says it.
    pub region: Option<String>,
    /// How far the store's clock is ahead of ours, in seconds, if it says its time: where it is the most off.
    pub clock_ahead_seconds: Option<i64>,
    /// What was found, in the order of [`Operation::ALL`].
    pub findings: Vec<Finding>,
    /// What does not apply here.
    pub skipped: Vec<Skipped>,
    /// Requests that the checks sent.
    pub requests: u64,
    /// What was removed at the end, and what is left.
    pub cleaned: Cleaned,
    /// The same of earlier probes that were killed; `None` if they could not be looked for.
    pub earlier: Option<Cleaned>,
    /// The prefixes of others that may still run, and were left alone.
    pub young: Vec<String>,
    /// Whether it ended before its end.
    pub interrupted: Option<Interrupted>,
}

/// An endpoint, or one address of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceReport {
    /// Its URL as it was named, with the address if that is a name.
    pub name: String,
    /// Whether the bucket keeps versions there; `None` if it does not say.
    pub versioning: Option<Versioning>,
}

/// Something that was not tried because it cannot be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What.
    pub operation: Operation,
    /// Why.
    pub because: &'static str,
}

/// Why a probe ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// It was told to stop.
    Stopped,
    /// Its time was over, or its requests used up.
    LimitReached,
}
