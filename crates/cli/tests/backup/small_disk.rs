//! A disk without room for the backup: said so, and nothing is left on it.
//!
//! The command runs in a mount namespace of its own, on a tmpfs that vanishes with it. Where namespaces are
//! not permitted the test is reported as skipped.

use std::fs;
use std::process::Command;

use statelock_testkit::command::Run;
use statelock_testkit::skip::skip;

use crate::stage::{Stage, names};

/// The name of the skip; `xtask/src/check/skips.rs` knows it.
const SKIPPED: &str = "backup: a full disk";
const ON_SMALL_DISK: &str = "mount -t tmpfs -o size=256k tmpfs \"$DISK\" || exit 77; \
                             \"$@\"; code=$?; echo \"left: $(ls -A \"$DISK\")\"; exit $code";

#[test]
fn a_full_disk_is_named_and_left_empty() {
    let stage = Stage::new();
    let mut running = stage.serve();
    running.fill();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(400_000).collect();
    running.put("large", noise);
    assert!(running.server.terminate().success());
    let disk = stage.path("disk");
    fs::create_dir(&disk).unwrap();

    let mut reason = String::new();
    for namespace in [&["unshare", "-m"][..], &["unshare", "-r", "-m"]] {
        let mut command = Command::new(namespace[0]);
        command.args(&namespace[1..]).args(["sh", "-c", ON_SMALL_DISK, "sh"]).env("DISK", &disk);
        command.arg(env!("CARGO_BIN_EXE_statelock")).args(["backup", "--data"]);
        command.arg(stage.data()).arg(disk.join("one"));
        if let Err(missing) = command.output() {
            return skip(SKIPPED, &format!("unshare does not start: {missing}"));
        }
        let ended = Run::of(command);
        if ended.stdout.contains("left: ") {
            ended.ended(8, "there is no room on the disk for `").ended(8, "make room");
            assert_eq!(ended.stdout, "left: \n");
            assert_eq!(names(&disk), [""; 0]);
            return;
        }
        reason = ended.stderr;
    }
    skip(SKIPPED, &format!("no mount namespace is permitted here: {}", reason.trim()));
}
