//! The file system as the verbs that change files see it: a port, so that a test can end the program at
//! any of its steps.

mod error;
mod os;
mod replace;
#[cfg(test)]
pub(super) mod stopping;

pub(super) use error::FileError;
pub(super) use os::OsFiles;
pub(super) use replace::{check, leftover_of, replace};

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// What is done to files. Each function is one step: it may be the last that this process does.
pub(super) trait Files {
    /// All bytes of a regular file.
    ///
    /// # Errors
    /// As the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What kind of thing is there; links are not followed.
    ///
    /// # Errors
    /// As the system says.
    fn facts(&self, path: &Path) -> io::Result<Facts>;

    /// Makes a file that is not there yet, with these bytes, on the disk.
    ///
    /// # Errors
    /// As the system says. A part of the file may be there then.
    fn create(&self, path: &Path, bytes: &[u8], ownership: Ownership) -> io::Result<()>;

    /// Gives a file another name, in place of what has that name.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes names in a directory durable.
    ///
    /// # Errors
    /// As the system says.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes a directory that only its owner can look into; one that is there already is left as it is.
    ///
    /// # Errors
    /// As the system says.
    fn make_directory(&self, path: &Path) -> io::Result<()>;

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Whether it is a regular file.
    pub(super) is_file: bool,
    /// Whether its mode lets somebody write it, and the system this user.
    pub(super) is_writable: bool,
    /// Who of its owners a new file could be given to.
    pub(super) own: Own,
    /// How many names the file has.
    pub(super) names: u64,
    /// Whose it is.
    pub(super) ownership: Ownership,
}

/// Whether a new file can be the same user's and the same group's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) user: bool,
    pub(super) group: bool,
}

/// Mode and owner of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ownership {
    /// The permission bits.
    pub(super) mode: u32,
    /// User and group; `None`: whoever runs this.
    pub(super) owner: Option<(u32, u32)>,
}

impl Ownership {
    /// Only for whoever runs this: originals may hold secrets.
    pub(super) const PRIVATE: Self = Self { mode: 0o600, owner: None };
}

/// A path without links as people would write it here: from the working directory, if it is below.
pub(super) fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let below = here.as_ref().ok().and_then(|here| path.strip_prefix(here).ok());
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path).to_owned()
}

/// The name of bytes: their SHA-256 in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_name_of_no_bytes_is_the_published_one() {
        assert_eq!(hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
