//! Disks of other kinds: one without room for the backup, which is said, and nothing is left on it; and one
//! that may only be read, on which backups are verified, and from which they can still be made.
//!
//! The commands run in a mount namespace of their own, on a tmpfs that vanishes with it. Where namespaces are
//! not permitted the test is reported as skipped.

use std::fs;
use std::process::Command;

use statelock_testkit::command::Run;
use statelock_testkit::skip::skip;

use crate::stage::{Stage, names, state};

/// The name of the skip; `xtask/src/check/skips.rs` knows it.
const SKIPPED: &str = "backup: a full disk";
const ON_SMALL_DISK: &str = "mount -t tmpfs -o size=256k tmpfs \"$DISK\" || exit 77; \
                             \"$BINARY\" backup --data \"$DATA\" \"$DISK/one\"; code=$?; \
                             echo \"left: $(ls -A \"$DISK\")\"; exit $code";
/// A server that was killed left a log, another was stopped; then the disk turned read-only.
const ON_READ_ONLY_DISK: &str = "mount -t tmpfs tmpfs \"$DISK\" || exit 77; \
                                 cp -a \"$DATA\" \"$DISK/data\" && \
                                 cp -a \"$STOPPED\" \"$DISK/stopped\" && cp -a \"$BACKUP\" \"$DISK/backup\" && \
                                 mount -o remount,ro \"$DISK\" || exit 78; \
                                 \"$BINARY\" backup verify \"$DISK/backup\" || exit 79; \
                                 \"$BINARY\" backup --data \"$DISK/data\" \"$BACKUP-again\" || exit 80; \
                                 \"$BINARY\" backup --data \"$DISK/stopped\" \"$BACKUP-of-stopped\" || exit 81; \
                                 echo \"left: $(cd \"$DISK\" && ls -A stopped/* backup/* | tr '\\n' ' ')\"";

/// Runs a script in a namespace in which it may mount; or says why there is none.
fn run_mounting(stage: &Stage, script: &str) -> Result<Run, String> {
    let disk = stage.path("disk");
    fs::create_dir(&disk).expect("a directory to mount on");
    if let Err(missing) = Command::new("unshare").arg("--version").output() {
        return Err(format!("unshare does not start: {missing}"));
    }
    let mut reason = String::new();
    for namespace in [&["unshare", "-m"][..], &["unshare", "-r", "-m"]] {
        let mut command = Command::new(namespace[0]);
        command.args(&namespace[1..]).args(["sh", "-c", script]);
        command.env("DISK", &disk).env("DATA", stage.data()).env("BACKUP", stage.path("backup"));
        command.env("STOPPED", stage.path("stopped"));
        command.env("BINARY", env!("CARGO_BIN_EXE_statelock"));
        let ended = Run::of(command);
        if ended.stdout.contains("left: ") || ended.code.is_some_and(|code| code > 77) {
            return Ok(ended);
        }
        reason = ended.stderr;
    }
    Err(format!("no mount namespace is permitted here: {}", reason.trim()))
}

#[test]
fn a_full_disk_is_named_and_left_empty() {
    let stage = Stage::new();
    let mut running = stage.serve();
    running.fill();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(400_000).collect();
    running.put("large", noise);
    assert!(running.server.terminate().success());
    match run_mounting(&stage, ON_SMALL_DISK) {
        Ok(ended) => {
            ended.ended(8, "there is no room on the disk for `").ended(8, "make room");
            assert_eq!(ended.stdout, "left: \n");
            assert_eq!(names(&stage.path("disk")), [""; 0]);
        }
        Err(reason) => skip(SKIPPED, &reason),
    }
}

#[test]
fn a_file_that_may_not_grow_further_is_named_and_goes() {
    let stage = Stage::new();
    let mut running = stage.serve();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(400_000).collect();
    running.put("large", noise);
    assert!(running.server.terminate().success());
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 100 && exec \"$BINARY\" backup --data \"$DATA\" \"$DEST\""]);
    command.env("BINARY", env!("CARGO_BIN_EXE_statelock"));
    command.env("DATA", stage.data()).env("DEST", stage.path("one"));
    let ended = Run::of(command);
    ended.ended(8, "one.unfinished/statelock.db`").ended(8, "and `ulimit -f`");
    stage.assert_nothing_of("one");
}

#[test]
fn p12_what_a_read_only_disk_holds_is_verified_and_backed_up() {
    let stage = Stage::new();
    let mut running = stage.serve();
    running.fill();
    stage.backup("backup").ended(0, "");
    let mut stopped = stage.restored("backup");
    assert!(stopped.server.terminate().success());
    fs::rename(stage.path("backup-restored"), stage.path("stopped")).expect("a stopped server's");
    running.put("late/terraform.tfstate", state("late", 1));
    running.server.kill_hard();
    assert!(names(&stage.data()).contains(&"statelock.db-wal".to_owned()));
    match run_mounting(&stage, ON_READ_ONLY_DISK) {
        Ok(ended) => {
            ended.ended(0, "");
            let left = "left: backup/backup.json backup/credentials backup/lock backup/statelock.db \
                        stopped/backup.json stopped/credentials stopped/lock stopped/statelock.db \n";
            assert!(ended.stdout.ends_with(left), "{ended:?}");
            let restored = stage.restored("backup-again");
            assert_eq!(restored.get("late/terraform.tfstate"), Some(state("late", 1)));
            let restored = stage.restored("backup-of-stopped");
            assert_eq!(restored.get("app/terraform.tfstate"), Some(state("app", 2)));
        }
        Err(reason) => skip(SKIPPED, &reason),
    }
}
