//! Tests that need another process start this test binary again, to run one test by name.

use std::process::{Command, Stdio};

/// Set for a child; its value is the data directory.
const DIRECTORY: &str = "STATELOCK_TEST_CHILD_DIRECTORY";

/// The data directory, if this process was started as a child.
pub(crate) fn directory() -> Option<std::path::PathBuf> {
    std::env::var_os(DIRECTORY).map(Into::into)
}

/// Arguments that make this binary run just `test` and pass its output on.
pub(crate) fn arguments(test: &str) -> [&str; 4] {
    ["--exact", test, "--nocapture", "--test-threads=1"]
}

/// A command that runs `test` of this binary as a child on `directory`.
pub(crate) fn command(test: &str, directory: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments(test)).env(DIRECTORY, directory).stdout(Stdio::piped());
    command
}

/// Like [`command`], but run by a shell script that gets the binary and its arguments as `"$@"`.
pub(crate) fn script(
    runner: &[&str],
    script: &str,
    test: &str,
    directory: &std::path::Path,
) -> Command {
    let mut command = Command::new(runner[0]);
    command
        .args(&runner[1..])
        .args(["sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(arguments(test))
        .env(DIRECTORY, directory);
    command
}
