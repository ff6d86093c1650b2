//! Names and shapes of files: module docs, banned names, nothing unfinished, nothing local.

use crate::tree::SourceFile;

/// Names that say nothing about what is inside.
const BANNED_NAMES: [&str; 6] = ["util", "utils", "common", "core", "helpers", "misc"];
/// A longer file is named, so that somebody thinks about it.
const LONG_FILE: usize = 250;
/// Directories of the root below which people and machines keep their own things.
const HOMES: [&str; 6] = ["home", "Users", "root", "work", "workspace", "workspaces"];
/// Whose home an example may show.
const ANYBODY: &str = "you";

/// All findings about `files`.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    files.iter().flat_map(findings_of).collect()
}

fn findings_of(file: &SourceFile) -> Vec<String> {
    let path = &file.path;
    let mut findings = Vec::new();
    if let Some(name) = banned_name(path) {
        findings.push(format!("{path}: `{name}` says nothing; name it after what is inside"));
    }
    if file.is_rust() && !has_module_docs(&file.text) {
        findings.push(format!("{path}: begins without module docs (`//! What this is for.`)"));
    }
    if path.starts_with("crates/") && file.is_rust() {
        let unfinished = unfinished_marks().into_iter().find(|mark| file.text.contains(mark));
        findings.extend(unfinished.map(|mark| format!("{path}: holds `{mark}…)`")));
    }
    for (number, line) in file.text.lines().enumerate() {
        if let Some(outside) = outside_path(path, line) {
            findings.push(format!("{path}:{}: `{outside}` is not in the repository", number + 1));
        }
    }
    findings
}

/// The component of the path that is banned, if one is.
fn banned_name(path: &str) -> Option<&str> {
    path.split('/')
        .map(|part| part.split('.').next().unwrap_or(part))
        .find(|stem| BANNED_NAMES.contains(stem))
}

/// Whether the file begins with a doc comment that says something.
fn has_module_docs(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("//! ").is_some_and(|said| !said.starts_with("Not yet written"))
}

/// Built from pieces, so that this file does not find itself.
fn unfinished_marks() -> [String; 2] {
    ["todo", "unimplemented"].map(|name| format!("{name}!("))
}

/// The first path in a line of the file `path` that is not in the repository: a relative one that
/// climbs out of it, or an absolute one into somebody's directory.
fn outside_path<'line>(path: &str, line: &'line str) -> Option<&'line str> {
    let depth = path.matches('/').count();
    let is_outside = |word: &&str| climbs(word) > depth || is_in_a_home(word);
    line.split(|c: char| !is_part_of_a_path(c)).find(is_outside)
}

fn is_part_of_a_path(c: char) -> bool {
    c.is_alphanumeric() || "_-./".contains(c)
}

/// How many directories a relative path climbs first; dots without a slash are no path.
fn climbs(word: &str) -> usize {
    let ups = word.split('/').take_while(|part| *part == "..").count();
    if word.contains('/') { ups } else { 0 }
}

/// Whether an absolute path goes into one of [`HOMES`], other than an example's.
fn is_in_a_home(word: &str) -> bool {
    let mut parts = word.split('/');
    let (first, home, owner) = (parts.next(), parts.next(), parts.next());
    first == Some("")
        && home.is_some_and(|home| HOMES.contains(&home))
        && owner.is_some_and(|owner| !owner.is_empty() && owner != ANYBODY)
}

/// One line for each Rust file that is longer than [`LONG_FILE`] lines; told, not enforced.
pub(super) fn long_files(files: &[SourceFile]) -> Vec<String> {
    let rust = files.iter().filter(|file| file.is_rust());
    let sized = rust.map(|file| (file.text.lines().count(), &file.path));
    sized
        .filter(|(lines, _)| *lines > LONG_FILE)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn banned_names_are_found_as_folder_and_as_file() {
        assert_eq!(banned_name("crates/server/src/util/time.rs"), Some("util"));
        assert_eq!(banned_name("crates/server/src/helpers.rs"), Some("helpers"));
        assert_eq!(banned_name("crates/server/src/score.rs"), None);
    }

    #[test]
    fn module_docs_must_be_there_and_say_something() {
        assert!(has_module_docs("//! Locks.\n"));
        assert!(!has_module_docs("use std::fs;\n"));
        assert!(!has_module_docs("//! Not yet written.\n"));
        assert!(!has_module_docs(""));
    }

    #[test]
    fn unfinished_code_is_found_in_crates() {
        let text = format!("//! Docs.\nfn f() {{ {}) }}\n", unfinished_marks()[0]);
        assert_eq!(check(&[file("crates/a/src/lib.rs", &text)]).len(), 1);
        assert_eq!(check(&[file("xtask/src/lib.rs", &text)]), Vec::<String>::new());
    }

    #[test]
    fn relative_paths_must_not_leave_the_repository() {
        let outside = |path, line: &str| outside_path(path, line).map(str::to_owned);
        let up = |count: usize| format!("{}design.md", ["..", "/"].concat().repeat(count));
        assert_eq!(outside("README.md", &format!("see `{}`", up(1))), Some(up(1)));
        assert_eq!(outside("docs/errors.md", &format!("[it]({})", up(2))), Some(up(2)));
        assert_eq!(outside("docs/errors.md", &format!("[it]({})", up(1))), None);
        assert_eq!(outside("crates/a/src/lib.rs", &format!("\"{}\"", up(3))), None);
        assert_eq!(outside("README.md", &format!("a/{}, /{}", up(2), up(2))), None);
        assert_eq!(outside("README.md", "and so on ... or .. or ./here"), None);
    }

    #[test]
    fn absolute_paths_must_not_name_a_home() {
        let outside = |line: &str| outside_path("docs/errors.md", line).is_some();
        for home in HOMES {
            assert!(outside(&format!("cd /{home}/main")), "{home}");
            assert!(outside(&format!("--data=/{home}/main/x")), "{home}");
            assert!(!outside(&format!("src/{home}/mod.rs")), "{home}");
            assert!(!outside(&format!("https://example.com/{home}/main")), "{home}");
            assert!(!outside(&format!("below /{home}/{ANYBODY}/project")), "{home}");
            assert!(!outside(&format!("below /{home}/ there are homes")), "{home}");
        }
        assert!(!outside("/etc/passwd, /tmp/x, /dev/null"));
    }
}
