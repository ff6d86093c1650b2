//! Root modules below a directory, as many as there are.
//!
//! What is found is what stands in files: no store is asked, nothing is evaluated, and nothing is written.
//! Files that git ignores are not searched for, and links to directories are not followed; of what makes
//! git ignore files, the `.gitignore` files count, and what git tracks is not ignored. The
//! configuration of a directory is read as Terraform reads it, with its links and its ignored files;
//! [`Tree::origins`] names those, since what they hold is not to be edited in place.

mod completion;
mod exclusion;
mod module;
mod options;
mod origin;
mod parallel;
mod partial;
mod pattern;
mod pinned_version;
mod root_module;
mod script;
mod terragrunt;
mod tracked;
mod walk;

pub use exclusion::{BadExclusion, Exclusion};
pub use module::{Completion, ModuleBackend, RequiredVersion, RootModule, Runner};
pub use options::ScanOptions;
pub use origin::FileOrigin;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::error::ConfigError;

use options::Scan;

/// What stands in a directory and everything below it.
#[derive(Debug, Default)]
pub struct Tree {
    /// The root modules, by directory.
    pub modules: Vec<RootModule>,
    /// Files that look as if they completed a backend, and that no root module was seen to use.
    pub unattached: Vec<PathBuf>,
    /// What was found to be excluded, by path: directories, and files that are in none of them.
    pub excluded: Vec<PathBuf>,
    /// Files that are not simply files of this tree, by the path under which a place names them.
    pub origins: BTreeMap<PathBuf, FileOrigin>,
    /// What could not be read, or not be understood. Everything else is there all the same.
    pub troubles: Vec<TreeTrouble>,
    /// How many directories were looked at.
    pub directories: usize,
    /// How many files were read.
    pub files: usize,
}

/// Something that could not be read. The error names the file, and the line where there is one.
#[derive(Debug)]
pub struct TreeTrouble {
    /// The root module that is incomplete because of it, if it is known to be one.
    pub module: Option<PathBuf>,
    /// What is wrong.
    pub error: ConfigError,
}

/// Finds every root module in `roots` and below. The order of everything in the answer depends on the
/// files alone. Of the environment `TF_DATA_DIR` and `TF_HTTP_ADDRESS` are read.
///
/// A root that does not exist or cannot be read is one of the troubles.
pub fn scan(roots: &[PathBuf], environment: &dyn Environment, options: &ScanOptions) -> Tree {
    let scan = Scan::new(roots, environment, options);
    let mut tree = Tree::default();
    let walk = walk::walk(&scan, roots, &mut tree);
    let configured = root_module::read_all(&scan, &walk, &mut tree);
    let sources = terragrunt::read_all(&scan, &walk, &configured, &mut tree);
    pinned_version::attach(&scan, &walk, &mut tree);
    let files = partial::read_all(&scan, &walk, &mut tree);
    let scripts = script::read_all(&scan, &walk, &mut tree);
    completion::complete(&scan, files, scripts, &configured, &mut tree);
    terragrunt::leave_out(&sources, &mut tree);
    tree.troubles.sort_by_cached_key(|trouble| trouble.error.to_string());
    tree
}
