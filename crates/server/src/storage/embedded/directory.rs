//! The data directory: made private, locked against a second process, synced.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::failure::OpenError;

const DATABASE_FILE: &str = "statelock.db";
/// In a directory that is a backup on its way, and in no other.
const UNFINISHED_MARK: &str = "unfinished-backup";

/// A locked data directory, or one that is to become a copy of one. The lock ends when the last owner drops this, or with the process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: File,
}

impl Directory {
    /// The name of the file whose lock is the directory's.
    pub const LOCK_FILE: &'static str = "lock";

    /// Creates `path` where it is missing, and locks it for this engine.
    ///
    /// # Errors
    /// [`OpenError`]: in use, or not usable.
    pub fn lock(path: &Path) -> Result<Self, OpenError> {
        create(path)?;
        let lock = take_lock(path)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The directory's own path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file; SQLite puts its `-wal` and `-shm` beside it.
    pub fn database(&self) -> PathBuf {
        Self::database_in(&self.path)
    }

    /// The file whose lock is the directory's.
    pub fn lock_file(&self) -> PathBuf {
        self.path.join(Self::LOCK_FILE)
    }

    /// The database file of a directory that is not locked.
    pub fn database_in(directory: &Path) -> PathBuf {
        directory.join(DATABASE_FILE)
    }

    /// Whether a file of this name is the lock, a database or belongs to one.
    pub fn owns(name: &str) -> bool {
        name == Self::LOCK_FILE || name.starts_with(DATABASE_FILE)
    }

    /// The file that says that a directory is a backup on its way, and nothing that anybody needs.
    pub fn unfinished_mark_in(directory: &Path) -> PathBuf {
        directory.join(UNFINISHED_MARK)
    }

    /// Removes [that file](Self::unfinished_mark_in), if it is there.
    ///
    /// # Errors
    /// [`OpenError::Unusable`].
    pub fn remove_unfinished_mark(&self) -> Result<(), OpenError> {
        let mark = Self::unfinished_mark_in(&self.path);
        match std::fs::remove_file(&mark) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OpenError::unusable("remove", &mark)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Where a database is built before it gets its name.
    pub(super) fn unfinished_database(&self) -> PathBuf {
        self.path.join(format!("{DATABASE_FILE}.new"))
    }

    /// The write-ahead log of the database.
    pub(super) fn log(&self) -> PathBuf {
        Self::log_in(&self.path)
    }

    /// The write-ahead log of the database of a directory that is not locked.
    pub(super) fn log_in(directory: &Path) -> PathBuf {
        directory.join(format!("{DATABASE_FILE}-wal"))
    }

    /// Makes the names in the directory durable.
    ///
    /// # Errors
    /// [`OpenError::Unusable`].
    pub fn sync(&self) -> Result<(), OpenError> {
        sync(&self.path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that another thread is just starting has a copy
        // of it, and with it the lock, until the child runs its own program.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "could not unlock the data directory");
        }
    }
}

/// Opens or creates a file that only its owner may read: stored states contain secrets.
pub(super) fn private_file(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(OpenError::unusable("create", path))
}

fn create(path: &Path) -> Result<(), OpenError> {
    if path.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(OpenError::unusable("create directory", path))?;
    // The name of each new directory is durable once the directory that has it is synced.
    for parent in missing.into_iter().filter_map(Path::parent) {
        sync(parent)?;
    }
    Ok(())
}

fn take_lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(Directory::LOCK_FILE);
    let mut file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse {
                directory: directory.to_owned(),
                holder: read_holder(&mut file),
            });
        }
        Err(TryLockError::Error(source)) => {
            return Err(OpenError::unusable("lock", &path)(source));
        }
    }
    // The lock is what counts; the number only helps the reader of an error message.
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(OpenError::unusable("write", &path))?;
    Ok(file)
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sync(directory: &Path) -> Result<(), OpenError> {
    // A relative path of one part has the empty path as its parent.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(OpenError::unusable("sync directory", directory))
}
