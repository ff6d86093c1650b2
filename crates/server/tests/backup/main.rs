//! Backups as the library makes them: stopped at any point, and made of databases that are damaged in ways
//! that a start does not notice.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod unwritable;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use statelock_server::backup::{self, BackupError, Manifest, Progress};
use statelock_server::engine::{Engine, Limits};
use statelock_server::records::Versioning;
use statelock_server::storage::embedded::{EmbeddedStorage, Stop};
use statelock_server::storage::{self, Storage, Table, Transaction, Verdict};
use statelock_server::{SystemClock, SystemRandomness};
use tempfile::TempDir;

/// A data directory with a bucket, and a place for backups.
struct Stage(TempDir);

impl Stage {
    async fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        let storage: Arc<dyn Storage> = Arc::new(EmbeddedStorage::open(&stage.data()).unwrap());
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(SystemRandomness);
        let engine = Engine::new(Arc::clone(&storage), clock, ids, Limits::default());
        for name in ["tfstate", "second", "third"] {
            let made = engine.create_bucket(
                name.to_owned(),
                "us-east-1".to_owned(),
                Versioning::Enabled,
                None,
            );
            made.await.unwrap();
        }
        storage.close().await.unwrap();
        stage
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn named(&self) -> PathBuf {
        self.0.path().join("backup")
    }

    /// Changes rows, as nothing but damage or an attacker does.
    async fn edit(&self, edit: impl Fn(&mut dyn Transaction) + Send + 'static) {
        let storage: Arc<dyn Storage> = Arc::new(EmbeddedStorage::open(&self.data()).unwrap());
        storage::write(&storage, move |transaction| {
            edit(transaction);
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();
        storage.close().await.unwrap();
    }

    fn take(&self) -> Result<Manifest, BackupError> {
        backup::take(&self.data(), &self.named(), &SystemClock, &Stop::default(), &mut |_| {})
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The backup is refused because the copy is damaged like this, and nothing is left of it.
    fn assert_damaged(&self, said: &str) {
        let refused = self.take();
        let Err(BackupError::Damaged { database, what }) = &refused else { panic!("{refused:?}") };
        assert_eq!(*database, self.data().join("statelock.db"));
        assert!(what.contains(said), "{what}");
        assert_eq!(self.names(), ["data"]);
    }
}

fn rows(transaction: &mut dyn Transaction, family: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    transaction.scan(Table::Records, &[family], Some(&[family + 1]), usize::MAX).unwrap()
}

/// A version record of an object with one body of five bytes in two pieces.
fn version(digest: &str) -> String {
    format!(
        r#"{{"id":"null","sequence":1,"modified_micros":1,"content":{{"size":5,"etag":"x",
        "segments":[{{"body":"{:032x}","size":5}}],
        "facts":{{"digest":"{digest}","kind":"other"}}}}}}"#,
        7
    )
}

fn put_object(transaction: &mut dyn Transaction, digest: &str, pieces: &[&[u8]]) {
    let key = [&b"vtfstate\x00\x01object\x00\x01"[..], &u64::MAX.to_be_bytes()].concat();
    transaction.put(Table::Records, &key, version(digest).as_bytes()).unwrap();
    for (index, piece) in (0_u32..).zip(pieces) {
        let key = [&7_u128.to_be_bytes()[..], &index.to_be_bytes()].concat();
        transaction.put(Table::Chunks, &key, &[&[0], *piece].concat()).unwrap();
    }
}

/// Pieces that are not those of `hello`, and what is said of them.
const DAMAGED: [(&[&[u8]], &str); 4] = [
    (&[b"hel"], "a piece of it is missing"),
    (&[b"hel", b"lp"], "it does not have its MD5"),
    (&[b"hel", b"lo!"], "it is longer than its record says"),
    (&[b"hel", b""], "a piece of it is empty"),
];

/// MD5 of `hello`.
const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

#[tokio::test]
async fn every_body_is_looked_at() {
    let stage = Stage::new().await;
    stage.edit(|transaction| put_object(transaction, HELLO, &[b"hel", b"lo"])).await;
    let manifest = stage.take().unwrap();
    assert_eq!((manifest.objects, manifest.states, manifest.locks), (1, 0, 0));
    assert!(!manifest.credentials);
    std::fs::remove_dir_all(stage.named()).unwrap();

    for (pieces, said) in DAMAGED {
        let stage = Stage::new().await;
        stage.edit(move |transaction| put_object(transaction, HELLO, pieces)).await;
        stage.assert_damaged("s3://tfstate/object, version null: ");
        stage.assert_damaged(said);
    }
}

#[tokio::test]
async fn p10_a_backup_of_a_log_that_was_tampered_with_is_refused() {
    let stage = Stage::new().await;
    stage
        .edit(|transaction| {
            let (key, record) = rows(transaction, b'a')[1].clone();
            let changed = String::from_utf8(record).unwrap().replace("second", "sekond");
            transaction.put(Table::Records, &key, changed.as_bytes()).unwrap();
        })
        .await;
    stage.assert_damaged("audit record 2: its content was changed");

    let stage = Stage::new().await;
    stage
        .edit(|transaction| {
            let (key, _) = rows(transaction, b'a')[2].clone();
            transaction.delete(Table::Records, &key).unwrap();
        })
        .await;
    stage.assert_damaged("audit record 3: it is missing");
}

#[tokio::test]
async fn records_that_do_not_parse_are_damage() {
    let stage = Stage::new().await;
    stage
        .edit(|transaction| {
            let key = b"ltfstate\x00\x01a\x00\x01";
            transaction.put(Table::Records, key, b"{\"hold\":7}").unwrap();
        })
        .await;
    stage.assert_damaged("does not parse");
}

/// Whatever is being done: asked to stop, it ends, and nothing is left.
#[tokio::test]
async fn a_backup_that_is_stopped_at_any_step_leaves_nothing() {
    let stage = Stage::new().await;
    stage
        .edit(|transaction| {
            put_object(transaction, HELLO, &[b"hel", b"lo"]);
            for n in 0..9_u8 {
                transaction.put(Table::Chunks, &[n; 20], &vec![n; 1 << 20]).unwrap();
            }
        })
        .await;
    let mut steps = 0;
    backup::take(&stage.data(), &stage.named(), &SystemClock, &Stop::default(), &mut |_| {
        steps += 1;
    })
    .unwrap();
    assert!(steps > 6, "{steps}");

    for last in 1..=steps {
        let named = stage.0.path().join("stopped");
        let (stop, mut told, mut seen) = (Stop::default(), 0, Vec::new());
        let done = backup::take(&stage.data(), &named, &SystemClock, &stop, &mut |progress| {
            told += 1;
            seen.push(progress);
            if told == last {
                stop.ask();
            }
        });
        assert!(matches!(done, Err(BackupError::Stopped)), "at {seen:?}: {done:?}");
        assert_eq!(stage.names(), ["backup", "data"], "at {seen:?}");
    }
    let stopped = verify_until(&stage.named(), Progress::CheckingAudit);
    assert!(matches!(stopped, Err(BackupError::Stopped)), "{stopped:?}");
    assert!(verify_until(&stage.named(), Progress::CheckingBodies { bodies: 99 }).is_ok());
}

fn verify_until(named: &Path, last: Progress) -> Result<Manifest, BackupError> {
    let stop = Stop::default();
    let verified = backup::verify(named, &stop, &mut |progress| {
        if progress == last {
            stop.ask();
        }
    });
    verified.map(|verified| verified.manifest)
}

/// Each file of a directory with its bytes.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut contents: Vec<_> =
        paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    contents.sort();
    contents
}

#[tokio::test]
async fn p12_a_data_directory_is_never_taken_for_an_unfinished_backup() {
    let stage = Stage::new().await;
    let unfinished = stage.0.path().join("backup.unfinished");
    std::fs::rename(stage.data(), &unfinished).unwrap();
    let before = contents(&unfinished);
    assert!(before.len() > 1, "{before:?}");
    let take = |data: &Path| {
        backup::take(data, &stage.named(), &SystemClock, &Stop::default(), &mut |_| {})
    };
    // It is the data directory itself, by its name or by another.
    let link = stage.0.path().join("link");
    std::os::unix::fs::symlink(&unfinished, &link).unwrap();
    for data in [&unfinished, &link] {
        let refused = take(data);
        assert!(matches!(refused, Err(BackupError::Name { .. })), "{refused:?}");
        assert_eq!(contents(&unfinished), before);
    }
    // It is that of another server, which does not run.
    let other = Stage::new().await;
    let refused = take(&other.data());
    assert!(matches!(refused, Err(BackupError::NotOurs { .. })), "{refused:?}");
    assert_eq!(contents(&unfinished), before);
    // It is a link to one.
    std::fs::rename(&unfinished, stage.data()).unwrap();
    std::os::unix::fs::symlink(stage.data(), &unfinished).unwrap();
    let refused = take(&other.data());
    assert!(matches!(refused, Err(BackupError::Exists(_))), "{refused:?}");
    assert_eq!(contents(&stage.data()).len(), before.len());
}

/// What a backup that was killed leaves, but for its database.
const MARK: &str = "unfinished-backup";

#[tokio::test]
async fn what_a_killed_backup_left_goes_unless_a_server_was_started_on_it() {
    let stage = Stage::new().await;
    let unfinished = stage.0.path().join("backup.unfinished");
    let leave = |files: &[(&str, &str)]| {
        std::fs::create_dir(&unfinished).unwrap();
        for (name, content) in files {
            std::fs::write(unfinished.join(name), content).unwrap();
        }
    };
    let whole = (MARK, "backup.unfinished");
    let left: [&[(&str, &str)]; 6] = [
        &[],
        &[("lock", "")],
        &[("lock", "7\n"), (MARK, "")],
        &[("lock", "7\n"), (MARK, "backup.unf")],
        &[whole],
        &[("lock", "7\n"), whole, ("statelock.db", "half"), ("credentials.tmp", "")],
    ];
    for files in left {
        leave(files);
        stage.take().unwrap();
        assert_eq!(stage.names(), ["backup", "data"], "{files:?}");
        let names: Vec<_> = contents(&stage.named()).into_iter().map(|(path, _)| path).collect();
        let expected = ["backup.json", "lock", "statelock.db"].map(|name| stage.named().join(name));
        assert_eq!(names, expected, "{files:?}");
        std::fs::remove_dir_all(stage.named()).unwrap();
    }
    // Nobody's lock but a file of somebody's.
    for files in [&[("lock", "my notes")][..], &[("lock", "1\n2")]] {
        leave(files);
        let before = contents(&unfinished);
        let refused = stage.take();
        assert!(matches!(refused, Err(BackupError::NotOurs { .. })), "{files:?}: {refused:?}");
        assert_eq!(contents(&unfinished), before);
        std::fs::remove_dir_all(&unfinished).unwrap();
    }

    leave(&[whole]);
    std::fs::copy(stage.data().join("statelock.db"), unfinished.join("statelock.db")).unwrap();
    EmbeddedStorage::open(&unfinished).unwrap().close().await.unwrap();
    let before = contents(&unfinished);
    let refused = stage.take();
    assert!(matches!(refused, Err(BackupError::NotOurs { .. })), "{refused:?}");
    assert_eq!(contents(&unfinished), before);
}

/// One that was killed between getting its name and losing its mark.
#[tokio::test]
async fn a_backup_that_has_its_name_is_whole_and_is_never_cleared() {
    let stage = Stage::new().await;
    let made = stage.take().unwrap();
    std::fs::write(stage.named().join(MARK), "backup.unfinished").unwrap();
    let verified = verify_until(&stage.named(), Progress::CheckingBodies { bodies: 99 });
    assert_eq!(verified.unwrap(), made);
    // Called as one on its way to another name is, it is still not one.
    let other = stage.0.path().join("other");
    std::fs::rename(stage.named(), stage.0.path().join("other.unfinished")).unwrap();
    let before = contents(&stage.0.path().join("other.unfinished"));
    let refused = backup::take(&stage.data(), &other, &SystemClock, &Stop::default(), &mut |_| {});
    assert!(matches!(refused, Err(BackupError::NotOurs { .. })), "{refused:?}");
    assert_eq!(contents(&stage.0.path().join("other.unfinished")), before);
    // A server that is started on it removes the mark.
    let restored = stage.0.path().join("other.unfinished");
    EmbeddedStorage::open(&restored).unwrap().close().await.unwrap();
    assert!(!restored.join(MARK).exists());
}
