//! The texts of other programs, each with what is to be recognised in it.
//!
//! A file is a header of `id:` and `fact:` lines, `---`, and the text as the program printed it. Without
//! an `id:` nothing is to be recognised.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A text with what it means.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) ids: Vec<String>,
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) text: String,
}

/// An id and its facts.
pub(crate) type Found = (String, BTreeMap<String, String>);

/// All texts.
pub(crate) fn all() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/texts");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of texts")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() > 100, "only {} texts", paths.len());
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> Fixture {
    let name = path.file_stem().and_then(OsStr::to_str).expect("a name").to_owned();
    let file = fs::read_to_string(path).expect("a text");
    let (header, text) = file.split_once("---\n").expect("a header");
    let (mut ids, mut facts) = (Vec::new(), BTreeMap::new());
    for line in header.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => ids.push(id.to_owned()),
            Some(("fact", fact)) => {
                let (key, value) = fact.split_once(" = ").expect("a name and a value");
                facts.insert(key.to_owned(), value.to_owned());
            }
            other => unreachable!("{name}: {other:?}"),
        }
    }
    Fixture { name, ids, facts, text: text.to_owned() }
}

/// Runs `statelock explain` on a text.
pub(crate) fn explain(args: &[&str], text: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_statelock"))
        .arg("explain")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that takes no text does not read it.
    stdin.write_all(text).unwrap_or_default();
    drop(stdin);
    child.wait_with_output().expect("the command ends")
}

/// What is recognised in a text.
pub(crate) fn found(text: &str) -> Vec<Found> {
    let output = explain(&["--json"], text.as_bytes());
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], 1);
    let explanations = document["explanations"].as_array().expect("an array");
    let code = if explanations.is_empty() { 6 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    let one = |explanation: &Value| {
        let facts = explanation["facts"].as_object().expect("facts").iter();
        let facts =
            facts.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()));
        (explanation["id"].as_str().expect("an id").to_owned(), facts.collect())
    };
    explanations.iter().map(one).collect()
}
