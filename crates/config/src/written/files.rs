//! Which files of a directory are configuration, in the order in which they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::ConfigError;

/// The endings, the longest first where one ends like another.
const ENDINGS: &[(&str, bool, bool)] = &[
    (".tofu.json", true, true),
    (".tf.json", true, false),
    (".tofu", false, true),
    (".tf", false, false),
];

/// A configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) is_json: bool,
}

/// The configuration files of one directory, each list sorted by name as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileList {
    pub(crate) ordinary: Vec<ConfigFile>,
    pub(crate) overrides: Vec<ConfigFile>,
}

impl FileList {
    /// Lists `directory`.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] if it cannot be listed.
    pub(crate) fn of(directory: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: directory.to_owned(), source };
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // A link to a directory is read as a file, and that fails, as in Terraform.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_directory && let Ok(name) = entry.file_name().into_string() {
                names.insert(name);
            }
        }
        Ok(Self::of_names(directory, &names))
    }

    /// Whether there is no configuration.
    pub(crate) fn is_empty(&self) -> bool {
        self.ordinary.is_empty() && self.overrides.is_empty()
    }

    fn of_names(directory: &Path, names: &BTreeSet<String>) -> Self {
        // Keyed by the name with Terraform's ending, so that `x.tofu` takes the place of `x.tf`, as
        // OpenTofu has it, and is read where `x.tf` would be.
        let mut chosen: BTreeMap<String, (&String, bool, bool)> = BTreeMap::new();
        for name in names.iter().filter(|name| !is_ignored(name)) {
            let Some((stem, is_json, is_tofu)) = split_ending(name) else { continue };
            let key = format!("{stem}{}", if is_json { ".tf.json" } else { ".tf" });
            if is_tofu || !chosen.contains_key(&key) {
                chosen.insert(key, (name, is_json, is_override(stem)));
            }
        }
        let mut list = Self::default();
        for (name, is_json, is_override) in chosen.into_values() {
            let file = ConfigFile { path: directory.join(name), is_json };
            if is_override { list.overrides.push(file) } else { list.ordinary.push(file) }
        }
        list
    }
}

/// Whether Terraform or OpenTofu reads a file of that name.
pub(crate) fn is_configuration(name: &str) -> bool {
    !is_ignored(name) && split_ending(name).is_some()
}

fn split_ending(name: &str) -> Option<(&str, bool, bool)> {
    ENDINGS.iter().find_map(|(ending, is_json, is_tofu)| {
        Some((name.strip_suffix(ending)?, *is_json, *is_tofu))
    })
}

fn is_override(stem: &str) -> bool {
    stem == "override" || stem.ends_with("_override")
}

/// Hidden files and what editors leave behind.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let files = FileList::of_names(Path::new(""), &names);
        let show = |files: Vec<ConfigFile>| {
            files.into_iter().map(|file| file.path.display().to_string()).collect()
        };
        (show(files.ordinary), show(files.overrides))
    }

    #[test]
    fn only_configuration_counts() {
        let (ordinary, overrides) = list(&[
            "a.tf",
            "b.tf.json",
            "c.tofu",
            "d.tofu.json",
            ".x.tf",
            ".tf",
            ".#a.tf",
            "x.tf~",
            "#x.tf#",
            "x.tfvars",
            "x.TF",
            "x.tf.bak",
            "x.tf.swp",
            "x.hcl",
            "x.tftest.hcl",
            "README",
            "#y.tf",
        ]);
        assert_eq!(ordinary, ["#y.tf", "a.tf", "b.tf.json", "c.tofu", "d.tofu.json"]);
        assert_eq!(overrides, [""; 0]);
    }

    #[test]
    fn override_files_are_apart_and_sorted_by_name() {
        let (ordinary, overrides) = list(&[
            "override.tf",
            "b_override.tf",
            "a_override.tf.json",
            "_override.tf",
            "Z_override.tf",
            "xoverride.tf",
            "OVERRIDE.tf",
            "c_override.tofu",
            "override.tf.json",
        ]);
        assert_eq!(ordinary, ["OVERRIDE.tf", "xoverride.tf"]);
        assert_eq!(
            overrides,
            [
                "Z_override.tf",
                "_override.tf",
                "a_override.tf.json",
                "b_override.tf",
                "c_override.tofu",
                "override.tf",
                "override.tf.json",
            ]
        );
    }

    #[test]
    fn tofu_files_take_the_place_of_their_namesakes() {
        let (ordinary, overrides) = list(&[
            "a.tf",
            "a.tofu",
            "b.tf",
            "c.tf.json",
            "c.tofu.json",
            "d.tf",
            "d.tofu.json",
            "override.tf",
            "override.tofu",
        ]);
        assert_eq!(ordinary, ["a.tofu", "b.tf", "c.tofu.json", "d.tf", "d.tofu.json"]);
        assert_eq!(overrides, ["override.tofu"]);
    }

    #[test]
    fn a_directory_with_a_files_name_is_no_file() {
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(directory.path().join("x.tf")).expect("directory");
        assert!(FileList::of(directory.path()).expect("list").is_empty());
    }
}
