//! Names and shapes of files: module docs, banned names, nothing unfinished, nothing local.

use crate::tree::SourceFile;

/// Names that say nothing about what is inside.
const BANNED_NAMES: [&str; 6] = ["util", "utils", "common", "core", "helpers", "misc"];
/// A longer file is named, so that somebody thinks about it.
const LONG_FILE: usize = 250;

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
        if let Some(outside) = outside_path(line) {
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

/// A path that exists on somebody's machine only.
fn outside_path(line: &str) -> Option<String> {
    ["shared", "work"].into_iter().map(|name| format!("{name}/")).find(|needle| {
        line.match_indices(needle.as_str()).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            match needle.as_str() {
                // Only as a path from the root; a folder of that name is nobody's concern.
                "work/" => before.strip_suffix('/').is_some_and(ends_outside_a_word),
                _ => ends_outside_a_word(before) || before.ends_with("../"),
            }
        })
    })
}

fn ends_outside_a_word(text: &str) -> bool {
    !text.chars().next_back().is_some_and(|last| last.is_alphanumeric() || "_-./".contains(last))
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
    fn paths_of_one_machine_are_found_and_ordinary_words_are_not() {
        let outside = |line: &str| outside_path(line).is_some();
        assert!(outside(&format!("see {}/design.md", "shared")));
        assert!(outside(&format!("../{}/style.md", "shared")));
        assert!(outside(&format!("cd /{}/main", "work")));
        assert!(!outside("a framework/library"));
        assert!(!outside("src/network/work/mod.rs"));
        assert!(!outside("shared memory"));
    }
}
