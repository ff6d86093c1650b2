//! Command lines in scripts and CI files that give `-backend-config` to an init.
//!
//! Only what is written counts: a variable stays a variable, and nothing is run.

mod command;
mod quoted;
mod shell;
mod word;
mod yaml;

use std::path::{Path, PathBuf};

pub(super) use command::{InitCommand, InitOption};
pub(super) use word::{Piece, Word};

use super::Tree;
use super::options::Scan;
use super::parallel;
use super::walk::{Found, FoundKind};
use crate::error::ConfigError;
use crate::text_file;

/// What a file must mention to be read at all.
const OPTION: &str = "-backend-config";

/// How a file has its command lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One after the other.
    Shell,
    /// Each line by itself.
    Lines,
    /// In scalars.
    Yaml,
    /// In texts between quotes.
    Quoted,
}

/// Whether a file of that name may hold command lines.
pub(super) fn is_candidate(path: &Path) -> bool {
    form_of(path).is_some()
}

fn form_of(path: &Path) -> Option<Form> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| lower.starts_with(begin));
    if ends(&[".yml", ".yaml"]) {
        return Some(Form::Yaml);
    }
    if begins(&["makefile", "gnumakefile", "dockerfile", "containerfile"])
        || ends(&[".mk", ".dockerfile"])
        || lower == "justfile"
        || lower == ".justfile"
    {
        return Some(Form::Lines);
    }
    if ends(&[".sh", ".bash", ".zsh", ".ksh", ".envrc"]) || lower == ".env" {
        return Some(Form::Shell);
    }
    if begins(&["jenkinsfile"]) || ends(&[".groovy", ".jenkinsfile"]) || lower == "package.json" {
        return Some(Form::Quoted);
    }
    None
}

/// What the scripts say.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    /// Every init with options, by place.
    pub(super) commands: Vec<InitCommand>,
    /// Those that could not be read.
    pub(super) unreadable: Vec<(PathBuf, ConfigError)>,
}

/// Reads every script.
pub(super) fn read_all(scan: &Scan, found: &[Found], tree: &mut Tree) -> Scripts {
    let scripts: Vec<&Path> = found
        .iter()
        .filter(|found| found.kind == FoundKind::Script)
        .map(|found| found.path.as_path())
        .collect();
    let read = parallel::map(&scripts, scan.threads, |path| {
        text_file::read(path).map(|text| of(path, &text))
    });
    let mut all = Scripts::default();
    for (path, found) in scripts.iter().zip(read) {
        tree.files += 1;
        match found {
            Ok(found) => all.commands.extend(found),
            Err(error) => all.unreadable.push(((*path).to_owned(), error)),
        }
    }
    all
}

/// The commands in one file.
fn of(path: &Path, text: &str) -> Vec<InitCommand> {
    if !text.contains(OPTION) {
        return Vec::new();
    }
    let text = text.replace("\r\n", "\n");
    let mut commands = match form_of(path) {
        Some(Form::Shell) => command::in_shell(&text, 1, None, false).0,
        Some(Form::Lines) => in_lines(&text),
        Some(Form::Yaml) => yaml::commands(&text),
        Some(Form::Quoted) => {
            let texts = quoted::texts(&text, is_json(path));
            texts
                .iter()
                .flat_map(|(text, line)| command::in_shell(text, *line, None, false).0)
                .collect()
        }
        None => Vec::new(),
    };
    for command in &mut commands {
        path.clone_into(&mut command.script);
        command.is_run_from_the_top = !matches!(form_of(path), Some(Form::Shell | Form::Lines));
    }
    commands
}

/// Every line is run by itself, from the same directory; in a Dockerfile it may be a JSON list.
fn in_lines(text: &str) -> Vec<InitCommand> {
    let mut commands = command::in_shell(text, 1, None, true).0;
    for (number, line) in text.lines().enumerate() {
        let list = line.split_once(' ').map_or("", |(_, rest)| rest.trim());
        if list.starts_with("[\"") && list.contains(OPTION) {
            commands.retain(|command| command.line != number + 1);
            let words: Vec<_> = quoted::texts(list, true)
                .into_iter()
                .map(|(text, _)| shell::word(&text, number + 1))
                .collect();
            commands.extend(InitCommand::of(&words, None));
        }
    }
    commands
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Where the relative paths of a script may begin: its own directory, and the top of its repository.
pub(super) fn bases(scan: &Scan, command: &InitCommand) -> Vec<PathBuf> {
    let own = command.script.parent().map(Path::to_owned).unwrap_or_default();
    let top = scan.repository_of(&own);
    let mut bases = if command.is_run_from_the_top { vec![top, own] } else { vec![own, top] };
    bases.dedup();
    bases
}

/// The top of the repository in which they are.
pub(super) fn top(scan: &Scan, bases: &[PathBuf]) -> PathBuf {
    bases.first().map(|base| scan.repository_of(base)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
