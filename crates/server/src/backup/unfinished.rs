//! A backup on its way: a directory beside the name that it will get, which is removed with everything in
//! it unless it gets that name.
//!
//! Its files have the names that those of a data directory have. So it has a mark besides, from before its
//! first file until just before it gets its name, and nothing is removed from a directory without one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{BackupError, manifest};
use crate::auth::credentials;
use crate::storage::embedded::{Directory, OpenError};

/// What is added to a backup's name until it is whole.
const SUFFIX: &str = ".unfinished";

/// A backup without its name. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Unfinished {
    directory: Directory,
    named: PathBuf,
    /// Whether dropping it leaves everything as it is.
    is_kept: bool,
}

impl Unfinished {
    /// Begins a backup that shall be called `named`. What a process that was killed left there is removed.
    pub(super) fn begin(named: &Path) -> Result<Self, BackupError> {
        let path = path_of(named)?;
        require_nothing_at(named)?;
        let parent = parent(named);
        if !parent.is_dir() {
            let why = "the directory above it does not exist";
            return Err(BackupError::Name { path: named.to_owned(), why });
        }
        make_marked(&path)?;
        let directory = Directory::lock(&path).map_err(|error| unusable(error, &path))?;
        let mut unfinished = Self { directory, named: named.to_owned(), is_kept: true };
        // Until here it may hold what is not ours.
        unfinished.clear()?;
        unfinished.is_kept = false;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .map_err(BackupError::io("make private", &path))?;
        Ok(unfinished)
    }

    /// Where it is made.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Gives it its name, durably. Everything in it must be synced.
    ///
    /// # Errors
    /// [`BackupError`]: then it does not have its name. Only if the disk fails even there may it have it,
    /// which the error says.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        self.finish_with(|parent| fs::File::open(parent).and_then(|parent| parent.sync_all()))
    }

    fn finish_with(
        mut self,
        sync: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        let unmarked = self.directory.remove_unfinished_mark();
        unmarked.map_err(|error| unusable(error, self.directory.path()))?;
        self.directory.sync().map_err(|error| unusable(error, self.directory.path()))?;
        // It may have appeared meanwhile. The rename itself replaces nothing but an empty directory.
        require_nothing_at(&self.named)?;
        fs::rename(self.directory.path(), &self.named)
            .map_err(BackupError::io("name", &self.named))?;
        self.is_kept = true;
        let parent = parent(&self.named);
        let Err(error) = sync(parent) else { return Ok(()) };
        // A name that the next loss of power may take is none.
        if fs::rename(&self.named, self.directory.path()).is_err() {
            let action = "sync the name of the backup, which is whole and there:";
            return Err(BackupError::io(action, &self.named)(error));
        }
        self.is_kept = false;
        Err(BackupError::io("sync", parent)(error))
    }

    /// Removes the files of an unfinished backup, but neither the lock, which another process may wait for,
    /// nor the mark.
    fn clear(&self) -> Result<(), BackupError> {
        let path = self.directory.path();
        let names = names_in(path)?;
        if let Some(name) = names.iter().find(|name| !is_ours(name)) {
            return Err(not_ours(path, name));
        }
        let kept = [self.directory.lock_file(), Directory::unfinished_mark_in(path)];
        let files = names.iter().map(|name| path.join(name));
        for file in files.filter(|file| !kept.contains(file)) {
            fs::remove_file(&file).map_err(BackupError::io("remove", &file))?;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let removed = self.clear().map_err(io::Error::other).and_then(|()| {
            fs::remove_file(self.directory.lock_file())?;
            self.directory.remove_unfinished_mark().map_err(io::Error::other)?;
            fs::remove_dir(self.directory.path())
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove an unfinished backup");
        }
    }
}

/// Makes the directory of a backup with its mark, or finds one that a killed process left. Whatever else
/// is there is left as it is, even its lock.
fn make_marked(path: &Path) -> Result<(), BackupError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(BackupError::io("look at", path))?;
            if !found.is_dir() {
                return Err(BackupError::Exists(path.to_owned()));
            }
            let names = names_in(path)?;
            if names.iter().any(|name| Directory::unfinished_mark_in(path) == path.join(name)) {
                return Ok(());
            }
            // One that is empty was left between the two steps below.
            if let Some(name) = names.iter().find(|name| !is_ours(name)).or(names.first()) {
                return Err(not_ours(path, name));
            }
        }
        Err(error) => return Err(BackupError::io("create directory", path)(error)),
    }
    let mark = Directory::unfinished_mark_in(path);
    let mut options = OpenOptions::new();
    let marked = options.write(true).create(true).truncate(false).mode(0o600).open(&mark);
    marked.map(|_| ()).map_err(|error| {
        // It is empty, and if it is not, it stays.
        fs::remove_dir(path).unwrap_or_default();
        BackupError::io("create", &mark)(error)
    })
}

/// Names in a directory, in order.
fn names_in(path: &Path) -> Result<Vec<OsString>, BackupError> {
    let names = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<_> = names.map_err(BackupError::io("read", path))?;
    names.sort();
    Ok(names)
}

fn not_ours(path: &Path, name: &OsStr) -> BackupError {
    BackupError::NotOurs { path: path.to_owned(), name: name.to_string_lossy().into_owned() }
}

fn is_ours(name: &OsStr) -> bool {
    let has_stem = |stem: &str| Path::new(name).file_stem().is_some_and(|found| found == stem);
    name.to_str().is_some_and(Directory::owns)
        || name == manifest::FILE_NAME
        || has_stem(credentials::FILE_NAME)
        || Directory::unfinished_mark_in(Path::new("")) == Path::new(name)
}

/// Where the backup that shall be called `named` is made.
pub(super) fn path_of(named: &Path) -> Result<PathBuf, BackupError> {
    let Some(name) = named.file_name() else {
        let why = "it does not end with a name";
        return Err(BackupError::Name { path: named.to_owned(), why });
    };
    let mut unfinished = OsString::from(name);
    unfinished.push(SUFFIX);
    Ok(named.with_file_name(unfinished))
}

fn parent(named: &Path) -> &Path {
    named.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn require_nothing_at(named: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(named) {
        Ok(_) => Err(BackupError::Exists(named.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io("look at", named)(error)),
    }
}

fn unusable(error: OpenError, directory: &Path) -> BackupError {
    match error {
        OpenError::InUse { holder, .. } => {
            BackupError::InUse { path: directory.to_owned(), holder }
        }
        OpenError::Unusable { action, path, source } => BackupError::io(action, &path)(source),
        other @ (OpenError::Corrupt { .. } | OpenError::NewerFormat { .. }) => BackupError::Io {
            action: "use",
            path: directory.to_owned(),
            source: io::Error::other(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_whose_name_cannot_be_made_durable_does_not_have_it() {
        let scratch = tempfile::tempdir().unwrap();
        let named = scratch.path().join("one");
        let unfinished = Unfinished::begin(&named).unwrap();
        fs::write(unfinished.directory().database(), "a database").unwrap();
        let refused = unfinished.finish_with(|parent| {
            assert!(named.exists() && parent == scratch.path());
            Err(io::Error::other("the disk is gone"))
        });
        assert!(matches!(refused, Err(BackupError::Io { action: "sync", .. })), "{refused:?}");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    }
}
