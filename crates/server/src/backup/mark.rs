//! The mark of a backup on its way: a file in its directory that holds the name of that directory.
//!
//! Nothing is removed from a directory without one. It counts under that name only: a backup that has its own
//! name is whole, also if its maker was killed before it could remove the mark.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{BackupError, manifest};
use crate::auth::credentials;
use crate::storage::embedded::Directory;

/// What is in a directory in which a backup shall be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing that anybody needs: whoever made the directory was killed before it had its mark.
    Nothing,
    /// An unfinished backup.
    Unfinished,
    /// Something else, such as what has this name.
    Other(OsString),
}

/// Looks at a directory, and changes nothing.
pub(super) fn look(directory: &Path) -> Result<Found, BackupError> {
    let mark = Directory::unfinished_mark_in(directory);
    let names = names_in(directory)?;
    if let Some(name) = names.iter().find(|name| !is_ours(name)) {
        return Ok(Found::Other(name.clone()));
    }
    let more =
        names.iter().find(|name| *name != Directory::LOCK_FILE && mark != directory.join(name));
    let is_marked = names.iter().any(|name| mark == directory.join(name));
    if !is_marked {
        return match more {
            Some(name) => Ok(Found::Other(name.clone())),
            None if is_lock(&directory.join(Directory::LOCK_FILE))? => Ok(Found::Nothing),
            None => Ok(Found::Other(Directory::LOCK_FILE.into())),
        };
    }
    let found = read(&mark)?;
    let expected = directory.file_name().unwrap_or_default().as_bytes();
    Ok(match more {
        _ if found == expected => Found::Unfinished,
        // It is on the disk before anything else is made, so this one was still being written.
        None if is_begun(&found, expected) => Found::Nothing,
        Some(_) | None => Found::Other(mark.file_name().unwrap_or_default().to_owned()),
    })
}

/// Makes the mark of a locked directory, durably.
pub(super) fn write(directory: &Path) -> Result<(), BackupError> {
    let mark = Directory::unfinished_mark_in(directory);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let name = directory.file_name().unwrap_or_default().as_bytes();
    let written = options.open(&mark).and_then(|mut file| {
        file.write_all(name)?;
        file.sync_all()
    });
    written.map_err(BackupError::io("write", &mark))?;
    let synced = fs::File::open(directory).and_then(|opened| opened.sync_all());
    synced.map_err(BackupError::io("sync", directory))
}

/// Names in a directory, in order.
pub(super) fn names_in(path: &Path) -> Result<Vec<OsString>, BackupError> {
    let names = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<_> = names.map_err(BackupError::io("read", path))?;
    names.sort();
    Ok(names)
}

/// Whether a file of this name may be one of an unfinished backup.
pub(super) fn is_ours(name: &OsStr) -> bool {
    let has_stem = |stem: &str| Path::new(name).file_stem().is_some_and(|found| found == stem);
    name.to_str().is_some_and(Directory::owns)
        || name == manifest::FILE_NAME
        || has_stem(credentials::FILE_NAME)
        || Directory::unfinished_mark_in(Path::new("")) == Path::new(name)
}

/// Whether nothing is there, or a lock as statelock makes it: at most the number of a process. Zeros are
/// what power that failed leaves of one.
fn is_lock(path: &Path) -> Result<bool, BackupError> {
    if !path.try_exists().map_err(BackupError::io("look at", path))? {
        return Ok(true);
    }
    let found = read(path)?;
    let number = found.strip_suffix(b"\n").unwrap_or(&found);
    Ok(number.iter().all(u8::is_ascii_digit) || found.iter().all(|byte| *byte == 0))
}

/// Whether a kill, or power that failed, left this of a mark: some of it, or zeros in its place.
fn is_begun(found: &[u8], expected: &[u8]) -> bool {
    let is_kept = |(found, expected): (&u8, &u8)| found == expected || *found == 0;
    found.len() <= expected.len() && found.iter().zip(expected).all(is_kept)
}

fn read(mark: &Path) -> Result<Vec<u8>, BackupError> {
    /// Longer than any name.
    const BYTES_MAX: u64 = 4096;
    let mut bytes = Vec::new();
    let read = fs::File::open(mark).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(BackupError::io("read", mark))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_under_the_name_that_it_holds_only() {
        let scratch = tempfile::tempdir().unwrap();
        let made_in = scratch.path().join("one.unfinished");
        fs::create_dir(&made_in).unwrap();
        assert_eq!(look(&made_in).unwrap(), Found::Nothing);
        fs::write(made_in.join("lock"), "mine").unwrap();
        assert_eq!(look(&made_in).unwrap(), Found::Other("lock".into()));
        for lock in ["", "7", "\0\0", "7\n"] {
            fs::write(made_in.join("lock"), lock).unwrap();
            assert_eq!(look(&made_in).unwrap(), Found::Nothing, "{lock}");
        }
        let mark = made_in.join("unfinished-backup");
        for begun in ["", "one.unf", "\0\0\0\0"] {
            fs::write(&mark, begun).unwrap();
            assert_eq!(look(&made_in).unwrap(), Found::Nothing, "{begun}");
        }
        for other in ["one.unfinished-2", "two.unfinished", "my notes"] {
            fs::write(&mark, other).unwrap();
            let is = Found::Other("unfinished-backup".into());
            assert_eq!(look(&made_in).unwrap(), is, "{other}");
        }
        write(&made_in).unwrap();
        assert_eq!(look(&made_in).unwrap(), Found::Unfinished);
        fs::write(made_in.join("statelock.db"), "a database").unwrap();
        assert_eq!(look(&made_in).unwrap(), Found::Unfinished);

        let named = scratch.path().join("two.unfinished");
        fs::rename(&made_in, &named).unwrap();
        assert_eq!(look(&named).unwrap(), Found::Other("unfinished-backup".into()));
        fs::write(named.join("unfinished-backup"), "").unwrap();
        assert_eq!(look(&named).unwrap(), Found::Other("unfinished-backup".into()));
        fs::remove_file(named.join("unfinished-backup")).unwrap();
        assert_eq!(look(&named).unwrap(), Found::Other("statelock.db".into()));
        write(&named).unwrap();
        fs::write(named.join("a.txt"), "mine").unwrap();
        assert_eq!(look(&named).unwrap(), Found::Other("a.txt".into()));
    }
}
