//! A backup on its way: a directory beside the name that it will get, which is removed with everything in
//! it unless it gets that name.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
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
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        self.directory.sync().map_err(|error| unusable(error, self.directory.path()))?;
        // It may have appeared meanwhile. The rename itself replaces nothing but an empty directory.
        require_nothing_at(&self.named)?;
        fs::rename(self.directory.path(), &self.named)
            .map_err(BackupError::io("name", &self.named))?;
        self.is_kept = true;
        let parent = parent(&self.named);
        fs::File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(BackupError::io("sync", parent))
    }

    /// Removes the files of an unfinished backup, but not the lock: another process may wait for it.
    fn clear(&self) -> Result<(), BackupError> {
        let path = self.directory.path();
        let failed = |error| BackupError::io("remove what an earlier run left in", path)(error);
        let mut ours = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            match name.to_str() {
                Some(name) if is_ours(name) => ours.push(path.join(name)),
                _ => {
                    let name = name.to_string_lossy().into_owned();
                    return Err(BackupError::NotOurs { path: path.to_owned(), name });
                }
            }
        }
        for file in ours.into_iter().filter(|file| *file != self.directory.lock_file()) {
            fs::remove_file(file).map_err(failed)?;
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
            fs::remove_dir(self.directory.path())
        });
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove an unfinished backup");
        }
    }
}

fn is_ours(name: &str) -> bool {
    Directory::owns(name)
        || name == manifest::FILE_NAME
        || Path::new(name).file_stem().is_some_and(|stem| stem == credentials::FILE_NAME)
}

fn path_of(named: &Path) -> Result<PathBuf, BackupError> {
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
