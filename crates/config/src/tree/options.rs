//! How a tree is scanned, and what every part of the scan has to know.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::initialised::DataDirectory;

/// How a tree is scanned.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// How many threads read; as many as the machine has cores if not set.
    pub threads: Option<NonZeroUsize>,
    /// Whether files that git ignores are searched for, too.
    pub includes_ignored: bool,
}

/// One scan: what its parts share.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) threads: NonZeroUsize,
    pub(super) includes_ignored: bool,
    /// Where a directory keeps what `terraform init` wrote; `None` if that is one place for all.
    pub(super) data_directory: Option<DataDirectory>,
    /// The directories that are scanned, as they were named.
    roots: Vec<PathBuf>,
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
            data_directory: DataDirectory::below_each(environment),
            roots: roots.to_vec(),
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

    /// Whether a path without links lies in what is scanned.
    pub(super) fn contains(&self, real: &Path) -> bool {
        self.real_roots.iter().any(|root| real.starts_with(root))
    }
}
