//! Where a record is.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::RecordError;

/// The name of the directory.
const NAME: &str = ".statelock";

/// The directory that a record is about, without links in its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Home {
    top: PathBuf,
    /// Whether it is the top of a git work tree.
    is_git: bool,
}

impl Home {
    /// The directory itself.
    pub(in super::super) fn top(&self) -> &Path {
        &self.top
    }

    /// Whether it is the top of a git work tree.
    pub(in super::super) fn is_git(&self) -> bool {
        self.is_git
    }

    /// The directory of the record in it.
    pub(in super::super) fn room(&self) -> PathBuf {
        self.top.join(NAME)
    }

    /// The name of a file below it: its path, with slashes.
    ///
    /// # Errors
    /// It is not below, or is no UTF-8.
    pub(in super::super) fn name_of(&self, path: &Path) -> Result<String, RecordError> {
        let unnamed = || RecordError::Unnamed { path: path.to_owned(), top: self.top.clone() };
        let below = path.strip_prefix(&self.top).map_err(|_| unnamed())?;
        let parts: Option<Vec<_>> =
            below.components().map(|part| part.as_os_str().to_str()).collect();
        let parts = parts.ok_or_else(unnamed)?;
        Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
    }

    /// The path of a file by its name. A name that leads elsewhere has none, also one that does so through a link, and none
    /// leads to what git or a record keeps: a record can be tampered with.
    pub(in super::super) fn path_of(&self, name: &str) -> Option<PathBuf> {
        let is_plain = |part: Component<'_>| match part {
            Component::Normal(part) => {
                [".git", NAME].iter().all(|kept| !part.eq_ignore_ascii_case(kept))
            }
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => false,
        };
        let path = self.top.join(name);
        let parent = path.parent()?;
        // Names are made of paths without links. A directory that is not there any more has no file either.
        let is_straight = parent.canonicalize().map_or(true, |real| real == parent);
        (Path::new(name).components().all(is_plain) && is_straight).then_some(path)
    }

    #[cfg(test)]
    pub(in super::super) fn of_test(top: &Path) -> Self {
        Self { top: top.canonicalize().unwrap(), is_git: false }
    }
}

/// Finds the record of a file. Asks the file system once for each directory.
#[derive(Debug)]
pub(in super::super) struct Homes {
    /// The directories that were named, without links.
    roots: Vec<PathBuf>,
    known: BTreeMap<PathBuf, Option<Home>>,
}

impl Homes {
    /// For these directories.
    ///
    /// # Errors
    /// One of them is not there.
    pub(in super::super) fn new(roots: &[PathBuf]) -> Result<Self, RecordError> {
        let canonical = |root: &PathBuf| root.canonicalize().map_err(RecordError::os("find", root));
        let roots = roots.iter().map(canonical).collect::<Result<_, _>>()?;
        Ok(Self { roots, known: BTreeMap::new() })
    }

    /// The directories that were named, without links.
    pub(in super::super) fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// The home of what is in a directory without links: the top of its git work tree; else the nearest
    /// directory above that has a record; else the directory that was named. `None`: it is in none of these.
    ///
    /// # Errors
    /// A directory cannot be looked into.
    pub(in super::super) fn of(&mut self, directory: &Path) -> Result<Option<Home>, RecordError> {
        if let Some(home) = self.known.get(directory) {
            return Ok(home.clone());
        }
        let found = self.find(directory)?;
        self.known.insert(directory.to_owned(), found.clone());
        Ok(found)
    }

    fn find(&self, directory: &Path) -> Result<Option<Home>, RecordError> {
        for above in directory.ancestors() {
            // A file in the work trees of submodules and of `git worktree`.
            if exists(&above.join(".git"))? {
                return Ok(Some(Home { top: above.to_owned(), is_git: true }));
            }
        }
        for above in directory.ancestors() {
            if exists(&above.join(NAME).join("record.json"))? {
                return Ok(Some(Home { top: above.to_owned(), is_git: false }));
            }
        }
        let named = self.roots.iter().filter(|root| directory.starts_with(root));
        // The outermost, so that files which lie side by side have one record.
        let outermost = named.min_by_key(|root| root.components().count());
        Ok(outermost.map(|root| Home { top: root.clone(), is_git: false }))
    }
}

fn exists(path: &Path) -> Result<bool, RecordError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
            _ => Err(RecordError::os("look at", path)(error)),
        },
    }
}
