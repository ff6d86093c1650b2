//! Refusals, lost answers and signals.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use statelock_testkit::server_process::send_signal;

use crate::stage::{LOCK, STATE, a_bucket, command, env, gc, store};
use crate::versioned_store::{Asked, Verdict, VersionedStore, Versions};
use statelock_testkit::command::Run;

const BOUND: Duration = Duration::from_mins(1);

fn is_removal(asked: &Asked) -> bool {
    matches!(asked, Asked::RemoveMany(_) | Asked::RemoveOne(..))
}

#[test]
fn a_version_that_the_store_refuses_to_remove_is_named_and_its_marker_stays() {
    let mut versions = a_bucket();
    versions.cycles("b.tfstate.tflock", 1);
    let store = VersionedStore::start(versions, |asked, _| match asked {
        Asked::RemoveMany(_) => Verdict::RefuseEach("app/", "InternalError", "try later"),
        _ => Verdict::AsUsual,
    });
    let said = gc(&store, &["--yes"]).having_said(8, "5 versions were not removed");
    assert!(said.stdout.contains(&format!("still there: {LOCK} v")), "{}", said.stdout);
    assert!(said.stdout.contains("InternalError: try later"), "{}", said.stdout);
    assert_eq!((store.versions().count(LOCK), store.versions().count("b.tfstate.tflock")), (6, 0));
    assert!(!store.versions().is_there(LOCK), "no lock came back");
}

#[test]
fn what_object_lock_keeps_is_counted_and_no_failure() {
    let message = "Access Denied because object protected by object lock.";
    let store = VersionedStore::start(a_bucket(), move |asked, _| match asked {
        Asked::RemoveMany(_) => Verdict::RefuseEach("", "AccessDenied", message),
        _ => Verdict::AsUsual,
    });
    let said = gc(&store, &["--yes", "--json"]).having_said(0, "");
    let document = said.json();
    assert_eq!(document["kept"]["by_object_lock"], 5, "{document}");
    assert_eq!(document["kept"]["markers_over_kept_versions"], 1, "{document}");
    assert_eq!(document["refused"][0]["object_lock"], true);
    assert!(!store.versions().is_there(LOCK));
}

#[test]
fn who_may_remove_nothing_is_told_so_at_once() {
    let mut versions = Versions::default();
    for number in 0..30 {
        versions.cycles(&format!("{number:02}.tfstate.tflock"), 250);
    }
    let store = VersionedStore::start(versions.clone(), |asked, _| match asked {
        Asked::RemoveMany(_) => Verdict::RefuseEach("", "AccessDenied", "Access Denied"),
        _ => Verdict::AsUsual,
    });
    let said =
        gc(&store, &["--yes"]).having_said(9, "nothing may be removed with these credentials");
    assert!(said.stderr.contains("s3:DeleteObjectVersion"), "{}", said.stderr);
    let removals = store.asked().iter().filter(|asked| is_removal(asked)).count();
    assert!(removals <= 5, "{removals} requests of 15");
    assert_eq!(store.versions(), versions);
}

#[test]
fn a_store_without_the_call_for_many_is_asked_one_by_one() {
    for (status, code) in [(501, "NotImplemented"), (400, "InvalidRequest")] {
        let store = VersionedStore::start(a_bucket(), move |asked, _| match asked {
            Asked::RemoveMany(_) => Verdict::Refuse(status, code),
            _ => Verdict::AsUsual,
        });
        gc(&store, &["--yes"]).having_said(0, "removed       3 old versions");
        assert_eq!((store.versions().count(LOCK), store.versions().count(STATE)), (0, 3));
        let asked = store.asked();
        let last = asked.iter().rfind(|asked| is_removal(asked));
        let marker = a_bucket().keys[LOCK][0].0.clone();
        assert_eq!(
            last,
            Some(&Asked::RemoveOne(LOCK.to_owned(), marker)),
            "the marker is the last"
        );
    }
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let failures = AtomicUsize::new(2);
    let store = VersionedStore::start(a_bucket(), move |asked, _| {
        let fails = is_removal(asked)
            && failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
        if fails { Verdict::Refuse(500, "InternalError") } else { Verdict::AsUsual }
    });
    gc(&store, &["--yes"]).having_said(0, "removed       3 old versions");
    assert_eq!(store.versions().count(LOCK), 0);
}

#[test]
fn a_listing_that_breaks_says_how_far_it_came_and_frees_no_lock() {
    let mut versions = Versions::default();
    versions.cycles(LOCK, 1600);
    let pages = AtomicUsize::new(0);
    let store = VersionedStore::start(versions, move |asked, _| match asked {
        Asked::List(_) if pages.fetch_add(1, Ordering::SeqCst) >= 2 => {
            Verdict::Refuse(403, "AccessDenied")
        }
        _ => Verdict::AsUsual,
    });
    let said = gc(&store, &["--yes"]).having_said(9, "s3:ListBucketVersions");
    assert!(said.stderr.contains("it ended after 2,000 versions"), "{}", said.stderr);
    let left = store.versions();
    assert!(!left.is_there(LOCK) && left.keys[LOCK][0].1.is_none(), "the marker is still there");
}

#[test]
fn a_store_or_bucket_that_cannot_be_listed_is_named() {
    for (status, code, exit, said) in [
        (501, "NotImplemented", 10, "does not show the versions"),
        (404, "NoSuchBucket", 6, "NoSuchBucket"),
        (403, "AccessDenied", 9, "s3:ListBucketVersions"),
    ] {
        let store = VersionedStore::start(a_bucket(), move |_, _| Verdict::Refuse(status, code));
        gc(&store, &["--yes"]).having_said(exit, said);
    }
    let store = store(a_bucket());
    let bad = |arguments: &[&str]| crate::stage::run(&env(&store.endpoint()), arguments);
    bad(&["gc", "gs://tfstate"]).having_said(2, "s3://BUCKET");
    bad(&["gc", "/nowhere-at-all"]).having_said(2, "hint:");
    bad(&["gc", "s3://tfstate", "--older-than", "soon"]).having_said(2, "not a span");
}

#[test]
fn a_signal_ends_it_between_two_requests_and_a_second_run_does_the_rest() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut versions = Versions::default();
        versions.cycles(LOCK, 3000);
        let (reached, is_reached) = mpsc::channel();
        let (let_go, may_go) = mpsc::channel::<()>();
        let ends = Mutex::new((false, reached, may_go));
        let store = VersionedStore::start(versions, move |asked, _| {
            let mut ends = ends.lock().expect("no panic");
            if is_removal(asked) && !ends.0 {
                ends.0 = true;
                ends.1.send(()).expect("the test waits");
                ends.2.recv().expect("the test lets go");
            }
            Verdict::AsUsual
        });
        let mut command = command(&env(&store.endpoint()), &["gc", "s3://tfstate", "--yes"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
        is_reached.recv_timeout(BOUND).expect("a removal is on its way");
        send_signal(signal, child.id());
        // The signal is there before the answer is.
        let_go.send(()).expect("the store waits");
        let said = Run::from_output(child.wait_with_output().expect("an end"));
        said.having_said(code, "what was removed until then stays removed");
        assert!(!store.versions().is_there(LOCK), "no lock came back");
        assert_eq!(store.versions().keys[LOCK][0].1, None);
        gc(&store, &["--yes"]).having_said(0, "");
        assert_eq!(store.versions().count(LOCK), 0);
    }
}

#[cfg(unix)]
#[test]
fn a_command_line_that_is_no_text_is_no_panic_after_the_removal() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::process::CommandExt as _;

    let store = store(a_bucket());
    let mut command = command(&env(&store.endpoint()), &["gc", "s3://tfstate", "--yes"]);
    command.arg0(std::ffi::OsStr::from_bytes(b"\xff/statelock"));
    Run::of(command).having_said(0, "3 old versions");
    assert_eq!(store.versions().count(LOCK), 0);
}
