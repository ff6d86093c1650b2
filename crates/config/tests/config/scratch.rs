//! Directories as Terraform leaves them, made for one test.

use std::collections::BTreeMap;
use std::path::Path;

use statelock_config::{ConfigError, ConfiguredBackend, Value, WorkingDirectory};
use tempfile::TempDir;

/// A directory with `files`, each a path and its text.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    for (name, text) in files {
        write(directory.path(), name, text);
    }
    directory
}

/// Writes a file below `directory`.
pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, text).expect("write");
}

/// An environment with `variables` only.
pub(crate) fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The backend of a directory, in an empty environment.
pub(crate) fn backend(path: &Path) -> Result<ConfiguredBackend, ConfigError> {
    WorkingDirectory::open(path, &environment(&[]))?.backend()
}

/// The text of an argument, if it is one.
pub(crate) fn text<'a>(backend: &'a ConfiguredBackend, name: &str) -> Option<&'a str> {
    match backend.arguments.get(name)? {
        Value::Text(text) => Some(text),
        Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}
