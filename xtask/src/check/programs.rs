//! Programs that the tests use and a fresh machine may lack.

use std::path::Path;
use std::process::{Command, Stdio};

/// Installs `strace` from the distribution's packages if it is missing and this process may.
///
/// Failure is tolerated: the tests that need it then report that they were skipped.
pub(super) fn install_missing() {
    if is_on_path("strace") || !is_on_path("apt-get") || !is_root() {
        return;
    }
    println!("installing strace, which one test uses");
    let install = quiet("apt-get", &["install", "-y", "-q", "strace"]);
    if !install {
        // A fresh image has no package lists yet.
        quiet("apt-get", &["update", "-q"]);
        let again = quiet("apt-get", &["install", "-y", "-q", "strace"]);
        println!("strace was {}", if again { "installed" } else { "not installed" });
    }
}

/// Runs a program without input and output; true if it succeeds.
fn quiet(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Whether files that this process makes would belong to root, as `/proc/self` does then.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|owned| owned.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(is_on_path("sh"));
        assert!(!is_on_path("no-such-program-anywhere"));
    }

    #[test]
    fn a_failing_or_missing_program_is_no_success() {
        assert!(quiet("true", &[]));
        assert!(!quiet("false", &[]));
        assert!(!quiet("no-such-program-anywhere", &[]));
    }
}
