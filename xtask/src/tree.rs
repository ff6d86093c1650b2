//! The files of the repository, without what builds and tools leave behind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Directories that are not part of the source.
const IGNORED: [&str; 5] = ["target", ".git", ".terraform", "statelock-data", "__pycache__"];

/// A text file of the repository.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// Whether it is test code: a `tests` directory or a module named for it.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }
}

/// All text files below `root`, in order of their paths.
pub(crate) fn read(root: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(&directory)
            .with_context(|| format!("could not list `{}`", directory.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if kind.is_dir() && !IGNORED.iter().any(|ignored| name == *ignored) {
                open.push(entry.path());
            } else if kind.is_file() {
                files.extend(read_text(root, &entry.path())?);
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

/// The file, unless it is not UTF-8: rules are about text.
fn read_text(root: &Path, path: &PathBuf) -> Result<Option<SourceFile>> {
    let bytes = fs::read(path).with_context(|| format!("could not read `{}`", path.display()))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(None);
    };
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(Some(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text }))
}
