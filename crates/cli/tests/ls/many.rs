//! Big buckets: bounded memory, and requests in proportion.

use std::process::Stdio;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use statelock_testkit::fake_store::{FakeStore, Holdings};

use crate::stage::{Said, a_lock, command, holdings, ls, store};

const BOUND_KIB: u64 = 64 * 1024;
const REACH_BOUND: Duration = Duration::from_mins(2);

/// So many objects, of which every hundredth is a lockfile.
fn bucket(objects: usize) -> Holdings {
    let mut bucket = Holdings::default();
    for number in 0..objects {
        let state = format!("team-{:03}/service-{:05}/terraform.tfstate", number / 700, number);
        if number % 100 == 50 {
            bucket.objects.insert(format!("{state}.tflock"), a_lock(&format!("id-{number}")));
        } else {
            bucket.objects.insert(state, Vec::new());
        }
    }
    bucket
}

/// The peak memory of a listing, taken while the store keeps its last answer back.
fn peak_kib(holdings: Holdings) -> (u64, Said) {
    let last_page = holdings.objects.len().saturating_sub(1) / 1000;
    let (reached, is_reached) = mpsc::channel();
    let (let_go, may_go) = mpsc::channel::<()>();
    let ends = Mutex::new((0, reached, may_go));
    let store = FakeStore::start(holdings, move |asked| {
        if asked.operation == "ListObjectsV2" {
            let mut ends = ends.lock().expect("no panic");
            if ends.0 == last_page {
                ends.1.send(()).expect("the test waits");
                ends.2.recv().expect("the test lets go");
            }
            ends.0 += 1;
        }
        None
    });
    let mut command = command(&store.client_env(), &["s3://tfstate", "--jsonl"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    let pid = child.id();
    let reading = std::thread::spawn(move || child.wait_with_output().expect("an end"));
    is_reached.recv_timeout(REACH_BOUND).expect("the last page is asked for");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let peak = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    let_go.send(()).expect("the store waits");
    (peak, Said::of(&reading.join().expect("it was read")))
}

#[test]
fn a_hundred_thousand_objects_fit_in_bounded_memory() {
    let (base, _) = peak_kib(bucket(200));
    let (peak, said) = peak_kib(bucket(100_000));
    assert_eq!(said.ended(0).stdout.lines().count(), 100_000, "lock or state, each has its line");
    let grown = peak.saturating_sub(base);
    assert!(grown < BOUND_KIB, "{grown} KiB above {base} KiB");
}

#[test]
fn requests_grow_with_the_bucket_and_no_faster() {
    let requests = |objects: usize| {
        let store = store(bucket(objects));
        let said = ls(&store.client_env(), &["s3://tfstate", "--held", "--jsonl"]).ended(0);
        assert_eq!(said.stdout.lines().count(), objects / 100);
        (store.count("ListObjectsV2"), store.count("GetObject"), store.asked().len())
    };
    assert_eq!(requests(10_000), (10, 100, 110));
    assert_eq!(requests(100_000), (100, 1000, 1100));
}

#[test]
fn a_state_whose_lockfile_is_far_away_does_not_hold_up_the_rest() {
    let mut bucket = holdings(&[("a", ""), ("a.tflock", "one"), ("a!.tfstate", "")]);
    for number in 0..20_000 {
        bucket.objects.insert(format!("a-{number:05}.tfstate"), Vec::new());
    }
    let store = store(bucket);
    let said = ls(&store.client_env(), &["s3://tfstate", "--jsonl"]).ended(0);
    let keys = said.keys();
    assert_eq!(keys.len(), 20_002);
    assert!(keys.is_sorted(), "in order");
    let first = said.lines().swap_remove(0);
    assert_eq!((&first["key"], &first["held"]), (&"a".into(), &true.into()));
    assert_eq!(store.count("ListObjectsV2"), 22, "21 pages and one look for a lockfile");
}

#[test]
fn lockfiles_are_read_at_most_sixteen_at_a_time() {
    let mut bucket = Holdings::default();
    for number in 0..200 {
        bucket.objects.insert(format!("{number:03}.tfstate.tflock"), a_lock(&number.to_string()));
    }
    let at_a_time = Arc::new((Mutex::new((0, 0)), std::sync::Condvar::new()));
    let seen = Arc::clone(&at_a_time);
    let store = FakeStore::start(bucket, move |asked| {
        if asked.operation == "GetObject" {
            let (counts, changed) = &*seen;
            let mut counts = counts.lock().expect("no panic");
            counts.0 += 1;
            counts.1 = counts.0.max(counts.1);
            changed.notify_all();
            // The first sixteen wait for each other, if they come together.
            let together = |counts: &mut (usize, usize)| counts.1 < 16;
            let waited = changed.wait_timeout_while(counts, REACH_BOUND, together);
            waited.expect("no panic").0.0 -= 1;
        }
        None
    });
    let said = ls(&store.client_env(), &["s3://tfstate", "--held", "--jsonl"]).ended(0);
    let keys = said.keys();
    assert!(keys.len() == 200 && keys.is_sorted());
    assert_eq!(at_a_time.0.lock().expect("no panic").1, 16);
}

#[test]
fn a_limit_ends_the_listing_early() {
    let store = store(bucket(50_000));
    let said = ls(&store.client_env(), &["s3://tfstate", "--limit", "5", "--json"]).ended(0);
    let document = said.document();
    assert_eq!(document["states"].as_array().expect("states").len(), 5);
    assert_eq!(document["complete"], false);
    assert!(said.stderr.contains("there may be more: --limit is 5"), "{}", said.stderr);
    assert!(store.count("ListObjectsV2") <= 3, "{}", store.count("ListObjectsV2"));
}
