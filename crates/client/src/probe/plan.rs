//! What a probe will do, before it does anything.

use std::time::Duration;

use super::checks::{absent, bodies, conditions, items, races, released, seeing, uploads};
use super::operation::Operation;

/// How much a probe may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeLimits {
    /// Writers at once, and so the most requests on their way at the same time.
    pub writers: usize,
    /// Rounds of writers at once, for each operation that is tried so.
    pub rounds: usize,
    /// How long it may take. What is on its way then is waited for, and removing comes after it.
    pub time: Duration,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self { writers: 32, rounds: 20, time: Duration::from_mins(10) }
    }
}

/// What a probe will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How much it may do.
    pub limits: ProbeLimits,
    /// The checks, in order.
    pub checks: Vec<PlannedCheck>,
}

/// A few operations that are tried together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCheck {
    pub(super) group: Group,
    /// Which.
    pub operations: Vec<Operation>,
    /// With at most so many requests.
    pub requests_max: u64,
}

/// What is tried together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Bodies,
    Absent,
    AfterDelete,
    AfterDeleteMarker,
    AbsentRace,
    MarkerRace,
    Match,
    MatchRace,
    Delete,
    UploadAbsent,
    UploadMatch,
    Reads,
    Listings,
    ETag,
    ItemAbsent,
    ItemRace,
    ItemDelete,
    ItemReads,
}

/// Requests beside the checks: what is there, and opening connections.
const SETUP: u64 = 20;

impl Plan {
    /// The plan for a bucket, and a lock table if there is one.
    pub fn new(limits: ProbeLimits, has_table: bool) -> Self {
        use Group as G;
        let objects = [
            G::Bodies,
            G::Absent,
            G::AfterDelete,
            G::AfterDeleteMarker,
            G::AbsentRace,
            G::MarkerRace,
            G::Match,
            G::MatchRace,
            G::Delete,
            G::UploadAbsent,
            G::UploadMatch,
            G::Reads,
            G::Listings,
            G::ETag,
        ];
        let items = [G::ItemAbsent, G::ItemRace, G::ItemDelete, G::ItemReads];
        let items = items.into_iter().filter(|_| has_table);
        let planned = |group: Group| PlannedCheck {
            group,
            operations: group.operations(),
            requests_max: group.requests_max(limits),
        };
        Self { limits, checks: objects.into_iter().chain(items).map(planned).collect() }
    }

    /// How many requests the checks may send. Removing what they wrote is not among them.
    pub fn requests_max(&self) -> u64 {
        let writers = count(self.limits.writers);
        let checks: u64 = self.checks.iter().map(|check| check.requests_max).sum();
        // Each writer opens one connection to each service, where a name may have a few addresses.
        SETUP + 8 * writers + checks
    }

    /// How many objects and items there may be at its end, before they are removed.
    pub fn written_max(&self) -> u64 {
        let (rounds, samples) = (count(self.limits.rounds), count(samples(self.limits)));
        let has_items = self.checks.iter().any(|check| check.group == Group::ItemAbsent);
        let alone = 2 + items::PLACES_MAX;
        153 + 3 * rounds + samples + if has_items { alone + rounds + samples } else { 0 }
    }
}

/// How many reads are tried.
pub(super) fn samples(limits: ProbeLimits) -> usize {
    limits.rounds.max(10)
}

/// Rounds over delete markers, which take preparation: fewer.
pub(super) fn marker_rounds(limits: ProbeLimits) -> usize {
    limits.rounds.div_ceil(2)
}

/// The names of the items that a probe with these limits may put.
pub(super) fn item_names(rounds: usize, samples: usize) -> Vec<String> {
    let races = (0..rounds).map(|number| format!("item-race-{number}"));
    let reads = (0..samples).map(|number| format!("item-read-{number}"));
    let places = (0..items::PLACES_MAX).map(items::name_at);
    let alone = ["item-absent", "item-delete"].map(str::to_owned);
    alone.into_iter().chain(places).chain(races).chain(reads).collect()
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Group {
    fn operations(self) -> Vec<Operation> {
        use Operation as O;
        match self {
            Self::Bodies => vec![
                O::BodySigned,
                O::BodyUnsigned,
                O::BodyMd5,
                O::BodySha256Header,
                O::BodySha256HeaderUnsigned,
                O::BodyCrc32Header,
                O::BodySha256Trailer,
                O::BodyCrc32Trailer,
                O::BodyCrc32TrailerSigned,
                O::ReadChecksumMode,
                O::ChecksumHeaderVerified,
                O::ChecksumTrailerVerified,
                O::Md5Verified,
            ],
            Self::Absent => vec![O::PutIfAbsent, O::RefusalStatus],
            Self::AfterDelete => vec![O::PutIfAbsentAfterDelete],
            Self::AfterDeleteMarker => vec![O::PutIfAbsentAfterDeleteMarker],
            Self::AbsentRace => vec![O::PutIfAbsentConcurrent],
            Self::MarkerRace => vec![O::PutIfAbsentAfterDeleteMarkerConcurrent],
            Self::Match => vec![O::PutIfMatch],
            Self::MatchRace => vec![O::PutIfMatchConcurrent],
            Self::Delete => vec![O::DeleteIfMatch],
            Self::UploadAbsent => vec![O::CompleteIfAbsent],
            Self::UploadMatch => vec![O::CompleteIfMatch],
            Self::Reads => vec![O::ReadAfterWrite, O::ReadAfterDelete],
            Self::Listings => vec![O::ListAfterWrite, O::ListAfterDelete],
            Self::ETag => vec![O::ETag],
            Self::ItemAbsent => vec![O::ItemPutIfAbsent],
            Self::ItemRace => vec![O::ItemPutIfAbsentConcurrent],
            Self::ItemDelete => vec![O::ItemDeleteIfEqual],
            Self::ItemReads => vec![O::ItemReadAfterWrite, O::ItemReadAfterDelete],
        }
    }

    fn requests_max(self, limits: ProbeLimits) -> u64 {
        let race = |rounds: usize| races::requests_max(count(limits.writers), count(rounds));
        match self {
            Self::Bodies => bodies::BODIES,
            Self::Absent => absent::ABSENT,
            Self::AfterDelete | Self::AfterDeleteMarker => released::AFTER_DELETE,
            Self::AbsentRace | Self::MatchRace | Self::ItemRace => race(limits.rounds),
            Self::MarkerRace => race(marker_rounds(limits)),
            Self::Match => conditions::MATCHING,
            Self::Delete => conditions::DELETING,
            Self::UploadAbsent | Self::UploadMatch => uploads::UPLOADS,
            Self::Reads => seeing::reads_max(count(samples(limits))),
            Self::Listings => seeing::LISTINGS,
            Self::ETag => seeing::ETAG,
            Self::ItemAbsent => items::ABSENT,
            Self::ItemDelete => items::DELETING,
            Self::ItemReads => items::reads_max(count(samples(limits))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_planned_once() {
        let plan = Plan::new(ProbeLimits::default(), true);
        let planned: Vec<_> = plan.checks.iter().flat_map(|check| &check.operations).collect();
        let distinct: BTreeSet<_> = planned.iter().collect();
        assert_eq!((planned.len(), distinct.len()), (Operation::ALL.len(), Operation::ALL.len()));
    }

    #[test]
    fn without_a_table_nothing_is_asked_of_one() {
        let plan = Plan::new(ProbeLimits::default(), false);
        let with_table = Plan::new(ProbeLimits::default(), true);
        assert!(plan.requests_max() < with_table.requests_max());
        assert!(plan.written_max() < with_table.written_max());
        let names: Vec<_> = plan.checks.iter().flat_map(|check| &check.operations).collect();
        assert!(!names.iter().any(|operation| operation.id().starts_with("item_")));
    }

    #[test]
    fn each_item_has_a_name_of_its_own() {
        let names: BTreeSet<_> = item_names(3, 2).into_iter().collect();
        assert_eq!(names.len(), 7 + 8);
        assert!(names.contains("item-race-2") && names.contains("item-read-1"));
    }
}
