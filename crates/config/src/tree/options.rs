//! How a tree is scanned, and what every part of the scan has to know.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::exclusion::{Exclusion, Exclusions};
use crate::environment::Environment;
use crate::initialised::DataDirectory;

/// The directories above one that is scanned, up to the top of its repository.
fn above(root: &Path) -> Vec<PathBuf> {
    let Ok(real) = root.canonicalize() else { return Vec::new() };
    let is_top = |directory: &Path| directory.join(".git").exists();
    let Some(top) = real.ancestors().find(|directory| is_top(directory)) else {
        return Vec::new();
    };
    let inside = real.ancestors().skip(1).take_while(|directory| directory.starts_with(top));
    inside.map(Path::to_owned).collect()
}

/// How a tree is scanned.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// How many threads read; as many as the machine has cores if not set.
    pub threads: Option<NonZeroUsize>,
    /// Whether files that git ignores are searched for, too.
    pub includes_ignored: bool,
    /// What is not looked at.
    pub excluded: Vec<Exclusion>,
}

/// One scan: what its parts share.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) threads: NonZeroUsize,
    pub(super) includes_ignored: bool,
    /// What is not looked at.
    pub(super) excluded: Exclusions,
    /// Where a directory keeps what `terraform init` wrote; `None` if that is one place for all.
    pub(super) data_directory: Option<DataDirectory>,
    /// The directories that are scanned, as they were named.
    roots: Vec<PathBuf>,
    /// For each of them the directories above it, up to the top of its repository.
    above: Vec<Vec<PathBuf>>,
    /// The directories that are scanned, without links in their paths.
    real_roots: Vec<PathBuf>,
}

impl Scan {
    pub(super) fn new(
        roots: &[PathBuf],
        environment: &dyn Environment,
        options: &ScanOptions,
    ) -> Self {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            threads: options.threads.unwrap_or_else(cores),
            includes_ignored: options.includes_ignored,
            excluded: Exclusions::new(roots, &options.excluded),
            data_directory: DataDirectory::below_each(environment),
            roots: roots.to_vec(),
            above: roots.iter().map(|root| above(root)).collect(),
            real_roots: roots.iter().filter_map(|root| root.canonicalize().ok()).collect(),
        }
    }

    /// The top of the repository in which `directory` lies: the nearest directory with a `.git`, else the
    /// one that is scanned.
    pub(super) fn repository_of(&self, directory: &Path) -> PathBuf {
        let top = directory.ancestors().find(|ancestor| ancestor.join(".git").exists());
        let root = || self.roots.iter().find(|root| directory.starts_with(root));
        top.map(Path::to_owned).or_else(|| root().cloned()).unwrap_or_default()
    }

    /// The directories above the root in which `directory` lies, up to the top of the repository, the
    /// nearest first. None if it is in no repository.
    pub(super) fn above(&self, directory: &Path) -> &[PathBuf] {
        let roots = self.roots.iter().zip(&self.above);
        let roots = roots.filter(|(root, _)| directory.starts_with(root));
        let root = roots.min_by_key(|(root, _)| root.components().count());
        root.map(|(_, above)| above.as_slice()).unwrap_or_default()
    }

    /// The same for every root; each directory once.
    pub(super) fn all_above(&self) -> BTreeSet<PathBuf> {
        self.above.iter().flatten().cloned().collect()
    }

    /// Whether a path without links lies in what is scanned.
    pub(super) fn contains(&self, real: &Path) -> bool {
        self.real_roots.iter().any(|root| real.starts_with(root))
    }
}
