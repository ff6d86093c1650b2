//! Files that git tracks although a pattern of a `.gitignore` matches them: they are not ignored.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables by which a hook that started us would have git look at its own repository.
const VARIABLES: [&str; 5] =
    ["GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_WORK_TREE"];

/// Whether a directory is the top of a repository that tracks anything. Where the `.git` is a file, the
/// index is elsewhere.
pub(super) fn is_possible(top: &Path) -> bool {
    let git = top.join(".git");
    git.is_file() || git.join("index").is_file()
}

/// The files below `directory` that git tracks and a pattern matches. Nothing is written, and no hook of
/// the repository is run.
///
/// # Errors
/// [`io::Error`] if git is not there, or does not answer.
pub(super) fn matched_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-C"])
        .arg(directory)
        .args(["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null());
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(format!("git said: {said}")));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| directory.join(path_of(name))).collect())
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::new(String::from_utf8_lossy(name).as_ref()))
}
