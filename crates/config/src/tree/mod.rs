//! Root modules below a directory, as many as there are.
//!
//! What is found is what stands in files: no store is asked, nothing is evaluated, and nothing is written.

mod module;

pub use module::{Completion, ModuleBackend, RequiredVersion, RootModule, Runner};

use std::path::PathBuf;

use crate::error::ConfigError;

/// What stands in a directory and everything below it.
#[derive(Debug, Default)]
pub struct Tree {
    /// The root modules, by directory.
    pub modules: Vec<RootModule>,
    /// Files that look as if they completed a backend, and that no root module was seen to use.
    pub unattached: Vec<PathBuf>,
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
