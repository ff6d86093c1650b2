//! Backups of a data directory that this user may only read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use statelock_server::SystemClock;
use statelock_server::backup::{self, BackupError, Progress};
use statelock_server::storage::Table;
use statelock_server::storage::embedded::{CopyError, EmbeddedStorage, Stop};
use statelock_testkit::nobody::run_as_nobody;

use crate::{Stage, contents};

/// Takes away, or gives back, the right to write to a directory and everything in it.
fn set_modes(directory: &Path, of_directory: u32, of_files: u32) {
    for (file, _) in contents(directory) {
        fs::set_permissions(file, Permissions::from_mode(of_files)).unwrap();
    }
    fs::set_permissions(directory, Permissions::from_mode(of_directory)).unwrap();
}

#[tokio::test]
async fn p12_a_stopped_directory_that_may_only_be_read_is_backed_up() {
    let stage = Stage::new().await;
    // Large enough to be copied in several steps.
    stage
        .edit(|transaction| {
            for n in 0..9_u8 {
                transaction.put(Table::Chunks, &[n; 20], &vec![n; 1 << 20]).unwrap();
            }
        })
        .await;
    set_modes(&stage.data(), 0o500, 0o400);
    if fs::File::create(stage.data().join("probe")).is_ok() {
        return run_as_nobody(
            "unwritable::p12_a_stopped_directory_that_may_only_be_read_is_backed_up",
        );
    }
    let before = contents(&stage.data());
    let taken = stage.take();
    assert_eq!(contents(&stage.data()), before, "nothing was made there");
    let manifest = taken.unwrap();
    assert_eq!(manifest.audit.number, 3, "three buckets were made");
    backup::verify(&stage.named(), &Stop::default(), &mut |_| {}).unwrap();

    // While it is copied as it lies, a server is started by somebody who may write.
    let (data, named) = (stage.data(), stage.0.path().join("second"));
    let mut started = None;
    let refused = backup::take(&data, &named, &SystemClock, &Stop::default(), &mut |progress| {
        if started.is_none() && matches!(progress, Progress::Copying { .. }) {
            set_modes(&data, 0o700, 0o600);
            started = Some(EmbeddedStorage::open(&data).unwrap());
        }
    });
    let is_told = matches!(&refused, Err(BackupError::Copy(CopyError::Started(of))) if *of == data);
    assert!(started.is_some() && is_told, "{refused:?}");
    assert_eq!(stage.names(), ["backup", "data"]);
}

#[tokio::test]
async fn what_may_not_be_read_is_named_as_such() {
    let stage = Stage::new().await;
    set_modes(&stage.data(), 0o700, 0o000);
    let database = stage.data().join("statelock.db");
    if fs::File::open(&database).is_ok() {
        return run_as_nobody("unwritable::what_may_not_be_read_is_named_as_such");
    }
    let refused = stage.take();
    let is_told = |path: &Path| path == database;
    assert!(matches!(&refused, Err(BackupError::Io { path, .. }) if is_told(path)), "{refused:?}");
    assert_eq!(stage.names(), ["data"]);
}
