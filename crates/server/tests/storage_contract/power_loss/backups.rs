//! A backup has its name only when everything in it is on the disk.

use std::collections::BTreeSet;

use statelock_server::SystemClock;
use statelock_server::auth::credentials::Credentials;
use statelock_server::backup;
use statelock_server::storage::Table;
use statelock_server::storage::embedded::Stop;
use statelock_testkit::skip::skip;

use super::trace::Event;
use super::{SKIPPED, recorded};
use crate::child;
use crate::rows::{noise, open, put};

const CHILD: &str = "power_loss::backups::child_makes_a_backup";
const UNFINISHED: &str = "backup.unfinished";

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
    let inside = ["backup.json", "credentials.tmp", "statelock.db"];
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
