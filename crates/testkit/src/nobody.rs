//! Tests of what a user may not do, where the tests are run by root, whom no mode binds.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

const NOBODY: u32 = 65534;
/// Says that this is the second run.
const AGAIN: &str = "RUN_BY_NOBODY";

/// Runs one test of this binary again as a user whom modes bind.
///
/// # Panics
/// The test fails there, or modes do not bind that user either.
pub fn run_as_nobody(test: &str) {
    assert!(std::env::var_os(AGAIN).is_none(), "no mode binds anybody here");
    // By its link in /proc: the path to the binary may lead through directories of root alone.
    let ended = Command::new("/proc/self/exe")
        .args(["--exact", test])
        .current_dir("/")
        .env("TMPDIR", "/tmp")
        .env(AGAIN, "")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .expect("the test binary starts again");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}
