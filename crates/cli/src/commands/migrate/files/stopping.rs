//! Files of a program that is killed after so many steps.

use std::cell::Cell;
use std::io;
use std::path::Path;

use super::{Facts, Files, OsFiles, Ownership};

/// Does so many steps that have an effect, the next one by half, and none after it.
#[derive(Debug)]
pub(in super::super) struct StoppingFiles {
    left: Cell<usize>,
    is_dead: Cell<bool>,
}

/// What becomes of a step.
enum Fate {
    Done,
    Half,
    Never,
}

impl StoppingFiles {
    /// Dies in the step after these.
    pub(in super::super) fn after(steps: usize) -> Self {
        Self { left: Cell::new(steps), is_dead: Cell::new(false) }
    }

    /// Whether it came to that.
    pub(in super::super) fn has_died(&self) -> bool {
        self.is_dead.get()
    }

    fn step(&self) -> Fate {
        if self.is_dead.get() {
            return Fate::Never;
        }
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            return Fate::Done;
        }
        self.is_dead.set(true);
        Fate::Half
    }

    fn whole(&self, step: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.step() {
            Fate::Done => step(),
            Fate::Half | Fate::Never => Err(dead()),
        }
    }
}

fn dead() -> io::Error {
    io::Error::other("killed")
}

impl Files for StoppingFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.is_dead.get() { Err(dead()) } else { OsFiles.read(path) }
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        if self.is_dead.get() { Err(dead()) } else { OsFiles.facts(path) }
    }

    fn create(&self, path: &Path, bytes: &[u8], ownership: Ownership) -> io::Result<()> {
        match self.step() {
            Fate::Done => OsFiles.create(path, bytes, ownership),
            Fate::Half => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                OsFiles.create(path, half, ownership)?;
                Err(dead())
            }
            Fate::Never => Err(dead()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.whole(|| OsFiles.rename(from, to))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.whole(|| OsFiles.sync_directory(path))
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.whole(|| OsFiles.make_directory(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.whole(|| OsFiles.remove(path))
    }
}
