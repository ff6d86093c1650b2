//! Writes the report: whole, or not at all.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::ScanError;

/// Puts `text` at `path`. What stood there stays until the new file is complete.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ScanError> {
    put(path, text).map_err(|source| ScanError::Page { path: path.to_owned(), source })
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    if path.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    let mut beside = name.to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = fill(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        remove(&beside);
    }
    written
}

fn fill(path: &PathBuf, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What cannot be removed was not made, or stays as a file with an odd name; the error is told anyway.
fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let scratch = tempfile::tempdir().expect("a directory");
        let path = scratch.path().join("report.html");
        write(&path, "old").expect("written");
        write(&path, "new").expect("replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "new");
        assert_eq!(std::fs::read_dir(scratch.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn a_directory_or_a_path_into_nothing_is_refused() {
        let scratch = tempfile::tempdir().expect("a directory");
        for path in [scratch.path().to_path_buf(), scratch.path().join("none/report.html")] {
            let error = write(&path, "x").expect_err("refused");
            assert!(matches!(error, ScanError::Page { .. }), "{error}");
        }
        assert_eq!(std::fs::read_dir(scratch.path()).expect("a directory").count(), 0);
    }
}
