//! terragrunt's files, each of which is parsed once, however many units include it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hcl_edit::structure::{Block, Body};

use crate::error::ConfigError;
use crate::text_file;
use crate::tree::pattern::normal;
use crate::written::body::HclFile;

/// A file of terragrunt's.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
    body: Body,
}

impl Source {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = text_file::read(path)?;
        let body = HclFile::new(path, &text).parse()?;
        Ok(Self { path: path.to_owned(), text, body })
    }

    /// The file, for places and texts.
    pub(super) fn file(&self) -> HclFile<'_> {
        HclFile::new(&self.path, &self.text)
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    pub(super) fn directory(&self) -> &Path {
        super::directory_of(&self.path)
    }

    pub(super) fn blocks<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Block> {
        self.body.get_blocks(name)
    }

    pub(super) fn has_blocks(&self, name: &str) -> bool {
        self.body.has_blocks(name)
    }

    /// Whether a `terraform` block names a module: a file to be included may have the block for
    /// something else.
    pub(super) fn has_module_source(&self) -> bool {
        self.blocks("terraform").any(|block| block.body.has_attribute("source"))
    }
}

/// Every file that was read so far. Errors are not kept: they are told for each unit.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<BTreeMap<PathBuf, Arc<Source>>>);

impl Sources {
    pub(super) fn read(&self, path: &Path) -> Result<Arc<Source>, ConfigError> {
        let key = normal(path);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let source = Arc::new(Source::read(path)?);
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(sources.entry(key).or_insert(source)))
    }

    /// How many files that are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
