//! Against a model of a bucket that keeps versions, in which others take and release locks meanwhile.

use std::collections::BTreeMap;

use proptest::prelude::*;
use statelock_client::bucket::{NULL_VERSION, ObjectVersion, RefusedRemoval, VersionName};
use statelock_protocol::state::is_lockfile_key;
use statelock_protocol::store::ObjectKey;

use super::{Amount, Candidate, Rules, Sweep};

/// A version: its id, and its content, or `None` for a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    id: String,
    content: Option<u64>,
    written: i64,
}

/// A bucket: the versions of each key, the newest last.
#[derive(Clone, Debug, Default)]
struct Model {
    keys: BTreeMap<String, Vec<Stored>>,
    clock: i64,
    is_suspended: bool,
}

impl Model {
    /// A write or a release by somebody, as S3 does it.
    fn write(&mut self, key: &str, is_marker: bool) {
        self.clock += 1;
        let id = if self.is_suspended { NULL_VERSION.to_owned() } else { self.clock.to_string() };
        let versions = self.keys.entry(key.to_owned()).or_default();
        versions.retain(|one| one.id != id);
        let content = (!is_marker).then_some(self.clock.unsigned_abs());
        versions.push(Stored { id, content, written: self.clock });
    }

    /// What a reader of the key sees.
    fn visible(&self, key: &str) -> Option<(String, i64)> {
        let current = self.keys.get(key)?.last()?;
        current.content.map(|_| (current.id.clone(), current.written))
    }

    fn everything_visible(&self) -> BTreeMap<String, (String, i64)> {
        self.keys.keys().filter_map(|key| Some((key.clone(), self.visible(key)?))).collect()
    }

    fn remove(&mut self, name: &VersionName) {
        if let Some(versions) = self.keys.get_mut(name.key.as_str()) {
            versions.retain(|one| one.id != name.id);
        }
    }

    fn listed(&self) -> Vec<ObjectVersion> {
        let of_key = |(key, versions): (&String, &Vec<Stored>)| {
            let newest_first = versions.iter().rev().enumerate();
            let listed = newest_first.map(|(place, one)| ObjectVersion {
                key: ObjectKey::new(key.as_str()),
                id: one.id.clone(),
                is_latest: place == 0,
                size_bytes: one.content,
                last_modified_unix_seconds: Some(one.written),
            });
            listed.collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(of_key).collect()
    }
}

const KEYS: [&str; 4] = ["a.tfstate", "a.tfstate.tflock", "b.tflock", "dir/.tflock"];

/// Writes and releases of the keys, by their number.
fn history(length: usize) -> impl Strategy<Value = Vec<(usize, bool)>> {
    prop::collection::vec((0..KEYS.len(), any::<bool>()), 0..length)
}

#[derive(Clone, Debug)]
struct Plot {
    before: Vec<(usize, bool)>,
    /// When versioning is suspended, counted in writes before.
    suspended_after: usize,
    /// What others do, one after each step of ours.
    meanwhile: Vec<Option<(usize, bool)>>,
    /// Which of our removals the store refuses.
    refused: Vec<bool>,
    keep_last: u64,
    written_before: Option<i64>,
}

fn plot() -> impl Strategy<Value = Plot> {
    let meanwhile = prop::collection::vec(prop::option::of((0..KEYS.len(), any::<bool>())), 0..40);
    let refused = prop::collection::vec(prop::bool::weighted(0.2), 0..40);
    let rules = (0..3_u64, prop::option::of(0..40_i64));
    (history(40), 0..80_usize, meanwhile, refused, rules).prop_map(
        |(before, suspended_after, meanwhile, refused, (keep_last, written_before))| Plot {
            before,
            suspended_after,
            meanwhile,
            refused,
            keep_last,
            written_before,
        },
    )
}

/// Somebody who does something now and then.
struct Others<'a>(std::slice::Iter<'a, Option<(usize, bool)>>);

impl Others<'_> {
    fn act(&mut self, model: &mut Model) {
        if let Some(Some((key, is_marker))) = self.0.next() {
            model.write(KEYS[*key], *is_marker);
        }
    }
}

fn swept(plot: &Plot) -> (Model, Model, Sweep) {
    let mut model = Model::default();
    for (number, (key, is_marker)) in plot.before.iter().enumerate() {
        model.is_suspended = number >= plot.suspended_after;
        model.write(KEYS[*key], *is_marker);
    }
    let listed = model.listed();
    let before = model.clone();
    let rules = Rules {
        keep_last: plot.keep_last,
        written_before: plot.written_before,
        has_safe_null: !model.is_suspended,
    };
    let mut sweep = Sweep::new(rules, true);
    let (mut others, mut refusals) = (Others(plot.meanwhile.iter()), plot.refused.iter());
    for version in listed.into_iter().filter(|one| is_lockfile_key(&one.key)) {
        sweep.take(version);
        others.act(&mut model);
    }
    sweep.end_key();
    while let Some(batch) = sweep.next_batch(true) {
        let mut refused = Vec::new();
        for Candidate { name, .. } in &batch {
            others.act(&mut model);
            if refusals.next().copied().unwrap_or_default() {
                let (code, message) = ("AccessDenied".to_owned(), String::new());
                refused.push(RefusedRemoval { version: name.clone(), code, message });
                continue;
            }
            let seen = model.everything_visible();
            model.remove(name);
            assert_eq!(
                model.everything_visible(),
                seen,
                "removing {name:?} showed or hid an object"
            );
        }
        sweep.done(&batch, &refused);
    }
    (before, model, sweep)
}

proptest! {
    #[test]
    fn nothing_that_can_be_seen_changes_whatever_others_do(plot in plot()) {
        let (before, after, _) = swept(&plot);
        for key in ["a.tfstate", "dir/.tflock"] {
            let versions = before.keys.get(key).map(Vec::as_slice).unwrap_or_default();
            let now = after.keys.get(key).map(Vec::as_slice).unwrap_or_default();
            let all_there = versions.iter().filter(|one| one.id != NULL_VERSION).all(|one| now.contains(one));
            prop_assert!(all_there, "{key} is no lockfile");
        }
    }

    #[test]
    fn without_refusals_and_rules_only_held_locks_are_left(mut plot in plot()) {
        plot.suspended_after = usize::MAX;
        (plot.meanwhile, plot.refused) = (Vec::new(), Vec::new());
        (plot.keep_last, plot.written_before) = (0, None);
        let (before, after, sweep) = swept(&plot);
        for key in ["a.tfstate.tflock", "b.tflock"] {
            let left = after.keys.get(key).map(Vec::len).unwrap_or_default();
            prop_assert_eq!(left, usize::from(before.visible(key).is_some()), "{}", key);
        }
        prop_assert_eq!(sweep.counts.removed_old, sweep.counts.old);
        prop_assert_eq!(sweep.counts.removed_markers, sweep.counts.markers);
        prop_assert!(sweep.pending.is_empty() && sweep.ready.is_empty());
    }

    #[test]
    fn a_dry_run_counts_what_a_real_one_removes(mut plot in plot()) {
        (plot.meanwhile, plot.refused) = (Vec::new(), Vec::new());
        let (before, _, real) = swept(&plot);
        let mut dry = Sweep::new(real.rules.clone(), false);
        for version in before.listed().into_iter().filter(|one| is_lockfile_key(&one.key)) {
            dry.take(version);
        }
        dry.end_key();
        prop_assert_eq!(dry.next_batch(true), None);
        prop_assert_eq!(dry.counts.old, real.counts.removed_old);
        prop_assert_eq!(dry.counts.markers, real.counts.removed_markers);
        prop_assert_eq!(dry.counts.kept_markers, real.counts.kept_markers);
    }

    #[test]
    fn the_last_ones_and_young_ones_stay(mut plot in plot()) {
        plot.suspended_after = usize::MAX;
        (plot.meanwhile, plot.refused) = (Vec::new(), Vec::new());
        let (before, after, _) = swept(&plot);
        for key in ["a.tfstate.tflock", "b.tflock"] {
            let old = |model: &Model| -> Vec<_> {
                let all = model.keys.get(key).cloned().unwrap_or_default();
                let old = all.iter().rev().skip(1).filter(|one| one.content.is_some());
                old.cloned().collect()
            };
            let keep = usize::try_from(plot.keep_last).unwrap();
            let is_young = |one: &Stored| plot.written_before.is_some_and(|moment| one.written >= moment);
            let expected: Vec<_> = old(&before)
                .into_iter()
                .enumerate()
                .filter(|(place, one)| *place < keep || is_young(one))
                .map(|(_, one)| one)
                .collect();
            prop_assert_eq!(old(&after), expected, "{}", key);
        }
    }
}

fn version(key: &str, id: &str, is_latest: bool, size_bytes: Option<u64>) -> ObjectVersion {
    let (key, id) = (ObjectKey::new(key), id.to_owned());
    ObjectVersion { key, id, is_latest, size_bytes, last_modified_unix_seconds: Some(1) }
}

fn ids(batch: &[Candidate]) -> Vec<&str> {
    batch.iter().map(|one| one.name.id.as_str()).collect()
}

#[test]
fn the_marker_waits_for_what_it_hides() {
    let mut sweep = Sweep::new(Rules::default(), true);
    for (id, is_latest, size) in [("m", true, None), ("2", false, Some(5)), ("1", false, Some(7))] {
        sweep.take(version("k.tflock", id, is_latest, size));
    }
    sweep.end_key();
    let batch = sweep.next_batch(true).unwrap();
    assert_eq!(ids(&batch), ["2", "1"]);
    assert_eq!(sweep.next_batch(true), None, "the marker is not due before the answer");
    sweep.done(&batch, &[]);
    let batch = sweep.next_batch(true).unwrap();
    assert_eq!(ids(&batch), ["m"]);
    sweep.done(&batch, &[]);
    assert_eq!(sweep.counts.removed_old, Amount { versions: 2, bytes: 12 });
    assert_eq!(sweep.counts.removed_markers, Amount { versions: 1, bytes: 8 });
}

#[test]
fn the_marker_stays_over_what_was_refused_and_over_a_refusal_that_names_nothing() {
    for key in ["k.tflock", ""] {
        let mut sweep = Sweep::new(Rules::default(), true);
        sweep.take(version("k.tflock", "m", true, None));
        sweep.take(version("k.tflock", "1", false, Some(5)));
        sweep.end_key();
        let batch = sweep.next_batch(true).unwrap();
        let named = VersionName { key: ObjectKey::new(key), id: "1".to_owned() };
        let (code, message) = ("InternalError".to_owned(), String::new());
        sweep.done(&batch, &[RefusedRemoval { version: named, code, message }]);
        assert_eq!(sweep.next_batch(true), None);
        assert_eq!((sweep.counts.kept_markers, sweep.counts.removed_old.versions), (1, 0));
    }
}

#[test]
fn a_request_takes_a_thousand() {
    let mut sweep = Sweep::new(Rules::default(), true);
    sweep.take(version("k.tflock", "now", true, Some(1)));
    for number in 0..2500 {
        sweep.take(version("k.tflock", &number.to_string(), false, Some(1)));
    }
    assert_eq!(sweep.next_batch(false).map(|batch| batch.len()), Some(1000));
    assert_eq!(sweep.next_batch(false).map(|batch| batch.len()), Some(1000));
    assert_eq!(sweep.next_batch(false), None);
    assert_eq!(sweep.next_batch(true).map(|batch| batch.len()), Some(500));
    assert_eq!((sweep.counts.lockfiles, sweep.counts.held), (1, 1));
}
