//! Which workspace is selected.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::error::ConfigError;

/// The workspace of a state that nobody named.
const DEFAULT: &str = "default";
const VARIABLE: &str = "TF_WORKSPACE";
const FILE: &str = "environment";

/// The selected workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Who says so.
    pub source: WorkspaceSource,
}

/// Where the name of the selected workspace comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkspaceSource {
    /// The environment variable `TF_WORKSPACE`.
    Variable,
    /// `.terraform/environment`, which `terraform workspace select` writes.
    File(PathBuf),
    /// Neither: it is `default`.
    Default,
}

/// The workspace, by Terraform's order: the variable, the file in the data directory, `default`.
///
/// # Errors
/// [`ConfigError`] if the variable holds no valid name, or the file cannot be read. (Terraform takes
/// `default` then; here that could mean another state than the user thinks.)
pub(crate) fn selected(
    data_directory: &Path,
    environment: &dyn Environment,
) -> Result<Workspace, ConfigError> {
    if let Some(value) = environment.filled_variable(VARIABLE) {
        let name = value.into_string().ok().filter(|name| is_valid(name));
        let name = name.ok_or(ConfigError::WorkspaceVariable)?;
        return Ok(Workspace { name, source: WorkspaceSource::Variable });
    }
    Ok(match selected_in(data_directory)? {
        Some((name, path)) => Workspace { name, source: WorkspaceSource::File(path) },
        None => Workspace { name: DEFAULT.to_owned(), source: WorkspaceSource::Default },
    })
}

/// The workspace that was selected in a data directory, and the file that says so.
///
/// # Errors
/// [`ConfigError`] if that file cannot be read.
pub(crate) fn selected_in(data_directory: &Path) -> Result<Option<(String, PathBuf)>, ConfigError> {
    let path = data_directory.join(FILE);
    if !crate::text_file::exists(&path)? {
        return Ok(None);
    }
    let text = crate::text_file::read(&path)?;
    let name = text.trim();
    Ok((!name.is_empty()).then(|| (name.to_owned(), path)))
}

/// A name must be the same in a URL's path; so Terraform takes letters, digits and a few signs.
fn is_valid(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~$&+=:@".contains(c))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn select(
        file: Option<&[u8]>,
        variable: Option<&str>,
    ) -> Result<(String, &'static str), ConfigError> {
        let directory = tempfile::tempdir().expect("temporary directory");
        if let Some(bytes) = file {
            std::fs::write(directory.path().join(FILE), bytes).expect("write");
        }
        let environment: BTreeMap<_, _> =
            variable.map(|value| (VARIABLE.to_owned(), value.to_owned())).into_iter().collect();
        let workspace = selected(directory.path(), &environment)?;
        let source = match workspace.source {
            WorkspaceSource::Variable => "variable",
            WorkspaceSource::File(_) => "file",
            WorkspaceSource::Default => "default",
        };
        Ok((workspace.name, source))
    }

    #[test]
    fn the_variable_comes_before_the_file_before_default() {
        for (file, variable, expected) in [
            (Some("dev"), Some("x"), ("x", "variable")),
            (Some("dev"), Some("default"), ("default", "variable")),
            (Some("dev"), Some(""), ("dev", "file")),
            (Some("dev"), None, ("dev", "file")),
            (None, None, ("default", "default")),
        ] {
            let found = select(file.map(str::as_bytes), variable).expect("a workspace");
            assert_eq!((found.0.as_str(), found.1), expected);
        }
    }

    #[test]
    fn the_file_is_trimmed() {
        for (text, expected) in [
            ("dev\n", "dev"),
            (" dev ", "dev"),
            ("dev\r\n", "dev"),
            ("", "default"),
            ("\n", "default"),
            ("de/v", "de/v"),
            ("\u{e9}", "\u{e9}"),
            ("default", "default"),
        ] {
            assert_eq!(
                select(Some(text.as_bytes()), None).expect("a workspace").0,
                expected,
                "{text:?}"
            );
        }
    }

    /// Each of these was tried with terraform 1.11.4.
    #[test]
    fn the_variable_holds_what_terraform_takes() {
        for name in
            ["a-b", "a.b", "a_b", "a~b", "a$b", "a&b", "a+b", "a=b", "a:b", "a@b", ".", ".."]
        {
            assert_eq!(select(None, Some(name)).expect(name).0, name);
        }
        for name in
            ["a,b", "a;b", "a?b", "a%b", "a!b", "a'b", "a(b", "a*b", "a b", "a/b", "\u{e4}", " x "]
        {
            assert!(
                matches!(select(None, Some(name)), Err(ConfigError::WorkspaceVariable)),
                "{name}"
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_never_default() {
        assert!(matches!(select(Some(b"\xff"), None), Err(ConfigError::NotUtf8 { .. })));
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(directory.path().join(FILE)).expect("directory");
        let found = selected(directory.path(), &BTreeMap::new());
        assert!(matches!(found, Err(ConfigError::NotAFile(_))));
    }
}
