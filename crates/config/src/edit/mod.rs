//! Changes of backend arguments that leave every other byte of a file as it is.
//!
//! A change is cut into the text where the argument stands; the file is never printed anew. Then the new
//! text is parsed and compared: it must have the old structure except for the change, or nothing is
//! returned. What cannot be changed so is said with its line and the change to make by hand.
//!
//! - An argument is added on a line of its own, with the indentation, the line end, the comma and the
//!   quotes of the one it follows. If everything around it is aligned as `terraform fmt` does it, it still
//!   is afterwards; otherwise no other line moves.
//! - An argument goes with its line and the comment behind it. A comment on the lines above stays: it may
//!   be about more than this argument. An object that has become empty goes too.
//! - A block on one line is opened up before a second argument is put into it.

mod added;
mod alignment;
mod generated;
mod hcl;
mod json;
mod list;
mod model;
mod removed;
mod syntax;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;

use crate::error::{ConfigError, Place};

/// A change of one argument of every `s3` backend in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentChange {
    /// Sets it: replaces its value where it stands, else adds it on a line of its own.
    Set {
        /// The argument.
        name: &'static str,
        /// Its value.
        value: NewValue,
        /// The argument after which it is added; after the last one if that is not there.
        after: &'static str,
    },
    /// Removes it, with its line if nothing else stands there, and nothing if it is not there.
    Remove {
        /// The argument, or the path of an attribute in it: `["endpoints", "dynamodb"]`.
        path: &'static [&'static str],
    },
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// `true` or `false`.
    Bool(bool),
    /// A text, which is written quoted and escaped.
    Text(String),
}

/// What a file is, which decides where its backend arguments stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A `.tf` or `.tofu` file: `backend "s3"` blocks in `terraform` blocks.
    Terraform,
    /// A `.tf.json` or `.tofu.json` file: the same as JSON.
    TerraformJson,
    /// A file for `-backend-config`: the arguments are all there is.
    BackendConfig,
    /// The same as JSON.
    BackendConfigJson,
    /// A file of terragrunt: `config` in a `remote_state` of kind `s3`, and `backend "s3"` blocks in a
    /// heredoc that a `generate` block writes. Files of JSON are changed by hand.
    Terragrunt,
}

impl Form {
    /// What a file with this name and text is. Of files whose names end with `.hcl` the text decides: those
    /// with blocks, or with `remote_state` and its like, are terragrunt's.
    pub fn of(path: &Path, text: &str) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let ends_with = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
        if ends_with([".tf.json", ".tofu.json"]) {
            Self::TerraformJson
        } else if name.ends_with(".hcl.json") {
            Self::Terragrunt
        } else if name.ends_with(".json") {
            Self::BackendConfigJson
        } else if ends_with([".tf", ".tofu"]) {
            Self::Terraform
        } else if name == "terragrunt.hcl" || name.ends_with(".hcl") && hcl::is_terragrunt(text) {
            Self::Terragrunt
        } else {
            Self::BackendConfig
        }
    }
}

/// A file's text after the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// All of it.
    pub text: String,
    /// Whether it is another text than before.
    pub is_changed: bool,
    /// How many `s3` backends the file has; the changes were made in each.
    pub backends: usize,
}

/// Why a file is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read, or not be understood.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// It must be changed by hand. There is at least one; no change of the file is made.
    #[error("{}", listed(.0))]
    ByHand(Vec<ByHand>),
}

fn listed(by_hand: &[ByHand]) -> String {
    by_hand.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a file is not changed, and what its owner has to change there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// Where.
    pub place: Place,
    /// Why it is not done: a sentence about the place, without a full stop.
    pub reason: String,
    /// The exact change.
    pub change: String,
}

impl std::fmt::Display for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, reason, change } = self;
        write!(f, "{place}: {reason}; {change} by hand")
    }
}

/// Why something is left alone, and the byte at which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    at: usize,
    reason: String,
    /// Whether it is not known what the backend has there.
    is_unseen: bool,
}

impl Refusal {
    fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), is_unseen: false }
    }

    fn unseen(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), is_unseen: true }
    }
}

/// The file's text with `changes` made, in order, in each of its `s3` backends. Nothing is written. To do it
/// again changes nothing.
///
/// # Errors
/// [`EditError::Invalid`] if the file cannot be read or is not valid; [`EditError::ByHand`] if a change is
/// needed that cannot be made safely.
pub fn edited(
    path: &Path,
    form: Option<Form>,
    changes: &[ArgumentChange],
) -> Result<Edited, EditError> {
    let text = crate::text_file::read(path)?;
    edited_text(path, form.unwrap_or_else(|| Form::of(path, &text)), &text, changes)
}

/// The same for a text that was read already; `path` is for messages only.
///
/// # Errors
/// As [`edited`].
pub fn edited_text(
    path: &Path,
    form: Form,
    text: &str,
    changes: &[ArgumentChange],
) -> Result<Edited, EditError> {
    let mut current = Edited { text: text.to_owned(), is_changed: false, backends: 0 };
    let mut by_hand = Vec::new();
    for change in changes {
        let outcome = match form {
            Form::Terraform | Form::BackendConfig | Form::Terragrunt => {
                hcl::changed(path, form, &current.text, change)?
            }
            Form::TerraformJson | Form::BackendConfigJson => {
                json::changed(path, form, &current.text, change)?
            }
        };
        current.backends = outcome.backends;
        match outcome.text.map(|new| match generated::by(form, path, text) {
            Some(refusal) => Err(refusal),
            None => Ok(new),
        }) {
            Some(Ok(new)) => current.text = new,
            Some(Err(refusal)) => by_hand.push(refused(path, text, &refusal, change)),
            None => {}
        }
        let refusals = outcome.refusals.iter();
        by_hand.extend(refusals.map(|refusal| refused(path, &current.text, refusal, change)));
    }
    if !by_hand.is_empty() {
        by_hand.dedup();
        return Err(EditError::ByHand(by_hand));
    }
    current.is_changed = current.text != text;
    Ok(current)
}

/// What became of one change.
struct Outcome {
    /// The new text; `None` if nothing has to change.
    text: Option<String>,
    backends: usize,
    /// What was left alone.
    refusals: Vec<Refusal>,
}

fn refused(path: &Path, text: &str, refusal: &Refusal, change: &ArgumentChange) -> ByHand {
    let before = text.get(..refusal.at).unwrap_or("");
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    ByHand {
        place: Place { file: path.to_owned(), line: Some(line) },
        reason: refusal.reason.clone(),
        change: match change {
            ArgumentChange::Remove { .. } if refusal.is_unseen => {
                format!("{change}, if it is set there,")
            }
            ArgumentChange::Remove { .. } | ArgumentChange::Set { .. } => change.to_string(),
        },
    }
}

impl std::fmt::Display for ArgumentChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Set { name, value, after } => {
                write!(f, "set `{name} = {}` (after `{after}` if it is new)", value.as_hcl())
            }
            Self::Remove { path } => match path.split_last() {
                Some((last, [])) => write!(f, "remove `{last}`"),
                Some((last, outer)) => write!(f, "remove `{last}` from `{}`", outer.join(".")),
                None => f.write_str("remove nothing"),
            },
        }
    }
}

impl NewValue {
    /// As it is written in HCL.
    fn as_hcl(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => hcl::quoted(text),
        }
    }

    /// As it is written in JSON, where no `${` counts in a backend.
    fn as_json(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        }
    }

    /// Whether an argument with this value needs no change. Terraform takes `"true"` for `true`.
    fn is(&self, value: Option<&crate::value::Value>) -> bool {
        match (self, value) {
            (Self::Bool(new), Some(crate::value::Value::Bool(old))) => new == old,
            (Self::Bool(new), Some(crate::value::Value::Text(old))) => new.to_string() == *old,
            (Self::Text(new), Some(crate::value::Value::Text(old))) => {
                crate::value::normalised(new) == *old
            }
            (Self::Bool(_) | Self::Text(_), _) => false,
        }
    }
}
