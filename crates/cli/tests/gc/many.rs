//! What is removed and what stays; large buckets; locks that come and go meanwhile.

use std::process::Stdio;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::stage::{LOCK, STATE, a_bucket, command, env, gc, store};
use crate::versioned_store::{Asked, Verdict, VersionedStore, Versions};
use statelock_testkit::command::Run;

const BOUND: Duration = Duration::from_mins(2);

fn removals(store: &VersionedStore) -> Vec<usize> {
    let asked = store.asked().into_iter();
    let sizes = asked.filter_map(|asked| match asked {
        Asked::RemoveMany(named) => Some(named.len()),
        _ => None,
    });
    sizes.collect()
}

#[test]
fn nothing_is_removed_unless_it_is_asked_for() {
    let store = store(a_bucket());
    let said = gc(&store, &[])
        .having_said(0, "nothing was removed; to remove them: statelock gc s3://tfstate --yes");
    assert!(said.stdout.contains("1 lockfile, 0 held now"), "{}", said.stdout);
    assert!(said.stdout.contains("would remove  3 old versions, 600 bytes"), "{}", said.stdout);
    assert!(said.stdout.contains("3 delete markers, 84 bytes"), "{}", said.stdout);
    assert!(removals(&store).is_empty());
    assert_eq!(store.versions(), a_bucket());
}

#[test]
fn old_locks_go_and_states_stay() {
    let store = store(a_bucket());
    let said = gc(&store, &["--yes", "--json"]).having_said(0, "");
    let document = said.json();
    assert_eq!((&document["schema"], &document["dry_run"]), (&1.into(), &false.into()));
    assert_eq!(document["removed_old_versions"], serde_json::json!({"versions": 3, "bytes": 600}));
    assert_eq!(document["removed_delete_markers"]["versions"], 3);
    assert_eq!((store.versions().count(LOCK), store.versions().count(STATE)), (0, 3));
    assert_eq!(removals(&store), [5, 1], "the current marker goes after all beneath it");
    gc(&store, &["--yes"]).having_said(0, "there is nothing to remove");
}

#[test]
fn what_is_no_lockfile_stays_whatever_it_looks_like() {
    let mut versions = Versions::default();
    let others = ["a.tflock.bak", "dir/.tflock", ".tflock", "tflock", "x.tfstate", "a.TFLOCK"];
    for key in others {
        versions.cycles(key, 2);
    }
    let store = store(versions.clone());
    gc(&store, &["--yes"]).having_said(0, "0 lockfiles, 0 held now");
    assert_eq!(store.versions(), versions);
}

#[test]
fn a_lock_that_is_held_stays_and_what_was_before_it_goes() {
    let mut versions = a_bucket();
    versions.write(LOCK, Some(7));
    let store = store(versions);
    gc(&store, &["--yes"]).having_said(0, "1 lockfile, 1 held now");
    assert!(store.versions().is_there(LOCK));
    assert_eq!(store.versions().count(LOCK), 1);
}

#[test]
fn a_request_removes_a_thousand_and_a_marker_waits_for_all_of_them() {
    let mut versions = Versions::default();
    versions.cycles(LOCK, 1250);
    versions.cycles("other+ b.tfstate.tflock", 3);
    versions.write("kept.tfstate", Some(9));
    let store = store(versions);
    let said =
        gc(&store, &["--yes"]).having_said(0, "removed       1,253 old versions, 250,600 bytes");
    assert!(said.stdout.contains("1,253 delete markers"), "{}", said.stdout);
    let sizes = removals(&store);
    assert!(sizes.iter().all(|size| *size <= 1000), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 2506);
    assert_eq!(store.versions().keys.values().map(Vec::len).sum::<usize>(), 1);
}

#[test]
fn the_options_leave_the_last_ones_and_the_young_ones() {
    let said = |options: &[&str]| {
        let store = store(a_bucket());
        let said = gc(&store, &[&["--yes"], options].concat())
            .having_said(0, "by --keep-last or --older-than");
        (store.versions(), said)
    };
    let (versions, _) = said(&["--keep-last", "2"]);
    let left: Vec<_> = versions.keys[LOCK].iter().map(|one| one.1.is_some()).collect();
    assert_eq!(left, [false, true, true], "the marker stays over what it hides");
    let (versions, said) = said(&["--older-than", "52000w"]);
    assert_eq!(versions, a_bucket());
    assert!(said.stderr.contains("there is nothing to remove"), "{}", said.stderr);
}

#[test]
fn a_lock_that_is_taken_between_listing_and_removing_is_left_alone() {
    let taken = Mutex::new(0);
    let store = VersionedStore::start(a_bucket(), move |asked, versions| {
        if matches!(asked, Asked::RemoveMany(_)) {
            // Before the old versions go, somebody locks; before the marker goes, somebody unlocks and locks.
            let mut taken = taken.lock().expect("no panic");
            if *taken > 0 {
                versions.write(LOCK, None);
            }
            versions.write(LOCK, Some(1000 + *taken));
            *taken += 1;
        }
        Verdict::AsUsual
    });
    gc(&store, &["--yes"]).having_said(0, "");
    let left = store.versions();
    let sizes: Vec<_> = left.keys[LOCK].iter().map(|one| one.1).collect();
    assert_eq!(sizes, [Some(1001), None, Some(1000)], "all that came meanwhile, and nothing else");
    assert!(left.is_there(LOCK));
}

#[test]
fn where_writes_share_a_version_id_nothing_with_that_id_goes() {
    let mut versions = Versions::default();
    versions.cycles(LOCK, 2);
    versions.is_suspended = true;
    versions.cycles(LOCK, 1);
    let suspended = versions.clone();
    let store = VersionedStore::start(versions, |asked, versions| {
        if matches!(asked, Asked::RemoveMany(_)) {
            versions.write(LOCK, Some(42));
        }
        Verdict::AsUsual
    });
    gc(&store, &["--yes"]).having_said(0, "without a version id of their own");
    let left = store.versions();
    assert!(suspended.keys[LOCK].len() > 1 && left.is_there(LOCK), "the lock that came stays");
    assert_eq!(left.keys[LOCK], [("null".to_owned(), Some(42))]);
}

#[test]
fn only_the_part_that_is_named_is_touched() {
    let mut versions = a_bucket();
    versions.cycles("network/x.tfstate.tflock", 2);
    let store = store(versions);
    let arguments = ["gc", "s3://tfstate/network/", "--yes"];
    crate::stage::run(&env(&store.endpoint()), &arguments)
        .having_said(0, "s3://tfstate/network/: 1 lockfile");
    assert_eq!(store.versions().count("network/x.tfstate.tflock"), 0);
    assert_eq!(store.versions().count(LOCK), 6);
}

/// The peak memory of a run, taken while the store keeps the last listed page back.
fn peak_kib(cycles: usize) -> u64 {
    let mut versions = Versions::default();
    for number in 0..10 {
        let directory = "a-rather-long-name/".repeat(8);
        versions.cycles(&format!("{directory}{number}.tfstate.tflock"), cycles / 10);
    }
    let pages = versions.keys.values().map(Vec::len).sum::<usize>().div_ceil(1000);
    let (reached, is_reached) = mpsc::channel();
    let (let_go, may_go) = mpsc::channel::<()>();
    let ends = Mutex::new((0, reached, may_go));
    let store = VersionedStore::start(versions, move |asked, _| {
        if matches!(asked, Asked::List(_)) {
            let mut ends = ends.lock().expect("no panic");
            ends.0 += 1;
            if ends.0 == pages {
                ends.1.send(()).expect("the test waits");
                ends.2.recv().expect("the test lets go");
            }
        }
        Verdict::AsUsual
    });
    let mut command = command(&env(&store.endpoint()), &["gc", "s3://tfstate", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    let pid = child.id();
    let reading = std::thread::spawn(move || child.wait_with_output().expect("an end"));
    is_reached.recv_timeout(BOUND).expect("the last page is asked for");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let_go.send(()).expect("the store waits");
    Run::from_output(reading.join().expect("it was read")).having_said(0, "delete markers");
    assert_eq!(store.versions().keys.values().map(Vec::len).sum::<usize>(), 0);
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn memory_does_not_grow_with_the_bucket() {
    let base = peak_kib(4000);
    let grown = peak_kib(30_000).saturating_sub(base);
    // What is remembered of each of the 52,000 more would be 13 MiB at least.
    assert!(grown < 8 * 1024, "{grown} KiB above {base} KiB");
}
