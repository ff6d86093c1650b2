//! What there is to migrate: every `s3` backend of every root module below some directories.
//!
//! What a survey says stands in files. No store is asked, and nothing is written.

mod argument_versions;
mod arguments;
mod client_version;
mod finding;
mod initialised;
mod judgement;
mod phase;
mod sharing;
mod site;
#[cfg(test)]
mod tests;
mod unit;

use std::path::PathBuf;

use statelock_config::tree::{self, Exclusion, ScanOptions, Tree, TreeTrouble};
use statelock_config::{Place, ProcessEnvironment};

pub(crate) use client_version::KnowsLockfile;
pub(crate) use finding::{Finding, FindingId, Severity};
pub(crate) use phase::LockPhase;
pub(crate) use sharing::{SharedTable, TableIdentity, excludes};
pub(crate) use site::{FileRole, OF_TABLE, Site};
pub(crate) use unit::Unit;

/// What was found below the directories that were scanned.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The directories that were scanned.
    pub(crate) roots: Vec<PathBuf>,
    /// Every `s3` backend, in the order of directories and of what completes it.
    pub(crate) units: Vec<Unit>,
    /// Backends of other kinds: they are shown, and nothing is done with them.
    pub(crate) others: Vec<OtherBackend>,
    /// What could not be read or understood.
    pub(crate) troubles: Vec<TreeTrouble>,
    /// Files that look as if they completed a backend, and that no root module was seen to use.
    pub(crate) unattached: Vec<PathBuf>,
    /// What was excluded, and not looked at.
    pub(crate) excluded: Vec<PathBuf>,
    /// How many directories were looked at.
    pub(crate) directories: usize,
    /// How many files were read.
    pub(crate) files: usize,
}

/// A backend that is not `s3`.
#[derive(Clone, Debug)]
pub(crate) struct OtherBackend {
    /// The root module.
    pub(crate) directory: PathBuf,
    /// `http`, `local`, `cloud`, …
    pub(crate) kind: String,
    /// Where its block is.
    pub(crate) place: Place,
}

impl Survey {
    /// Looks through directories, and everything below them.
    pub(crate) fn take(
        roots: Vec<PathBuf>,
        includes_ignored: bool,
        excluded: &[Exclusion],
    ) -> Self {
        let excluded = excluded.to_vec();
        let options = ScanOptions { includes_ignored, excluded, ..ScanOptions::default() };
        let tree = tree::scan(&roots, &ProcessEnvironment, &options);
        Self::of(roots, tree)
    }

    /// Judges what was found.
    pub(crate) fn of(roots: Vec<PathBuf>, tree: Tree) -> Self {
        let (mut units, mut others) = (Vec::new(), Vec::new());
        for module in tree.modules {
            for backend in module.backends.iter().filter(|backend| backend.kind != "s3") {
                let (kind, place) = (backend.kind.clone(), backend.place.clone());
                others.push(OtherBackend { directory: module.directory.clone(), kind, place });
            }
            units.extend(unit::of_module(&module));
        }
        for unit in &mut units {
            judgement::judge(unit, &tree.origins);
        }
        judgement::judge_inits(&mut units);
        sharing::judge(&mut units);
        for unit in &mut units {
            unit.sort_findings();
        }
        Self {
            roots,
            units,
            others,
            troubles: tree.troubles,
            unattached: tree.unattached,
            excluded: tree.excluded,
            directories: tree.directories,
            files: tree.files,
        }
    }

    /// The lock tables that are named, with those who name them.
    pub(crate) fn tables(&self) -> Vec<SharedTable<'_>> {
        sharing::tables(&self.units)
    }
}
