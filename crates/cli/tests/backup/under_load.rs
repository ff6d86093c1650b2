//! Backups that are made while clients write: each is one moment, with everything that was acknowledged
//! before it began.
//!
//! Each writer repeats three steps on a state of its own: it takes the lock, writes the next serial, and
//! gives the lock back. So a number of steps says what is stored, and what is stored says how many steps
//! there were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode};
use serde_json::{Value, json};
use statelock_testkit::server_process::wait_until;
use tokio::runtime::Runtime;

use crate::stage::{Serving, Stage, state};

const WRITERS: usize = 6;
const BACKUPS: usize = 4;

/// How many steps each writer was told to be done.
struct Progress(Vec<AtomicUsize>);

impl Progress {
    fn now(&self) -> Vec<usize> {
        self.0.iter().map(|steps| steps.load(Ordering::SeqCst)).collect()
    }
}

fn state_key(writer: usize) -> String {
    format!("team-{writer}/terraform.tfstate")
}

fn lock_id(writer: usize, serial: usize) -> String {
    format!("00000000-0000-0000-{writer:04}-{serial:012}")
}

async fn write(client: AmazonS3, writer: usize, progress: Arc<Progress>, over: Arc<AtomicBool>) {
    let lockfile = Key::from(format!("{}.tflock", state_key(writer)));
    let key = Key::from(state_key(writer));
    for serial in 1.. {
        let info = json!({
            "ID": lock_id(writer, serial), "Operation": "OperationTypeApply", "Info": "",
            "Who": "you@laptop", "Version": "1.11.4", "Created": "2026-11-21T23:58:59.285210551Z",
            "Path": format!("tfstate/{key}"),
        });
        let taken = client.put_opts(&lockfile, info.to_string().into(), PutMode::Create.into());
        taken.await.expect("the lock is free");
        progress.0[writer].fetch_add(1, Ordering::SeqCst);
        let body = state(&format!("team-{writer}"), u64::try_from(serial).expect("a serial"));
        client.put(&key, body.into()).await.expect("the state is stored");
        progress.0[writer].fetch_add(1, Ordering::SeqCst);
        client.delete(&lockfile).await.expect("the lock is given back");
        progress.0[writer].fetch_add(1, Ordering::SeqCst);
        if over.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// How many steps a writer had done when this was stored, as far as it was stored as a whole.
fn steps(serving: &Serving, writer: usize) -> (usize, bool) {
    let text = serving.get(&state_key(writer));
    let stored = text.as_deref().map(|text| serde_json::from_str::<Value>(text).expect("a state"));
    let serial = stored.map_or(0, |stored| stored["serial"].as_u64().expect("a serial"));
    if let Some(text) = text {
        assert_eq!(text, state(&format!("team-{writer}"), serial), "the state as it was written");
    }
    let serial = usize::try_from(serial).expect("a serial");
    let Some(lock) = serving.get(&format!("{}.tflock", state_key(writer))) else {
        return (3 * serial, false);
    };
    let lock: Value = serde_json::from_str(&lock).expect("a lock info");
    if lock["ID"] == lock_id(writer, serial + 1) {
        (3 * serial + 1, true)
    } else {
        assert_eq!(lock["ID"], lock_id(writer, serial), "one of the locks that were asked for");
        (3 * serial - 1, true)
    }
}

/// A backup under a name, and how many steps were done before it began and after it was made.
fn backup(stage: &Stage, name: &str, progress: &Progress) -> (Vec<usize>, Vec<usize>) {
    let before = progress.now();
    stage.backup(name).ended(0, "");
    (before, progress.now())
}

#[test]
fn p12_a_backup_made_while_clients_write_is_one_moment_with_all_that_was_acknowledged() {
    let stage = Stage::new();
    let running = stage.serve();
    let progress = Arc::new(Progress((0..WRITERS).map(|_| AtomicUsize::new(0)).collect()));
    let over = Arc::new(AtomicBool::new(false));
    let runtime = Runtime::new().unwrap();
    let start = |writer| {
        let client = crate::bucket::open(running.server.endpoint(), running.server.credentials());
        runtime.spawn(write(client, writer, Arc::clone(&progress), Arc::clone(&over)))
    };
    let writers: Vec<_> = (0..WRITERS).map(start).collect();

    let mut spans = Vec::new();
    for round in 0..BACKUPS {
        let least = 5 + 20 * round;
        let at_work = || progress.now().iter().all(|steps| *steps >= least).then_some(());
        assert!(wait_until(Duration::from_mins(1), at_work).is_some(), "{:?}", progress.now());
        spans.push(backup(&stage, &format!("backup-{round}"), &progress));
    }
    over.store(true, Ordering::SeqCst);
    for writer in writers {
        runtime.block_on(writer).expect("nobody was disturbed");
    }
    let written = |(before, after): &(Vec<usize>, Vec<usize>)| before != after;
    assert!(spans.iter().any(written), "there was no load while a backup was made");

    for (round, (before, after)) in spans.into_iter().enumerate() {
        let name = format!("backup-{round}");
        stage.verify(&name).ended(0, "");
        let restored = stage.restored(&name);
        restored.client(&["audit", "--verify"]).ended(0, "");
        let mut held = 0;
        for writer in 0..WRITERS {
            let (found, is_held) = steps(&restored, writer);
            // One more may be in it that had no answer when they were counted.
            let possible = before[writer]..=after[writer] + 1;
            assert!(possible.contains(&found), "writer {writer}: {found} of {possible:?}");
            held += u64::from(is_held);
        }
        let manifest = std::fs::read_to_string(stage.path(&name).join("backup.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["locks"], held);
        assert_eq!(manifest["states"], WRITERS);
        // Whoever held a lock then holds it in the restored server: it can be looked at, and forced.
        assert_eq!(
            restored.client(&["audit", "--json"]).json()["head"],
            json!({
                "number": manifest["audit"]["number"], "hash": manifest["audit"]["hash"],
            })
        );
    }
}
