//! The backend as written in configuration files, before any `terraform init`.
//!
//! Which files count, and which block of which file wins, is what Terraform 1.11.4 was seen to do:
//! one backend in all ordinary files together, one in each override file, and the last override file
//! (by name) that has one replaces it whole.

use crate::argument::Arguments;
use crate::error::{ConfigError, Place};

pub(crate) use files::{ConfigFile, FileList};

pub(crate) mod body;
mod files;
mod hcl;
mod heredoc;
pub(crate) mod json_file;
pub(crate) mod literal;

/// The name under which `.terraform/terraform.tfstate` keeps a `cloud` block.
pub(crate) const CLOUD: &str = "cloud";

/// One `backend` or `cloud` block.
#[derive(Debug)]
pub(crate) struct WrittenBackend {
    /// The block's label, or `cloud`.
    pub(crate) kind: String,
    /// Where the block begins.
    pub(crate) place: Place,
    /// Its arguments, as far as they are fixed values.
    pub(crate) arguments: Arguments,
    /// The other arguments.
    pub(crate) unknown: Vec<NotLiteral>,
}

/// An argument whose value is only known after an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLiteral {
    /// Its name.
    pub argument: String,
    /// Where it stands.
    pub place: Place,
    /// What it does: the end of a sentence.
    pub what: &'static str,
}

impl From<NotLiteral> for ConfigError {
    fn from(unknown: NotLiteral) -> Self {
        let NotLiteral { argument, place, what } = unknown;
        Self::NotLiteral { argument, place, what }
    }
}

/// The backend that `files` configure, if they configure one.
///
/// # Errors
/// [`ConfigError`] if a file cannot be read, or the backend is not clear.
pub(crate) fn read(files: &FileList) -> Result<Option<WrittenBackend>, ConfigError> {
    let mut ordinary: Vec<WrittenBackend> = Vec::new();
    for file in &files.ordinary {
        ordinary.extend(blocks(file)?);
    }
    let mut winner = only_one(ordinary)?;
    for file in &files.overrides {
        if let Some(block) = only_one(blocks(file)?)? {
            winner = Some(block);
        }
    }
    Ok(winner)
}

fn blocks(file: &ConfigFile) -> Result<Vec<WrittenBackend>, ConfigError> {
    let text = crate::text_file::read(&file.path)?;
    if file.is_json { json_file::blocks(&file.path, &text) } else { hcl::blocks(&file.path, &text) }
}

fn only_one(found: Vec<WrittenBackend>) -> Result<Option<WrittenBackend>, ConfigError> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => {
            Err(ConfigError::TwoBackends { first: first.place, second: second.place })
        }
        (first, _) => Ok(first),
    }
}
