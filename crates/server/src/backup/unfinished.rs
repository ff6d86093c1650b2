//! A backup on its way: a directory beside the name that it will get, which is removed with everything in
//! it unless it gets that name.
//!
//! Its files have the names that those of a data directory have. So it has a [mark](super::mark) besides,
//! from before its first file until it has its name. Killed at any point, it leaves what the next backup
//! removes, or a whole backup.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::BackupError;
use super::mark::{self, Found};
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
        make(&path)?;
        let directory = Directory::lock(&path).map_err(|error| unusable(error, &path))?;
        let mut unfinished = Self { directory, named: named.to_owned(), is_kept: true };
        // Once more, since others made backups until it was locked.
        let found = mark::look(&path)?;
        require_ours(&path, &found)?;
        unfinished.is_kept = false;
        if found == Found::Nothing {
            mark::write(&path)?;
        }
        unfinished.clear()?;
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
        self.directory.sync().map_err(|error| unusable(error, self.directory.path()))?;
        // It may have appeared meanwhile. The rename itself replaces nothing but an empty directory.
        require_nothing_at(&self.named)?;
        fs::rename(self.directory.path(), &self.named)
            .map_err(BackupError::io("name", &self.named))?;
        self.is_kept = true;
        let parent = parent(&self.named);
        let Err(error) = sync(parent) else {
            // One that stays holds another name, and says nothing.
            let mark = Directory::unfinished_mark_in(&self.named);
            fs::remove_file(mark).unwrap_or_default();
            return Ok(());
        };
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
        let names = mark::names_in(path)?;
        if let Some(name) = names.iter().find(|name| !mark::is_ours(name)) {
            return require_ours(path, &Found::Other(name.clone()));
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
            // The lock last: whoever gets it then finds nothing, and makes a mark of its own.
            self.directory.remove_unfinished_mark().map_err(io::Error::other)?;
            fs::remove_file(self.directory.lock_file())?;
            fs::remove_dir(self.directory.path())
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove an unfinished backup");
        }
    }
}

/// Makes the directory of a backup, or finds one that a killed process left. Whatever else is there is left
/// as it is, even its lock.
fn make(path: &Path) -> Result<(), BackupError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(BackupError::io("look at", path))?;
            if !found.is_dir() {
                return Err(BackupError::Exists(path.to_owned()));
            }
            require_ours(path, &mark::look(path)?)
        }
        Err(error) => Err(BackupError::io("create directory", path)(error)),
    }
}

fn require_ours(path: &Path, found: &Found) -> Result<(), BackupError> {
    match found {
        Found::Nothing | Found::Unfinished => Ok(()),
        Found::Other(name) => {
            let name = name.to_string_lossy().into_owned();
            Err(BackupError::NotOurs { path: path.to_owned(), name })
        }
    }
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
