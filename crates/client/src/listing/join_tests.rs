//! Tests of the join: against the most obvious program, and the places where keys are in the way.

use proptest::prelude::*;
use statelock_protocol::lock::steps::LockMark;
use statelock_protocol::state::is_lockfile_key;
use statelock_protocol::store::ETag;

use super::*;

fn object(key: &str) -> ListedObject {
    ListedObject { size_bytes: 1, etag: ETag::new(key), last_modified_unix_seconds: None }
}

fn item(key: &str) -> (String, StoredLock) {
    (key.to_owned(), StoredLock { bytes: key.into(), mark: LockMark::Info(None) })
}

/// Key, whether there is an object, a lockfile, an item.
type Line = (String, bool, bool, bool);

fn line(joined: &Joined) -> Line {
    let Joined { key, object, lockfile, item, .. } = joined;
    if let Some(object) = object {
        assert_eq!(object.etag.as_str(), key, "another's object");
    }
    if let Some(lockfile) = lockfile {
        assert_eq!(lockfile.etag.as_str(), format!("{key}.tflock"), "another's lockfile");
    }
    if let Some(item) = item {
        assert_eq!(item.bytes, key.as_bytes(), "another's item");
    }
    (key.clone(), object.is_some(), lockfile.is_some(), item.is_some())
}

struct Run {
    lines: Vec<Line>,
    lookups: usize,
    waiting_max: usize,
}

/// Joins a whole bucket, given in order, with room for so many lines behind an open state.
fn joined(
    selection: ListingSelection,
    prefix: &str,
    (keys, items): (&[String], &[String]),
    room: usize,
) -> Run {
    let scope = ListingScope::Prefix(prefix.to_owned());
    let in_scope = items.iter().filter(|key| scope.contains(key));
    let mut join = Join::new(scope.clone(), selection, in_scope.map(|key| item(key)).collect());
    join.waiting_max = room;
    let mut run = Run { lines: Vec::new(), lookups: 0, waiting_max: 0 };
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        join.listed(key.clone(), object(key)).expect("in order");
        run.waiting_max = run.waiting_max.max(join.waiting.len());
        loop {
            run.lines.extend(std::iter::from_fn(|| join.pop()).map(|joined| line(&joined)));
            let Some(overdue) = join.overdue() else { break };
            let lockfile = format!("{overdue}.tflock");
            run.lookups += 1;
            join.looked_up(keys.contains(&lockfile).then(|| object(&lockfile)));
        }
    }
    join.end();
    run.lines.extend(std::iter::from_fn(|| join.pop()).map(|joined| line(&joined)));
    assert!(join.waiting.is_empty() && join.open.is_empty());
    run
}

/// The same, all at once. A line stands where its first object does, or its state would.
fn expected(
    selection: ListingSelection,
    prefix: &str,
    (keys, items): (&[String], &[String]),
) -> Vec<Line> {
    let states = keys.iter().filter_map(|key| state_key_of_lockfile(&ObjectKey::new(key.as_str())));
    let mut all: Vec<String> = states.map(|state| state.as_str().to_owned()).collect();
    all.extend(keys.iter().chain(items).cloned());
    all.sort();
    all.dedup();
    let mut lines = Vec::new();
    for state in all.into_iter().filter(|state| state.starts_with(prefix)) {
        let lockfile = format!("{state}.tflock");
        let is_lockfile = is_lockfile_key(&ObjectKey::new(state.as_str()));
        let has_lockfile = keys.contains(&lockfile) && !state.ends_with('/') && !state.is_empty();
        let (object, item) = (keys.contains(&state), items.contains(&state));
        let place = if object || item { state.clone() } else { lockfile };
        if (object || has_lockfile || item)
            && selection.shows(&state, has_lockfile || item, is_lockfile)
        {
            lines.push((place, object, (state, object, has_lockfile, item)));
        }
    }
    // A lock without a state stands before its own lockfile's line, if that has one.
    lines.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    lines.into_iter().map(|(_, _, line)| line).collect()
}

fn texts(keys: &[&str]) -> Vec<String> {
    let mut keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    keys.sort();
    keys
}

fn shown(keys: &[&str], items: &[&str]) -> Vec<Line> {
    joined(ListingSelection::States, "", (&texts(keys), &texts(items)), 1000).lines
}

fn told(key: &str, object: bool, lockfile: bool, item: bool) -> Line {
    (key.to_owned(), object, lockfile, item)
}

#[test]
fn a_lockfile_is_joined_across_keys_that_stand_between() {
    let keys = ["a/b.tfstate", "a/b.tfstate-old", "a/b.tfstate.bak", "a/b.tfstate.tflock"];
    assert_eq!(shown(&keys, &[]), [told("a/b.tfstate", true, true, false)]);
    let keys = ["a", "a-/1.tfstate", "a-/1.tfstate.tflock", "a.tflock", "a/2.tfstate"];
    assert_eq!(
        shown(&keys, &[]),
        [
            told("a", true, true, false),
            told("a-/1.tfstate", true, true, false),
            told("a/2.tfstate", true, false, false),
        ]
    );
}

#[test]
fn both_kinds_of_lock_are_one_line() {
    let lines = shown(&["a.tfstate", "a.tfstate.tflock", "c.tflock"], &["a.tfstate", "b", "c"]);
    assert_eq!(
        lines,
        [
            told("a.tfstate", true, true, true),
            told("b", false, false, true),
            told("c", false, true, true),
        ]
    );
}

#[test]
fn what_only_looks_like_a_lockfile_locks_nothing() {
    assert_eq!(shown(&[".tflock", "a/.tflock", "x.tflock-old", "y-md5"], &[]), []);
    assert_eq!(shown(&[".tflock", ".tflock.tflock"], &[]), [told(".tflock", true, true, false)]);
    let locked = shown(&["a.tflock", "a.tflock.tflock"], &[]);
    assert_eq!(locked, [told("a", false, true, false), told("a.tflock", true, true, false)]);
}

#[test]
fn a_lock_outside_the_prefix_is_none_of_ours() {
    let keys = texts(&["a.tfstate", "a.tfstate.tflock", "a.tfstate.tflockX.tfstate"]);
    let run = joined(ListingSelection::States, "a.tfstate.tfl", (&keys, &[]), 1000);
    assert_eq!(run.lines, [told("a.tfstate.tflockX.tfstate", true, false, false)]);
}

#[test]
fn what_waits_is_bounded_and_costs_one_look_up_for_each_state_in_the_way() {
    let mut keys = vec!["a".to_owned(), "a.tflock".to_owned()];
    keys.extend((0..10_000).map(|number| format!("a-{number:05}.tfstate")));
    keys.sort();
    let run = joined(ListingSelection::States, "", (&keys, &[]), 100);
    assert_eq!(run.lines.len(), 10_001);
    assert_eq!(run.lines.first(), Some(&told("a", true, true, false)));
    assert_eq!((run.lookups, run.waiting_max), (1, 101));
}

#[test]
fn an_unordered_listing_is_refused() {
    let scope = ListingScope::Prefix(String::new());
    let mut join = Join::new(scope, ListingSelection::States, BTreeMap::new());
    join.listed("b".into(), object("b")).unwrap();
    for key in ["a", "b"] {
        let error = ListingFailure::OutOfOrder { key: key.into(), after: "b".into() };
        assert_eq!(join.listed(key.into(), object(key)), Err(error));
        join.last = Some("b".into());
    }
}

fn key() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just(".tflock"), 3 => Just("a"), 2 => Just("-"), 2 => Just("/"), 1 => Just(".tf"),
        1 => Just(".tfstate"), 1 => Just("é"), 1 => Just("-md5"), 1 => Just("."),
    ];
    prop::collection::vec(part, 1..6).prop_map(|parts| parts.concat())
}

fn keys(count: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(key(), 0..count).prop_map(|keys| keys.into_iter().collect())
}

fn selection() -> impl Strategy<Value = ListingSelection> {
    prop_oneof![
        Just(ListingSelection::Locked),
        Just(ListingSelection::States),
        Just(ListingSelection::Objects),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn one_pass_shows_what_the_most_obvious_program_shows(
        selection in selection(),
        prefix in prop_oneof![Just(String::new()), key()],
        keys in keys(40),
        items in keys(10),
        room in prop_oneof![Just(1000_usize), 0..5_usize],
    ) {
        let bucket = (&*keys, &*items);
        let run = joined(selection, &prefix, bucket, room);
        prop_assert_eq!(run.lines, expected(selection, &prefix, bucket));
    }
}
