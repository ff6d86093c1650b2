//! Paths with variables in them, and which paths they may mean.
//!
//! A variable stands for any text, the same one wherever its name stands. A whole component that is a
//! variable may be several directories.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::script::{Piece, Word};

/// What variables were seen to stand for.
pub(super) type Bindings = BTreeMap<String, String>;

/// More entries than anybody has files for.
const ENTRIES_MAX: usize = 10_000;

/// Variables of CI services that hold the top directory of the repository.
const TOPS: &[&str] = &[
    "BITBUCKET_CLONE_DIR",
    "Build.SourcesDirectory",
    "CI_PROJECT_DIR",
    "CIRCLE_WORKING_DIRECTORY",
    "GITHUB_WORKSPACE",
    "System.DefaultWorkingDirectory",
    "WORKSPACE",
    "env.WORKSPACE",
    "git rev-parse --show-toplevel",
    "github.workspace",
];
/// Variables and commands that hold the present directory.
const PRESENT: &[&str] = &["CURDIR", "PWD", "pwd", "justfile_directory()"];

/// A path with variables.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    components: Vec<Vec<Piece>>,
    is_absolute: bool,
}

impl Pattern {
    /// What `word` means in the directory `base` of a repository whose top is `top`.
    pub(super) fn of(word: &Word, base: &Path, top: &Path) -> Self {
        let (start, pieces) = match word.pieces.split_first() {
            Some((Piece::Variable(name), rest)) if TOPS.contains(&name.as_str()) => (top, rest),
            Some((Piece::Variable(name), rest)) if PRESENT.contains(&name.as_str()) => (base, rest),
            _ => (base, word.pieces.as_slice()),
        };
        let mut components = vec![vec![]];
        for piece in pieces {
            match piece {
                Piece::Variable(_) => push(&mut components, piece.clone()),
                Piece::Text(text) => {
                    for (number, part) in text.split('/').enumerate() {
                        if number > 0 {
                            components.push(Vec::new());
                        }
                        if !part.is_empty() {
                            push(&mut components, Piece::Text(part.to_owned()));
                        }
                    }
                }
            }
        }
        let start = if word.beginning().starts_with('/') { Path::new("/") } else { start };
        let start = normal(start);
        let mut pattern = Self { components: Vec::new(), is_absolute: start.is_absolute() };
        for component in start.components() {
            if let Component::Normal(name) = component {
                pattern.components.push(vec![Piece::Text(name.to_string_lossy().into_owned())]);
            }
        }
        for component in components {
            pattern.add(component);
        }
        pattern
    }

    fn add(&mut self, component: Vec<Piece>) {
        match component.as_slice() {
            [] => {}
            [Piece::Text(text)] if text == "." => {}
            [Piece::Text(text)] if text == ".." && !self.components.is_empty() => {
                self.components.pop();
            }
            _ => self.components.push(component),
        }
    }

    /// What the variables stand for, if this is how the pattern means `path`.
    pub(super) fn matches(&self, path: &Path) -> Option<Bindings> {
        let path = normal(path);
        if path.is_absolute() != self.is_absolute {
            return None;
        }
        let path: Vec<_> = path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        match_components(&self.components, &path, &Bindings::new())
    }

    /// The path up to the first component with a variable, and whether that is all of it.
    pub(super) fn beginning(&self) -> (PathBuf, bool) {
        let mut path = if self.is_absolute { PathBuf::from("/") } else { PathBuf::new() };
        for component in &self.components {
            match literal(component, &Bindings::new()) {
                Some(name) => path.push(name),
                None => return (path, false),
            }
        }
        (path, true)
    }

    /// The files that it may mean, with what its variables stand for then, besides `bindings`.
    pub(super) fn files(&self, bindings: &Bindings) -> Vec<(PathBuf, Bindings)> {
        let start = if self.is_absolute { PathBuf::from("/") } else { PathBuf::new() };
        let mut found = vec![(start, bindings.clone())];
        for component in &self.components {
            let mut next = Vec::new();
            for (path, bindings) in found {
                match literal(component, &bindings) {
                    Some(name) => next.push((path.join(name), bindings)),
                    None => next.extend(entries(&path).into_iter().filter_map(|name| {
                        let bound = match_component(component, &name, &bindings)?;
                        Some((path.join(name), bound))
                    })),
                }
            }
            found = next;
        }
        found.retain(|(path, _)| path.is_file());
        found
    }
}

fn push(components: &mut [Vec<Piece>], piece: Piece) {
    if let Some(last) = components.last_mut() {
        last.push(piece);
    }
}

/// The path without `.` and without `..` where that is possible; a place to compare, not to open.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            Component::Prefix(_)
            | Component::RootDir
            | Component::ParentDir
            | Component::Normal(_) => normal.push(component),
        }
    }
    normal
}

fn literal(component: &[Piece], bindings: &Bindings) -> Option<String> {
    component
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Variable(name) => bindings.get(name).map(String::as_str),
        })
        .collect()
}

/// The names in a directory, in order. A directory that cannot be listed has none.
fn entries(directory: &Path) -> Vec<String> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = std::fs::read_dir(directory).into_iter().flatten().take(ENTRIES_MAX);
    let mut names: Vec<_> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn match_components(
    components: &[Vec<Piece>],
    path: &[&str],
    bindings: &Bindings,
) -> Option<Bindings> {
    let Some((component, rest)) = components.split_first() else {
        return path.is_empty().then(|| bindings.clone());
    };
    let longest = match component.as_slice() {
        [Piece::Variable(_)] => path.len(),
        _ => path.len().min(1),
    };
    (1..=longest).find_map(|count| {
        let (taken, left) = path.split_at_checked(count)?;
        let bindings = match_component(component, &taken.join("/"), bindings)?;
        match_components(rest, left, &bindings)
    })
}

fn match_component(pieces: &[Piece], text: &str, bindings: &Bindings) -> Option<Bindings> {
    let Some((piece, rest)) = pieces.split_first() else {
        return text.is_empty().then(|| bindings.clone());
    };
    let bound = match piece {
        Piece::Text(text) => Some(text),
        Piece::Variable(name) => bindings.get(name),
    };
    if let Some(bound) = bound {
        return match_component(rest, text.strip_prefix(bound.as_str())?, bindings);
    }
    let Piece::Variable(name) = piece else { return None };
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.into_iter().find_map(|end| {
        let (taken, left) = text.split_at_checked(end)?;
        let mut bindings = bindings.clone();
        bindings.insert(name.clone(), taken.to_owned());
        match_component(rest, left, &bindings)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        let mut pieces = Vec::new();
        for (number, part) in text.split('$').enumerate() {
            let name = part.len() - part.trim_start_matches(|c: char| c.is_uppercase()).len();
            let (name, text) = if number == 0 { ("", part) } else { part.split_at(name) };
            if !name.is_empty() {
                pieces.push(Piece::Variable(name.to_owned()));
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(text.to_owned()));
            }
        }
        Word { pieces, line: 1 }
    }

    fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
        let pattern = Pattern::of(&word(pattern), Path::new("./base"), Path::new("."));
        let bindings = pattern.matches(Path::new(path))?;
        Some(bindings.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
    }

    #[test]
    fn variables_stand_for_text() {
        for (pattern, path, expected) in [
            ("infra", "./base/infra", Some(vec![])),
            ("../infra/./x", "infra/x", Some(vec![])),
            ("infra", "infra", None),
            ("envs/$ENV", "base/envs/dev", Some(vec!["ENV=dev"])),
            ("envs/$ENV", "base/envs/eu/dev", Some(vec!["ENV=eu/dev"])),
            ("envs/$ENV", "base/envs", None),
            ("x-$ENV", "base/x-dev", Some(vec!["ENV=dev"])),
            ("x-$ENV", "base/x-a/b", None),
            ("$A/$B", "base/a/b", Some(vec!["A=a", "B=b"])),
            ("$A/x/$A", "base/a/x/b", None),
            ("$A/x/$A", "base/a/x/a", Some(vec!["A=a"])),
            ("$WORKSPACE/infra", "infra", None),
            ("$PWD/infra", "base/infra", Some(vec![])),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|names| names.into_iter().map(str::to_owned).collect());
            if pattern.starts_with("$WORKSPACE") {
                assert_eq!(matched(pattern, path), Some(vec![]), "{pattern} {path}");
            } else {
                assert_eq!(matched(pattern, path), expected, "{pattern} {path}");
            }
        }
    }

    #[test]
    fn files_are_those_that_are_there() {
        let directory = tempfile::tempdir().expect("temporary directory");
        for name in ["dev.hcl", "prod.hcl", "dev.txt"] {
            std::fs::write(directory.path().join(name), "").expect("write");
        }
        let names = |text: &str, bindings: &Bindings| -> Vec<String> {
            let pattern = Pattern::of(&word(text), directory.path(), directory.path());
            let found = pattern.files(bindings).into_iter();
            found
                .map(|(path, _)| path.file_name().expect("a name").to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names("$ENV.hcl", &Bindings::new()), ["dev.hcl", "prod.hcl"]);
        let bound = Bindings::from([("ENV".to_owned(), "prod".to_owned())]);
        assert_eq!(names("$ENV.hcl", &bound), ["prod.hcl"]);
        assert_eq!(names("none.hcl", &Bindings::new()), [""; 0]);
    }
}
