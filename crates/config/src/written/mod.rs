//! The backend as written in configuration files, before any `terraform init`.
//!
//! Which files count, and which block of which file wins, is what Terraform 1.11.4 was seen to do:
//! one backend in all ordinary files together, one in each override file, and the last override file
//! (by name) that has one replaces it whole.

use crate::argument::Arguments;
use crate::error::{ConfigError, Place};
use crate::tree::RequiredVersion;

pub(crate) use files::{ConfigFile, FileList, is_configuration};

pub(crate) mod body;
mod files;
mod hcl;
mod heredoc;
pub(crate) mod json_file;
pub(crate) mod literal;

/// The name under which `.terraform/terraform.tfstate` keeps a `cloud` block.
pub(crate) const CLOUD: &str = "cloud";

/// What the `terraform` blocks of a file say.
#[derive(Debug, Default)]
pub(crate) struct TerraformBlocks {
    /// Every `backend` and `cloud` block, in order.
    pub(crate) backends: Vec<WrittenBackend>,
    /// Every `required_version` with a fixed value. (Terraform takes no other.)
    pub(crate) required_versions: Vec<RequiredVersion>,
}

/// One `backend` or `cloud` block.
#[derive(Clone, Debug)]
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
    let read = |file: &ConfigFile| {
        let text = crate::text_file::read(&file.path)?;
        Ok(terraform_blocks(file, &text)?.backends)
    };
    let ordinary: Result<Vec<_>, ConfigError> = files.ordinary.iter().map(read).collect();
    let overrides: Result<Vec<_>, ConfigError> = files.overrides.iter().map(read).collect();
    winner(ordinary?, overrides?)
}

/// The `terraform` blocks of one file, whose text is `text`.
///
/// # Errors
/// [`ConfigError`] if it is no configuration, or a block is malformed.
pub(crate) fn terraform_blocks(
    file: &ConfigFile,
    text: &str,
) -> Result<TerraformBlocks, ConfigError> {
    if file.is_json { json_file::blocks(&file.path, text) } else { hcl::blocks(&file.path, text) }
}

/// Which block counts: the only one of all ordinary files, or the one of the last override file that
/// has one. Each list has an item for each file.
///
/// # Errors
/// [`ConfigError::TwoBackends`] if there are two where one may be.
pub(crate) fn winner(
    ordinary: Vec<Vec<WrittenBackend>>,
    overrides: Vec<Vec<WrittenBackend>>,
) -> Result<Option<WrittenBackend>, ConfigError> {
    let mut winner = only_one(ordinary.into_iter().flatten())?;
    for blocks in overrides {
        if let Some(block) = only_one(blocks.into_iter())? {
            winner = Some(block);
        }
    }
    Ok(winner)
}

fn only_one(
    mut found: impl Iterator<Item = WrittenBackend>,
) -> Result<Option<WrittenBackend>, ConfigError> {
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => {
            Err(ConfigError::TwoBackends { first: first.place, second: second.place })
        }
        (first, _) => Ok(first),
    }
}
