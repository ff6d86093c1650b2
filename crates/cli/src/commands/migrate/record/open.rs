//! A record that is read, and one that only this process may change.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::super::files::{Files, Ownership, hash, leftover_of};
use super::super::git::WorkTree;
use super::manifest::{SCHEMA, Step};
use super::{Home, Manifest, RecordError, Run, Verified};

/// What git reads: the record is for this work tree alone.
const IGNORE: &str = "# statelock keeps the originals of files that `statelock migrate` has changed here.\n\
                      # docs/operations/migrate.md says when it may be deleted.\n*\n";

/// What the record of a home says; `None` if there is none.
///
/// # Errors
/// [`RecordError`]: it is there and cannot be read.
pub(in super::super) fn read(home: &Home) -> Result<Option<Manifest>, RecordError> {
    let path = manifest_path(home);
    not_tracked(home)?;
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RecordError::os("read", &path)(error)),
    };
    parse(&bytes, path).map(Some)
}

/// That no part of a record came with the repository.
fn not_tracked(home: &Home) -> Result<(), RecordError> {
    let room = home.room();
    let Some(name) = room.file_name().and_then(|name| name.to_str()).filter(|_| home.is_git())
    else {
        return Ok(());
    };
    if !room.exists() {
        return Ok(());
    }
    match WorkTree::new(home.top()).tracked(name).into_iter().next() {
        Some(file) => Err(RecordError::Tracked { top: home.top().to_owned(), file }),
        None => Ok(()),
    }
}

fn parse(bytes: &[u8], path: PathBuf) -> Result<Manifest, RecordError> {
    #[derive(serde::Deserialize)]
    struct Form {
        schema: u32,
    }
    let form: Result<Form, _> = serde_json::from_slice(bytes);
    match form {
        Ok(Form { schema }) if schema > SCHEMA => Err(RecordError::Newer { path, schema }),
        Ok(Form { .. }) => serde_json::from_slice(bytes)
            .map_err(|error| RecordError::Damaged { path, reason: error.to_string() }),
        Err(error) => Err(RecordError::Damaged { path, reason: error.to_string() }),
    }
}

/// The kept bytes of that hash.
///
/// # Errors
/// They are not there, or are not those bytes.
pub(in super::super) fn content(
    home: &Home,
    name: &str,
    files: &dyn Files,
) -> Result<Vec<u8>, RecordError> {
    let path = originals(home).join(name);
    let damaged = |path, reason: &str| RecordError::Damaged { path, reason: reason.to_owned() };
    if name.len() != 64 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(damaged(path, "that is no hash"));
    }
    let bytes = files.read(&path).map_err(RecordError::os("read", &path))?;
    if hash(&bytes) == name {
        return Ok(bytes);
    }
    Err(damaged(path, "its bytes are not the ones that were kept"))
}

fn manifest_path(home: &Home) -> PathBuf {
    home.room().join("record.json")
}

/// A record that no other process changes meanwhile.
pub(in super::super) struct OpenRecord<'a> {
    home: Home,
    files: &'a dyn Files,
    manifest: Manifest,
    /// Locked for as long as it is open; the system unlocks it when the process ends, however it does.
    _lock: File,
}

impl std::fmt::Debug for OpenRecord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenRecord").field("home", &self.home).finish_non_exhaustive()
    }
}

impl<'a> OpenRecord<'a> {
    /// Opens the record of a home, and makes one if there is none.
    ///
    /// # Errors
    /// [`RecordError::InUse`] if another process has it open, and whatever else is wrong with it.
    pub(in super::super) fn open(home: Home, files: &'a dyn Files) -> Result<Self, RecordError> {
        let room = home.room();
        not_tracked(&home)?;
        if !is_there(&room)? {
            files.make_directory(&room).map_err(RecordError::os("make", &room))?;
            files.sync_directory(home.top()).map_err(RecordError::os("make", &room))?;
        }
        let originals = originals(&home);
        is_there(&originals)?;
        let lock = lock(&home)?;
        files.make_directory(&originals).map_err(RecordError::os("make", &originals))?;
        let manifest = read(&home)?.unwrap_or_default();
        let record = Self { home, files, manifest, _lock: lock };
        if !record.home.room().join(".gitignore").exists() {
            record.put(&record.home.room().join(".gitignore"), IGNORE.as_bytes())?;
        }
        Ok(record)
    }

    /// Where it is.
    pub(in super::super) fn home(&self) -> &Home {
        &self.home
    }

    /// What it says.
    pub(in super::super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Writes down what is about to be done, with all bytes before and after. Once this has returned, the
    /// run can be finished or undone whatever happens.
    ///
    /// # Errors
    /// [`RecordError`]; nothing but the record was touched.
    pub(in super::super) fn begin(
        &mut self,
        run: Run,
        contents: &[&[u8]],
    ) -> Result<(), RecordError> {
        for bytes in contents {
            self.keep(bytes)?;
        }
        let originals = originals(&self.home);
        self.files
            .sync_directory(&originals)
            .map_err(RecordError::os("make durable", &originals))?;
        let manifest = Manifest { run: Some(run), ..self.manifest.clone() };
        self.save(manifest)
    }

    /// Says that the run is over.
    ///
    /// # Errors
    /// [`RecordError`]; the run is still under way then.
    pub(in super::super) fn complete(&mut self, done: &[Step]) -> Result<(), RecordError> {
        let mut manifest = self.manifest.clone();
        manifest.complete(done);
        self.save(manifest)?;
        self.sweep()
    }

    /// The run is not gone on with, and nothing of it was done.
    ///
    /// # Errors
    /// [`RecordError`]
    pub(in super::super) fn abandon(&mut self) -> Result<(), RecordError> {
        self.save(Manifest { run: None, ..self.manifest.clone() })?;
        self.sweep()
    }

    /// The run is not gone on with: what it may have done becomes history, so that it can be undone.
    ///
    /// # Errors
    /// [`RecordError`]
    pub(in super::super) fn adopt(&mut self) -> Result<(), RecordError> {
        let mut manifest = self.manifest.clone();
        let Some(run) = &mut manifest.run else { return Ok(()) };
        let (steps, units) = (run.steps.clone(), std::mem::take(&mut run.units));
        for (name, moved) in units {
            // A way back needs the name; that the units were moved is not said.
            let unit = manifest.units.entry(name).or_default();
            unit.table = moved.table.or(unit.table.take());
        }
        manifest.complete(&steps);
        self.save(manifest)?;
        self.sweep()
    }

    /// The bytes of that hash.
    ///
    /// # Errors
    /// They are not there, or are not those bytes.
    pub(in super::super) fn content(&self, name: &str) -> Result<Vec<u8>, RecordError> {
        content(&self.home, name, self.files)
    }

    /// Notes that locks were proved to work: the last proof of each phase stays.
    ///
    /// # Errors
    /// [`RecordError`]
    pub(in super::super) fn mark_verified(
        &mut self,
        unit: &str,
        proof: Verified,
    ) -> Result<(), RecordError> {
        let mut manifest = self.manifest.clone();
        let verified = &mut manifest.units.entry(unit.to_owned()).or_default().verified;
        verified.retain(|one| one.phase != proof.phase);
        verified.push(proof);
        self.save(manifest)
    }

    /// Notes which units have still to be initialised here.
    ///
    /// # Errors
    /// [`RecordError`]
    pub(in super::super) fn note_inits(
        &mut self,
        to_initialise: BTreeSet<String>,
    ) -> Result<(), RecordError> {
        if self.manifest.to_initialise == to_initialise {
            return Ok(());
        }
        self.save(Manifest { to_initialise, ..self.manifest.clone() })
    }

    /// The migration is over: forgets the originals. What was verified, and the names of tables, stay.
    ///
    /// # Errors
    /// [`RecordError`]; to do it again is safe. With a run under way nothing is forgotten.
    pub(in super::super) fn close(&mut self) -> Result<(), RecordError> {
        if let Some(run) = &self.manifest.run {
            return Err(self.unfinished(run));
        }
        if !self.manifest.changes.is_empty() {
            self.save(Manifest { changes: Vec::new(), ..self.manifest.clone() })?;
        }
        self.sweep()
    }

    /// That something else was begun here and not ended.
    pub(in super::super) fn unfinished(&self, run: &Run) -> RecordError {
        RecordError::Unfinished {
            top: self.home.top().to_owned(),
            unfinished: run.command(),
            open_end: run.open_end(),
        }
    }

    /// Removes every content that nothing needs any more.
    fn sweep(&self) -> Result<(), RecordError> {
        let needed: BTreeSet<_> = self.manifest.hashes().collect();
        let originals = originals(&self.home);
        let unreadable = |error| RecordError::os("read", &originals)(error);
        for entry in std::fs::read_dir(&originals).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_name().to_str().is_some_and(|name| needed.contains(name)) {
                continue;
            }
            let path = entry.path();
            self.files.remove(&path).map_err(RecordError::os("remove", &path))?;
        }
        Ok(())
    }

    fn keep(&self, bytes: &[u8]) -> Result<(), RecordError> {
        let name = hash(bytes);
        if self.content(&name).is_ok() {
            return Ok(());
        }
        self.put(&originals(&self.home).join(name), bytes)
    }

    fn save(&mut self, manifest: Manifest) -> Result<(), RecordError> {
        let path = manifest_path(&self.home);
        let mut text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| RecordError::os("write", &path)(error.into()))?;
        text.push(b'\n');
        self.put(&path, &text)?;
        self.manifest = manifest;
        Ok(())
    }

    /// Writes a file of the record as a whole.
    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
        let new = leftover_of(path);
        let room = self.home.room();
        let directory = path.parent().unwrap_or(&room);
        self.files
            .remove(&new)
            .and_then(|()| self.files.create(&new, bytes, Ownership::PRIVATE))
            .and_then(|()| self.files.rename(&new, path))
            .and_then(|()| self.files.sync_directory(directory))
            .map_err(RecordError::os("write", path))
    }
}

/// Whether a directory is there. A link would lead the originals somewhere else.
fn is_there(directory: &Path) -> Result<bool, RecordError> {
    match std::fs::symlink_metadata(directory) {
        Ok(there) if !there.is_dir() => Err(RecordError::Damaged {
            path: directory.to_owned(),
            reason: "it is not a directory".to_owned(),
        }),
        Ok(_) => Ok(true),
        Err(_) => Ok(false),
    }
}

fn originals(home: &Home) -> PathBuf {
    home.room().join("originals")
}

fn lock(home: &Home) -> Result<File, RecordError> {
    let path = home.room().join("lock");
    let opened =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(RecordError::os("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RecordError::InUse(home.top().to_owned())),
        Err(TryLockError::Error(error)) => Err(RecordError::os("lock", &path)(error)),
    }
}
