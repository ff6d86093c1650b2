//! Walks through the directories and notes the files that say something about states.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use super::options::Scan;
use super::{Tree, TreeTrouble, partial, pinned_version, script, terragrunt, tracked};
use crate::error::ConfigError;
use crate::written::is_configuration;

/// Directories that hold copies, downloads or git's own files, and never anybody's root module.
const NEVER_ENTERED: &[&str] =
    &[".git", ".hg", ".jj", ".svn", ".terraform", ".terragrunt-cache", "node_modules"];

/// A file or directory that says something about states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) kind: FoundKind,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FoundKind {
    /// A file that Terraform reads.
    Configuration,
    /// A directory that `terraform init` initialised.
    Initialised,
    /// A file that may complete a backend.
    Partial,
    /// A script or CI file.
    Script,
    /// What may be a unit of terragrunt.
    Terragrunt,
    /// A file that chooses a version.
    PinnedVersion,
}

/// Everything that was found, by path, with troubles and counts in `tree`.
pub(super) fn walk(scan: &Scan, roots: &[PathBuf], tree: &mut Tree) -> Vec<Found> {
    let all = Mutex::new(Noted::default());
    let roots = distinct(roots, tree);
    for root in &roots {
        visit(scan, root, scan.includes_ignored, &all);
    }
    let mut noted = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !scan.includes_ignored {
        let tops =
            roots.iter().filter(|root| is_in_repository(root)).map(|root| (**root).to_owned());
        let mut tops: Vec<PathBuf> = tops.chain(std::mem::take(&mut noted.repositories)).collect();
        tops.sort();
        tops.dedup();
        for top in tops {
            note_tracked(scan, &top, &mut noted);
        }
    }
    leave_out_halves(&mut noted);
    tree.excluded.append(&mut noted.excluded);
    tree.excluded.sort_unstable();
    tree.excluded.dedup();
    noted.found.sort_unstable();
    noted.found.dedup();
    tree.troubles
        .extend(noted.troubles.into_iter().map(|error| TreeTrouble { module: None, error }));
    tree.directories += noted.directories;
    noted.found
}

/// Notes what is in a directory and below. Of what says that files are ignored only the `.gitignore` files
/// count: what is found must not depend on whose machine it is.
fn visit(scan: &Scan, root: &Path, includes_ignored: bool, all: &Mutex<Noted>) {
    WalkBuilder::new(root)
        .standard_filters(false)
        .parents(!includes_ignored)
        .git_ignore(!includes_ignored)
        .follow_links(false)
        .threads(scan.threads.get())
        .filter_entry(|entry| entry.depth() == 0 || !is_never_entered(entry))
        .build_parallel()
        .visit(&mut Visitors { scan, all });
}

/// Leaves out all of a directory of which a configuration file is excluded.
fn leave_out_halves(noted: &mut Noted) {
    let is_configuration =
        |path: &&PathBuf| !path.is_dir() && kind_of(path) == Some(FoundKind::Configuration);
    let of_modules = noted.excluded.iter().filter(is_configuration);
    let modules: BTreeSet<PathBuf> =
        of_modules.filter_map(|path| Some(path.parent()?.to_owned())).collect();
    let is_left = |found: &Found| {
        !modules.contains(&found.path)
            && found.path.parent().is_none_or(|parent| !modules.contains(parent))
    };
    noted.found.retain(is_left);
}

fn is_in_repository(root: &Path) -> bool {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let top = real.ancestors().find(|directory| directory.join(".git").exists());
    top.is_some_and(tracked::is_possible)
}

/// Notes what git tracks in a directory although a pattern matches it. Where git cannot be asked, it is a
/// trouble if there is anything that a pattern matches.
fn note_tracked(scan: &Scan, directory: &Path, noted: &mut Noted) {
    let source = match tracked::matched_files(directory) {
        Ok(files) => {
            let below =
                |path: &Path| path.strip_prefix(directory).is_ok_and(|path| !has_never(path));
            for path in files.into_iter().filter(|path| below(path)) {
                noted.add(scan, path);
            }
            return;
        }
        Err(source) => source,
    };
    let all = Mutex::new(Noted::default());
    visit(scan, directory, true, &all);
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    noted.excluded.extend(all.excluded);
    let decides = |found: &&Found| match found.kind {
        FoundKind::Configuration | FoundKind::Partial | FoundKind::Terragrunt => true,
        FoundKind::Initialised | FoundKind::Script | FoundKind::PinnedVersion => false,
    };
    let known: BTreeSet<&Path> = noted.found.iter().map(|found| found.path.as_path()).collect();
    let left_out = all.found.iter().filter(decides).map(|found| &found.path);
    let Some(first) = left_out.filter(|path| !known.contains(path.as_path())).min() else { return };
    let reason = format!(
        "a pattern of a .gitignore matches it, and git could not be asked whether it is tracked all the same: {source}"
    );
    let error = ConfigError::Unreadable { path: first.clone(), source: io::Error::other(reason) };
    noted.troubles.push(error);
}

/// The roots, without those that lie below another one.
fn distinct<'a>(roots: &'a [PathBuf], tree: &mut Tree) -> Vec<&'a Path> {
    let mut chosen: Vec<(PathBuf, &Path)> = Vec::new();
    for root in roots {
        match real_directory(root) {
            Ok(real) => chosen.push((real, root)),
            Err(error) => tree.troubles.push(TreeTrouble { module: None, error }),
        }
    }
    chosen.sort();
    chosen.dedup_by(|later, earlier| later.0.starts_with(&earlier.0));
    chosen.into_iter().map(|(_, root)| root).collect()
}

fn real_directory(root: &Path) -> Result<PathBuf, ConfigError> {
    let real = root.canonicalize().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ConfigError::NoDirectory(root.to_owned()),
        io::ErrorKind::NotADirectory => ConfigError::NotADirectory(root.to_owned()),
        _ => ConfigError::Unreadable { path: root.to_owned(), source },
    })?;
    if real.is_dir() { Ok(real) } else { Err(ConfigError::NotADirectory(root.to_owned())) }
}

fn is_never_entered(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir()) && is_never(entry.file_name())
}

fn is_never(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| NEVER_ENTERED.contains(&name))
}

fn has_never(path: &Path) -> bool {
    path.components().any(|component| is_never(component.as_os_str()))
}

#[derive(Default)]
struct Noted {
    found: Vec<Found>,
    /// What is excluded.
    excluded: Vec<PathBuf>,
    /// Repositories below the one that is scanned.
    repositories: Vec<PathBuf>,
    troubles: Vec<ConfigError>,
    directories: usize,
}

impl Noted {
    /// A file that the walk left out. Its directory may have been left out with it.
    fn add(&mut self, scan: &Scan, path: PathBuf) {
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|data| !data.is_dir());
        let Some(kind) = kind_of(&path).filter(|_| is_file && !path.is_dir()) else { return };
        if scan.excluded.hold(&path, false) {
            // One in a directory that is excluded counts with that.
            let is_counted = self.excluded.iter().any(|excluded| path.starts_with(excluded));
            self.excluded.extend((!is_counted).then_some(path));
            return;
        }
        let directory = path.parent().filter(|directory| is_initialised(scan, directory));
        if let Some(directory) = directory.map(Path::to_owned) {
            self.found.push(Found { path: directory, kind: FoundKind::Initialised });
        }
        self.found.push(Found { path, kind });
    }
}

fn is_initialised(scan: &Scan, directory: &Path) -> bool {
    let is_there = |path: PathBuf| std::fs::symlink_metadata(path).is_ok();
    scan.data_directory.as_ref().is_some_and(|data| is_there(data.state_file(directory)))
}

struct Visitors<'a> {
    scan: &'a Scan,
    all: &'a Mutex<Noted>,
}

impl<'a> ParallelVisitorBuilder<'a> for Visitors<'a> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'a> {
        Box::new(Visitor { scan: self.scan, all: self.all, noted: Noted::default() })
    }
}

/// What one thread notes; it hands that over when it ends.
struct Visitor<'a> {
    scan: &'a Scan,
    all: &'a Mutex<Noted>,
    noted: Noted,
}

impl ParallelVisitor for Visitor<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        match entry {
            Ok(entry) if self.leaves_out(&entry) => return WalkState::Skip,
            Ok(entry) => self.note(entry),
            Err(error) => self.noted.troubles.extend(unreadable(error, None)),
        }
        WalkState::Continue
    }
}

impl Visitor<'_> {
    fn leaves_out(&mut self, entry: &DirEntry) -> bool {
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        if entry.depth() == 0 || !self.scan.excluded.hold(entry.path(), is_directory) {
            return false;
        }
        // A file that says nothing is not missed either.
        if is_directory || kind_of(entry.path()).is_some() {
            self.noted.excluded.push(entry.path().to_owned());
        }
        true
    }

    fn note(&mut self, entry: DirEntry) {
        let Some(file_type) = entry.file_type() else { return };
        if file_type.is_dir() || entry.depth() == 0 {
            self.noted.directories += 1;
            if entry.depth() > 0 && tracked::is_possible(entry.path()) {
                self.noted.repositories.push(entry.path().to_owned());
            }
            if is_initialised(self.scan, entry.path()) {
                self.push(entry.into_path(), FoundKind::Initialised);
            }
            return;
        }
        let Some(kind) = kind_of(entry.path()) else { return };
        // A link to a directory is not followed. One to nowhere is a trouble when it is read.
        if file_type.is_symlink() && entry.path().is_dir() {
            return;
        }
        self.push(entry.into_path(), kind);
    }

    fn push(&mut self, path: PathBuf, kind: FoundKind) {
        self.noted.found.push(Found { path, kind });
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.found.append(&mut self.noted.found);
        all.excluded.append(&mut self.noted.excluded);
        all.repositories.append(&mut self.noted.repositories);
        all.troubles.append(&mut self.noted.troubles);
        all.directories += self.noted.directories;
    }
}

fn kind_of(path: &Path) -> Option<FoundKind> {
    let name = path.file_name()?.to_str()?;
    if is_configuration(name) {
        return Some(FoundKind::Configuration);
    }
    if terragrunt::is_unit_file(name) {
        return Some(FoundKind::Terragrunt);
    }
    if pinned_version::is_candidate(name) {
        return Some(FoundKind::PinnedVersion);
    }
    if script::is_candidate(path) {
        return Some(FoundKind::Script);
    }
    partial::is_candidate(path).then_some(FoundKind::Partial)
}

/// What could not be read, if that is what the error says: a bad line in a `.gitignore` is git's affair.
fn unreadable(error: ignore::Error, path: Option<PathBuf>) -> Option<ConfigError> {
    match error {
        ignore::Error::WithPath { path, err } => unreadable(*err, Some(path)),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            unreadable(*err, path)
        }
        ignore::Error::Io(source) => Some(ConfigError::Unreadable { path: path?, source }),
        _ => None,
    }
}
