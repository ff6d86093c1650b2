//! The `init` that a changed backend needs.

use std::path::{Path, PathBuf};

use statelock_config::Value;
use statelock_config::tree::{Completion, Runner};

use super::super::survey::Unit;
use crate::output::printable;
use crate::shell::quoted;

/// Arguments whose values can be shown: all others may be secrets.
const SHOWN: [&str; 10] = [
    "bucket",
    "key",
    "region",
    "profile",
    "encrypt",
    "use_lockfile",
    "dynamodb_table",
    "workspace_key_prefix",
    "kms_key_id",
    "role_arn",
];

/// An `init` of one unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InitCommand {
    /// Where it runs.
    pub(super) directory: PathBuf,
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments; `None` if one of them is not known.
    pub(super) words: Option<Vec<String>>,
    /// The whole as a line for a shell, without secrets, and with nothing in it that a terminal obeys.
    pub(super) shown: String,
}

impl InitCommand {
    /// The one of a unit.
    pub(super) fn of(unit: &Unit, terraform: &Path) -> Self {
        let directory = unit.directory.clone();
        let mut words = Some(vec!["init".to_owned(), "-reconfigure".to_owned()]);
        let mut shown = vec!["init".to_owned(), "-reconfigure".to_owned()];
        for completion in &unit.completed_by {
            let (word, text) = match completion {
                Completion::File(path) => {
                    let word = format!("-backend-config={}", from(&directory, path).display());
                    (Some(word.clone()), word)
                }
                Completion::CommandLine { argument, .. } => {
                    let value = unit.arguments.get(argument).and_then(text_of);
                    let is_shown = SHOWN.contains(&argument.as_str());
                    let text = value.clone().filter(|_| is_shown).unwrap_or_else(|| "…".to_owned());
                    let word = value.map(|value| format!("-backend-config={argument}={value}"));
                    (word, format!("-backend-config={argument}={text}"))
                }
            };
            words = words.zip(word).map(|(mut words, word)| {
                words.push(word);
                words
            });
            shown.push(text);
        }
        let at = quoted(&directory.to_string_lossy());
        let shown: Vec<_> = shown.iter().map(|word| option(word)).collect();
        let (program, line) = match unit.runner {
            Runner::Terragrunt => {
                let line = format!("(cd {at} && terragrunt {})", shown.join(" "));
                (PathBuf::from("terragrunt"), line)
            }
            Runner::Terraform => {
                let name = quoted(&terraform.to_string_lossy());
                (terraform.to_owned(), format!("{name} -chdir={at} {}", shown.join(" ")))
            }
        };
        Self { directory, program, words, shown: printable(&line) }
    }
}

/// A word as a shell reads it back, with the dash of an option left alone.
fn option(word: &str) -> String {
    match word.split_once('=') {
        Some((name, value)) if name.starts_with('-') => format!("{name}={}", quoted(value)),
        Some(_) | None => word.to_owned(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// A file as it is named from a directory.
fn from(directory: &Path, file: &Path) -> PathBuf {
    let (Ok(directory), Ok(file)) = (directory.canonicalize(), file.canonicalize()) else {
        return file.to_owned();
    };
    for (up, above) in directory.ancestors().enumerate() {
        if let Ok(below) = file.strip_prefix(above) {
            return std::iter::repeat_n("..", up).collect::<PathBuf>().join(below);
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_where_terraform_runs() {
        let top = tempfile::tempdir().unwrap();
        let (module, env) = (top.path().join("live/app"), top.path().join("env"));
        std::fs::create_dir_all(&module).unwrap();
        std::fs::create_dir_all(&env).unwrap();
        for file in [module.join("a.tfbackend"), env.join("b c.tfbackend")] {
            std::fs::write(file, "").unwrap();
        }
        assert_eq!(from(&module, &module.join("a.tfbackend")), PathBuf::from("a.tfbackend"));
        let other = from(&module, &env.join("b c.tfbackend"));
        assert_eq!(other, PathBuf::from("../../env/b c.tfbackend"));
        let word = format!("-backend-config={}", other.display());
        assert_eq!(option(&word), "-backend-config='../../env/b c.tfbackend'");
    }
}
