//! What came of a release, or of a removal by force, in each place of a lock.

use statelock_client::ReleaseReport;
use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{
    ConditionalDelete, Place, RemoveOutcome, StoredLock,
};
use statelock_client::protocol::store::Refusal;

use super::acquire::whose;

/// All places together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was there, in one place at least, and is gone from all.
    Removed,
    /// It was nowhere.
    NotThere,
    /// A store refused; the lock may still stand there.
    Refused(Refusal),
    /// Whether it still stands is not known.
    Unknown,
}

/// What a release came to.
pub(crate) fn verdict(report: &ReleaseReport) -> Verdict {
    let outcomes = || report.released.places.iter().map(|(_, outcome)| outcome);
    let refused = outcomes().find_map(|outcome| match outcome {
        RemoveOutcome::Refused(refusal) => Some(*refusal),
        RemoveOutcome::Removed { .. }
        | RemoveOutcome::Absent
        | RemoveOutcome::Other(_)
        | RemoveOutcome::Unknown => None,
    });
    if outcomes().any(|outcome| *outcome == RemoveOutcome::Unknown) {
        return Verdict::Unknown;
    }
    match refused {
        Some(refusal) => Verdict::Refused(refusal),
        None if report.released.removed_any() => Verdict::Removed,
        None => Verdict::NotThere,
    }
}

/// A place in words: `lockfile s3://b/k.tflock`, ``lock table `t` ``.
pub(crate) fn place_name(place: &Place) -> String {
    match place {
        Place::Lockfile(place) => format!("lockfile s3://{}/{}", place.bucket, place.key),
        Place::LockTable(place) => format!("lock table `{}`", place.table),
    }
}

/// One line for each place: what became of the lock there.
pub(crate) fn lines(report: &ReleaseReport) -> Vec<String> {
    let line = |(place, outcome): &(Place, RemoveOutcome)| {
        format!("{}: {}", place_name(place), outcome_text(outcome))
    };
    report.released.places.iter().map(line).collect()
}

fn outcome_text(outcome: &RemoveOutcome) -> String {
    match outcome {
        RemoveOutcome::Removed { .. } => "released".to_owned(),
        RemoveOutcome::Absent => "no lock was there".to_owned(),
        RemoveOutcome::Other(lock) => format!("left alone, for {}", whose(Some(lock))),
        RemoveOutcome::Refused(_) => "the store refused to remove it".to_owned(),
        RemoveOutcome::Unknown => "whether it was removed is not known".to_owned(),
    }
}

/// A word for programs.
pub(crate) fn outcome_word(outcome: &RemoveOutcome) -> &'static str {
    match outcome {
        RemoveOutcome::Removed { .. } => "removed",
        RemoveOutcome::Absent => "absent",
        RemoveOutcome::Other(_) => "other",
        RemoveOutcome::Refused(_) => "refused",
        RemoveOutcome::Unknown => "unknown",
    }
}

/// Whether a removal relied on more than the store's condition.
pub(crate) fn had_a_window(report: &ReleaseReport) -> bool {
    report.released.places.iter().any(|(_, outcome)| match outcome {
        RemoveOutcome::Removed { conditional } => match conditional {
            ConditionalDelete::Enforced => false,
            ConditionalDelete::Unproven | ConditionalDelete::Missing => true,
        },
        RemoveOutcome::Absent
        | RemoveOutcome::Other(_)
        | RemoveOutcome::Refused(_)
        | RemoveOutcome::Unknown => false,
    })
}

/// The ID by which a lock is named on the command line.
pub(crate) fn typed_id(lock: &StoredLock) -> String {
    lock.id().map_or_else(|| UNREADABLE.to_owned(), |id: LockId| id.to_string())
}

/// What stands for the lock ID of a lock that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::steps::{LockMark, LockMode, Places, Released};
    use statelock_client::{BackendSettings, protocol::store::TableName};

    use super::*;

    fn report(first: RemoveOutcome, second: RemoveOutcome) -> ReleaseReport {
        let address = BackendSettings::lockfile("b", "k").unwrap().address;
        let places = Places::of(&address, &LockMode::Dual(TableName::new("t")));
        let places = places.iter().cloned().zip([first, second]).collect();
        ReleaseReport { released: Released { places }, trouble: None, removed_late: false }
    }

    fn removed(conditional: ConditionalDelete) -> RemoveOutcome {
        RemoveOutcome::Removed { conditional }
    }

    #[test]
    fn p5_what_is_open_in_one_place_is_open_for_the_lock() {
        let enforced = || removed(ConditionalDelete::Enforced);
        let denied = || RemoveOutcome::Refused(Refusal::Denied);
        for (first, second, expected) in [
            (enforced(), enforced(), Verdict::Removed),
            (enforced(), RemoveOutcome::Absent, Verdict::Removed),
            (RemoveOutcome::Absent, RemoveOutcome::Absent, Verdict::NotThere),
            (enforced(), denied(), Verdict::Refused(Refusal::Denied)),
            (denied(), RemoveOutcome::Unknown, Verdict::Unknown),
            (enforced(), RemoveOutcome::Unknown, Verdict::Unknown),
        ] {
            assert_eq!(verdict(&report(first, second)), expected);
        }
    }

    #[test]
    fn each_place_is_told() {
        let lock = StoredLock { bytes: Vec::new(), mark: LockMark::Info(None) };
        let report = report(removed(ConditionalDelete::Unproven), RemoveOutcome::Other(lock));
        assert_eq!(
            lines(&report),
            [
                "lockfile s3://b/k.tflock: released",
                "lock table `t`: left alone, for there is a lock that cannot be read"
            ]
        );
        assert!(had_a_window(&report));
        assert_eq!(verdict(&report), Verdict::Removed);
    }
}
