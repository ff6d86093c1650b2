//! How a test says that it could not run, and why.
//!
//! A test that needs a program this machine does not have calls [`skip`] and returns. The check
//! command names every skip at the end, and fails on one that is not expected where it runs, so that
//! nothing passes silently.

use std::fs::OpenOptions;
use std::io::Write;

/// The environment variable that names the file to which skips are appended.
pub const SKIP_LOG: &str = "STATELOCK_SKIP_LOG";

/// Records that `what` did not run because of `reason`; the caller then returns from its test.
///
/// One line `what<TAB>reason` is appended to the file named by `STATELOCK_SKIP_LOG`, if that is set.
/// `what` is the stable half: the check command compares it with the skips it allows.
#[expect(clippy::print_stderr, reason = "a skip is told to whoever reads the test's output")]
pub fn skip(what: &str, reason: &str) {
    eprintln!("skipped: {what}: {reason}");
    let Some(path) = std::env::var_os(SKIP_LOG) else {
        return;
    };
    let line = format!("{}\t{}\n", one_line(what), one_line(reason));
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap_or_else(|error| unwritable(&path, &error));
    // One write call: several test processes append to the same file.
    log.write_all(line.as_bytes()).unwrap_or_else(|error| unwritable(&path, &error));
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

/// A skip that cannot be recorded would be a silent pass, so it ends the test instead.
#[expect(clippy::panic, reason = "ends the test that could not record its skip")]
fn unwritable<T>(path: &std::ffi::OsStr, error: &std::io::Error) -> T {
    panic!("cannot append to the skip log {}: {error}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_stays_on_one_line() {
        assert_eq!(one_line("not found:\n\tterraform"), "not found:  terraform");
    }
}
