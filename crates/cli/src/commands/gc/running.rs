//! Lists, and removes meanwhile: bounded in what is on its way and in what is remembered.

use std::future::Future;
use std::pin::Pin;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use statelock_client::StoreError;
use statelock_client::bucket::{
    Bucket, ObjectVersion, ObjectVersions, RefusedRemoval, Removal, RemovalWay, VersionListingError,
};
use statelock_client::listing::ListingScope;
use statelock_protocol::state::{lockfile_key_of, state_key_of_lockfile};

use super::sweep::{Candidate, Sweep};
use crate::backend::{StopSignal, StopSignals};
use crate::output;

/// Requests that remove at once.
const REQUESTS_MAX: usize = 4;
/// Refusals that are named one by one.
const NAMED_MAX: usize = 20;

/// Why it ended before its end.
#[derive(Debug)]
pub(super) enum Stopped {
    Listing(VersionListingError),
    Removing(StoreError),
    /// Nothing could be removed: the credentials may not.
    Denied(Box<RefusedRemoval>),
    Signal(StopSignal),
}

/// How far it came.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) sweep: Sweep,
    /// The last key that was listed.
    pub(super) last_key: Option<String>,
    /// Versions that were listed, those of other objects too.
    pub(super) listed: u64,
    /// Versions that Object Lock keeps.
    pub(super) kept_by_object_lock: u64,
    /// Versions that the store refused to remove for another reason.
    pub(super) refused: u64,
    /// The first of both.
    pub(super) named: Vec<RefusedRemoval>,
    pub(super) stopped: Option<Stopped>,
}

type InFlight<'a> = FuturesUnordered<
    Pin<Box<dyn Future<Output = (Vec<Candidate>, Result<Removal, StoreError>)> + 'a>>,
>;

/// A part of a bucket: what keys start with, and which of them are meant.
struct Part {
    prefix: String,
    is_one_key: bool,
}

struct Run<'a> {
    bucket: &'a Bucket,
    scope: &'a ListingScope,
    in_flight: InFlight<'a>,
    way: RemovalWay,
    outcome: Outcome,
}

/// Goes through the versions of all lockfiles of `scope`.
pub(super) async fn run(
    bucket: &Bucket,
    scope: &ListingScope,
    sweep: Sweep,
    stops: &mut StopSignals,
) -> Outcome {
    let outcome = Outcome {
        sweep,
        last_key: None,
        listed: 0,
        kept_by_object_lock: 0,
        refused: 0,
        named: Vec::new(),
        stopped: None,
    };
    let in_flight = FuturesUnordered::new();
    let mut run = Run { bucket, scope, in_flight, way: RemovalWay::default(), outcome };
    for part in parts(scope) {
        let mut versions = bucket.object_versions(part.prefix.clone());
        run.list(&part, &mut versions, stops).await;
    }
    run.finish(stops).await;
    run.outcome
}

fn parts(scope: &ListingScope) -> Vec<Part> {
    let apart = scope
        .apart()
        .map(|key| Part { prefix: lockfile_key_of(&key).as_str().to_owned(), is_one_key: true });
    let all = Part { prefix: scope.listed_prefix(), is_one_key: false };
    apart.into_iter().chain([all]).collect()
}

impl Run<'_> {
    async fn list(
        &mut self,
        part: &Part,
        versions: &mut ObjectVersions<'_>,
        stops: &mut StopSignals,
    ) {
        while self.outcome.stopped.is_none() {
            self.send(false);
            let has_room = self.in_flight.len() < REQUESTS_MAX;
            tokio::select! {
                biased;
                signal = stops.next() => self.stop(Stopped::Signal(signal)),
                Some((batch, done)) = self.in_flight.next() => self.done(&batch, done),
                page = versions.next_page(), if has_room => match page {
                    Ok(Some(page)) => self.take(part, page),
                    Ok(None) => {
                        self.outcome.sweep.end_key();
                        return;
                    }
                    Err(error) => self.stop(Stopped::Listing(error)),
                },
            }
        }
    }

    /// Sends what is left, unless something stopped it; then only waits for what is on its way.
    async fn finish(&mut self, stops: &mut StopSignals) {
        loop {
            if self.outcome.stopped.is_none() {
                self.send(true);
            }
            if self.in_flight.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                signal = stops.next() => {
                    if matches!(self.outcome.stopped, Some(Stopped::Signal(_))) {
                        output::warning("stopped again: what is on its way may still be removed");
                        return;
                    }
                    self.stop(Stopped::Signal(signal));
                }
                Some((batch, done)) = self.in_flight.next() => self.done(&batch, done),
            }
        }
    }

    fn stop(&mut self, why: Stopped) {
        if let Stopped::Signal(signal) = &why
            && !self.in_flight.is_empty()
        {
            output::note(&format!(
                "{signal}: waiting for what is on its way; again to end at once"
            ));
        }
        self.outcome.stopped.get_or_insert(why);
    }

    fn take(&mut self, part: &Part, page: Vec<ObjectVersion>) {
        for version in page {
            self.outcome.listed += 1;
            let is_meant = state_key_of_lockfile(&version.key).is_some_and(|state| {
                self.scope.contains(state.as_str())
                    && (!part.is_one_key || version.key.as_str() == part.prefix)
            });
            if self.outcome.last_key.as_deref() != Some(version.key.as_str()) {
                self.outcome.last_key = Some(version.key.as_str().to_owned());
            }
            if is_meant {
                self.outcome.sweep.take(version);
            }
        }
    }

    fn send(&mut self, flush: bool) {
        while self.in_flight.len() < REQUESTS_MAX
            && let Some(batch) = self.outcome.sweep.next_batch(flush)
        {
            let (bucket, way) = (self.bucket, self.way);
            self.in_flight.push(Box::pin(async move {
                let names: Vec<_> = batch.iter().map(|one| one.name.clone()).collect();
                let done = bucket.remove_versions(&names, way).await;
                (batch, done)
            }));
        }
    }

    fn done(&mut self, batch: &[Candidate], done: Result<Removal, StoreError>) {
        let Removal { refused, way } = match done {
            Ok(removal) => removal,
            // Nothing of it counts as removed; what was, is found gone the next time.
            Err(error) => return self.stop(Stopped::Removing(error)),
        };
        self.way = way;
        self.outcome.sweep.done(batch, &refused);
        let (by_lock, others): (Vec<_>, Vec<_>) =
            refused.iter().partition(|one| one.is_kept_by_object_lock());
        self.outcome.kept_by_object_lock += count(by_lock.len());
        self.outcome.refused += count(others.len());
        let counts = &self.outcome.sweep.counts;
        let nothing_yet = counts.removed_old.versions + counts.removed_markers.versions == 0;
        if nothing_yet
            && others.len() == batch.len()
            && let Some(first) = others.iter().find(|one| one.is_denied())
        {
            self.stop(Stopped::Denied(Box::new((*first).clone())));
        }
        let room = NAMED_MAX.saturating_sub(self.outcome.named.len());
        self.outcome.named.extend(refused.into_iter().take(room));
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
