//! A backup has its name only when everything in it is on the disk; and whatever is left of one that was
//! killed, or lost its power, at any of its steps, goes with the next.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use statelock_server::SystemClock;
use statelock_server::auth::credentials::Credentials;
use statelock_server::backup;
use statelock_server::storage::Table;
use statelock_server::storage::embedded::Stop;
use statelock_testkit::skip::skip;

use super::disk::{Disk, Loss};
use super::trace::Event;
use super::{SEEDS, SKIPPED, recorded};
use crate::child;
use crate::rows::{noise, open, put};

const CHILD: &str = "power_loss::backups::child_makes_a_backup";
const CHILD_TO_KILL: &str = "power_loss::backups::child_makes_a_backup_of_what_is_there";
const UNFINISHED: &str = "backup.unfinished";
const MARK_OF_NAMED: &str = "backup/unfinished-backup";
/// Whatever changes something that others see, by the names that it has on some system.
const STEPS: [&str; 10] = [
    "?mkdir,?mkdirat",
    "flock",
    "ftruncate",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "?chmod,?fchmod,?fchmodat",
    "?rename,?renameat,?renameat2",
    "?unlink,?unlinkat,?rmdir",
];
const SIGKILL: i32 = 9;

#[test]
fn p12_a_backup_has_its_name_only_when_all_of_it_is_on_the_disk() {
    let events = match recorded(CHILD) {
        Ok(events) => events,
        Err(reason) => return skip(SKIPPED, &reason),
    };
    let files = verify(&events).unwrap_or_else(|lost| panic!("{lost}\n{events:#?}"));
    let names = ["backup.json", "credentials", "statelock.db"];
    assert!(files.iter().map(String::as_str).eq(names.map(|name| name)), "{files:?}");

    // The check has teeth: without any one of these syncs something could be lost.
    let inside = ["unfinished-backup", "backup.json", "credentials.tmp", "statelock.db"];
    let inside = inside.map(|name| format!("{UNFINISHED}/{name}"));
    for name in inside.into_iter().chain([UNFINISHED.to_owned(), String::new()]) {
        let is_it = |event: &Event| match event {
            Event::Sync { name: synced } => *synced == name,
            Event::SyncDirectory => name.is_empty(),
            Event::Create { .. }
            | Event::Write { .. }
            | Event::Append { .. }
            | Event::Truncate { .. }
            | Event::Rename { .. }
            | Event::Remove { .. }
            | Event::Acknowledged => false,
        };
        let lazy: Vec<_> = events.iter().filter(|event| !is_it(event)).cloned().collect();
        assert!(verify(&lazy).is_err(), "without a sync of `{name}`");
    }
}

/// Answers the files of the backup, or what was not on the disk when it got its name, or when its maker
/// was told that it is there.
fn verify(events: &[Event]) -> Result<BTreeSet<String>, String> {
    let mut files = BTreeSet::new();
    let mut unsynced = BTreeSet::new();
    let mut is_named = false;
    let inside = |name: &str| name.strip_prefix(UNFINISHED)?.strip_prefix('/').map(str::to_owned);
    for event in events {
        match event {
            Event::Rename { from, to } if from == UNFINISHED => {
                assert_eq!(to, "backup");
                if !unsynced.is_empty() {
                    return Err(format!("named while {unsynced:?} were not synced"));
                }
                is_named = true;
                unsynced.insert(String::new());
            }
            Event::Create { name } if inside(name).is_some() => {
                files.extend(inside(name));
                unsynced.insert(UNFINISHED.to_owned());
            }
            Event::Write { name, .. }
            | Event::Append { name, .. }
            | Event::Truncate { name, .. }
                if inside(name).is_some() =>
            {
                unsynced.insert(name.clone());
            }
            Event::Remove { name } if name == MARK_OF_NAMED => {
                if !unsynced.is_empty() {
                    return Err(format!("the mark went while {unsynced:?} were not synced"));
                }
                files.remove("unfinished-backup");
            }
            Event::Remove { name } => {
                if let Some(name) = inside(name) {
                    files.remove(&name);
                    unsynced.insert(UNFINISHED.to_owned());
                }
                unsynced.remove(name);
            }
            Event::Rename { from, to } => {
                if let (Some(old), Some(new)) = (inside(from), inside(to)) {
                    files.remove(&old);
                    files.insert(new);
                    if unsynced.remove(from) {
                        return Err(format!("{from} was renamed and not synced"));
                    }
                    unsynced.insert(UNFINISHED.to_owned());
                }
            }
            Event::Sync { name } => {
                unsynced.remove(name);
            }
            Event::SyncDirectory => {
                unsynced.remove("");
            }
            Event::Acknowledged => {
                if !is_named || !unsynced.is_empty() {
                    return Err(format!("told while {unsynced:?} were not synced"));
                }
            }
            Event::Create { .. }
            | Event::Write { .. }
            | Event::Append { .. }
            | Event::Truncate { .. } => {}
        }
    }
    if is_named { Ok(files) } else { Err("the backup never got its name".to_owned()) }
}

#[tokio::test]
async fn p12_a_backup_that_is_killed_at_any_step_leaves_nothing_to_do() {
    let scratch = tempfile::tempdir().unwrap();
    let (data, named) = (scratch.path().join("data"), scratch.path().join("backup"));
    make_data(&data).await;
    let (mut kills, mut named_ones, mut unfinished_ones) = (0, 0, 0);
    for step in STEPS {
        for nth in 1.. {
            match killed_before(step, nth, scratch.path()) {
                Ok(true) => {}
                Ok(false) => break,
                // Only the first run tells whether this machine can do it at all.
                Err(reason) if kills == 0 => return skip(SKIPPED, &reason),
                Err(reason) => panic!("{step} {nth}: {reason}"),
            }
            kills += 1;
            unfinished_ones += usize::from(scratch.path().join(UNFINISHED).exists());
            if named.exists() {
                named_ones += 1;
                let verified = backup::verify(&named, &Stop::default(), &mut |_| {});
                verified.unwrap_or_else(|error| panic!("killed before {step} {nth}: {error}"));
                std::fs::remove_dir_all(&named).unwrap();
            }
            assert_next(&data, &named, &format!("killed before {step} {nth}"));
            std::fs::remove_dir_all(&named).unwrap();
        }
        if named.exists() {
            std::fs::remove_dir_all(&named).unwrap();
        }
    }
    println!("{kills} kills left {unfinished_ones} unfinished backups and {named_ones} whole ones");
    assert!(unfinished_ones > 20 && named_ones > 1, "{kills} {unfinished_ones} {named_ones}");
}

/// Runs a child that is killed before the `nth` time that it takes a step; whether it was. A child that
/// comes to its end took the step less often.
fn killed_before(step: &str, nth: u32, directory: &Path) -> Result<bool, String> {
    let trace = format!("trace={step}");
    let inject = format!("inject={step}:signal=KILL:when={nth}");
    let strace = ["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let output = child::script(&strace, "exec \"$@\"", CHILD_TO_KILL, directory)
        .output()
        .map_err(|missing| format!("strace does not start: {missing}"))?;
    if output.status.success() {
        return Ok(false);
    }
    match output.status.signal().or(output.status.code().map(|code| code - 128)) {
        Some(SIGKILL) => Ok(true),
        _ => Err(format!(
            "strace may not trace here: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

/// Makes the next backup of the same name, as a person would who does not look at what is there.
fn assert_next(data: &Path, named: &Path, what: &str) {
    let taken = backup::take(data, named, &SystemClock, &Stop::default(), &mut |_| {});
    taken.unwrap_or_else(|error| panic!("{what}: {error}"));
    let verified = backup::verify(named, &Stop::default(), &mut |_| {});
    verified.unwrap_or_else(|error| panic!("{what}: {error}"));
    let entries = std::fs::read_dir(named.parent().unwrap()).unwrap();
    let left: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.contains(OsStr::new(UNFINISHED)), "{what}: {left:?}");
}

#[tokio::test]
async fn p12_whatever_a_power_loss_leaves_of_a_backup_goes_with_the_next() {
    let events = match recorded(CHILD) {
        Ok(events) => events,
        Err(reason) => return skip(SKIPPED, &reason),
    };
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    make_data(&data).await;
    let (mut disk, mut tried) = (Disk::default(), BTreeSet::new());
    let until_named = events
        .iter()
        .take_while(|event| !matches!(event, Event::Rename { from, .. } if from == UNFINISHED));
    for (moment, event) in until_named.filter_map(in_unfinished).enumerate() {
        disk.apply(&event);
        let losses = [Loss::All, Loss::Nothing];
        for loss in losses.into_iter().chain((0..SEEDS).map(Loss::Some)) {
            let image = disk.without_power(loss, moment);
            if !tried.insert(image.fingerprint()) {
                continue;
            }
            let place = tempfile::tempdir().unwrap();
            std::fs::create_dir(place.path().join(UNFINISHED)).unwrap();
            image.write(&place.path().join(UNFINISHED));
            let what = format!("after operation {moment} ({event}), {loss:?}");
            assert_next(&data, &place.path().join("backup"), &what);
        }
    }
    println!("{} different disks", tried.len());
    assert!(tried.len() > 20, "{}", tried.len());
}

/// What is done to the directory of an unfinished backup, with names inside of it.
fn in_unfinished(event: &Event) -> Option<Event> {
    let inside = |name: &str| name.strip_prefix(UNFINISHED)?.strip_prefix('/').map(str::to_owned);
    Some(match event {
        Event::Create { name } => Event::Create { name: inside(name)? },
        Event::Write { name, offset, bytes } => {
            Event::Write { name: inside(name)?, offset: *offset, bytes: bytes.clone() }
        }
        Event::Append { name, bytes } => {
            Event::Append { name: inside(name)?, bytes: bytes.clone() }
        }
        Event::Truncate { name, len } => Event::Truncate { name: inside(name)?, len: *len },
        Event::Sync { name } if name == UNFINISHED => Event::SyncDirectory,
        Event::Sync { name } => Event::Sync { name: inside(name)? },
        Event::Rename { from, to } => Event::Rename { from: inside(from)?, to: inside(to)? },
        Event::Remove { name } => Event::Remove { name: inside(name)? },
        Event::SyncDirectory | Event::Acknowledged => return None,
    })
}

/// A data directory with some chunks and an access key.
async fn make_data(data: &Path) {
    let engine = open(data).unwrap();
    Credentials::open(data, None).unwrap();
    for n in 0..3_u8 {
        put(&engine, Table::Chunks, &[n], &noise(n.into(), 5_000)).await.unwrap();
    }
    engine.close().await.unwrap();
}

#[test]
fn child_makes_a_backup_of_what_is_there() {
    let Some(directory) = child::directory() else {
        return;
    };
    let (data, named) = (directory.join("data"), directory.join("backup"));
    backup::take(&data, &named, &SystemClock, &Stop::default(), &mut |_| {}).unwrap();
}

#[tokio::test]
async fn child_makes_a_backup() {
    let Some(directory) = child::directory() else {
        return;
    };
    let data = directory.join("data");
    let engine = open(&data).unwrap();
    Credentials::open(&data, None).unwrap();
    for n in 0..3_u8 {
        put(&engine, Table::Chunks, &[n], &noise(n.into(), 5_000)).await.unwrap();
    }
    let named = directory.join("backup");
    backup::take(&data, &named, &SystemClock, &Stop::default(), &mut |_| {}).unwrap();
    println!("{}", super::trace::ACKNOWLEDGED);
}
