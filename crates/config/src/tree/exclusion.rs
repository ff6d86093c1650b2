//! What a scan leaves out because somebody says so.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// A pattern as a line of a `.gitignore` in each directory that is scanned, or the path of a file or directory. Whatever it
/// matches is not looked at, nor what is below it. A configuration file takes all that is in its directory with it: a half of a root
/// module says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion(String);

impl FromStr for Exclusion {
    type Err = BadExclusion;

    fn from_str(text: &str) -> Result<Self, BadExclusion> {
        let bad = |why: String| BadExclusion { text: text.to_owned(), why };
        if text.trim().is_empty() {
            return Err(bad("it is empty".to_owned()));
        }
        if text.starts_with(['!', '#']) {
            return Err(bad("a pattern that begins so excludes nothing".to_owned()));
        }
        // git takes a bracket that is not closed for itself; here it is a mistake.
        match GitignoreBuilder::new("").allow_unclosed_class(false).add_line(None, text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(bad(error.to_string())),
        }
    }
}

impl Exclusion {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text excludes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadExclusion {
    text: String,
    why: String,
}

impl fmt::Display for BadExclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no pattern of files: {}", self.text, self.why)
    }
}

impl Error for BadExclusion {}

/// All that is excluded from some roots.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    /// By root, as it was named.
    patterns: Vec<(PathBuf, Gitignore)>,
    /// Files and directories, without links in their paths.
    paths: Vec<PathBuf>,
}

impl Exclusions {
    pub(super) fn new(roots: &[PathBuf], exclusions: &[Exclusion]) -> Self {
        if exclusions.is_empty() {
            return Self::default();
        }
        let of_root = |root: &PathBuf| {
            // Paths are given below the root.
            let mut builder = GitignoreBuilder::new("");
            for Exclusion(text) in exclusions {
                // It was looked at when it was read.
                builder.add_line(None, text).map(|_| ()).unwrap_or_default();
            }
            (root.clone(), builder.build().unwrap_or_else(|_| Gitignore::empty()))
        };
        let patterns = roots.iter().map(of_root).collect();
        let paths = exclusions.iter().filter_map(|one| real(Path::new(&one.0))).collect();
        Self { patterns, paths }
    }

    /// Whether something that is found below a root is left out, by itself or with what it is in.
    pub(super) fn hold(&self, path: &Path, is_directory: bool) -> bool {
        let by_pattern = |(root, patterns): &(PathBuf, Gitignore)| {
            let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
            below.is_some_and(|below| {
                patterns.matched_path_or_any_parents(below, is_directory).is_ignore()
            })
        };
        self.patterns.iter().any(by_pattern) || self.hold_path(path)
    }

    fn hold_path(&self, path: &Path) -> bool {
        !self.paths.is_empty()
            && real(path).is_some_and(|real| self.paths.iter().any(|one| real.starts_with(one)))
    }
}

/// A path without links but in its last part, if there is anything.
fn real(path: &Path) -> Option<PathBuf> {
    let Some(name) = path.file_name() else { return path.canonicalize().ok() };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let whole = parent.unwrap_or(Path::new(".")).canonicalize().ok()?.join(name);
    std::fs::symlink_metadata(&whole).is_ok().then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exclusions(roots: &[&str], texts: &[&str]) -> Exclusions {
        let roots: Vec<_> = roots.iter().map(PathBuf::from).collect();
        let texts: Vec<Exclusion> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Exclusions::new(&roots, &texts)
    }

    #[test]
    fn a_pattern_counts_from_each_root() {
        let all = exclusions(&["infra", "./live"], &["legacy", "/envs/*.tfbackend", "old/"]);
        for (path, is_directory, is_held) in [
            ("infra/legacy", true, true),
            ("infra/a/legacy/b/main.tf", false, true),
            ("./live/legacy", true, true),
            ("infra/envs/prod.tfbackend", false, true),
            ("infra/a/envs/prod.tfbackend", false, false),
            ("infra/old", true, true),
            ("infra/old", false, false),
            ("infra/legacy2", true, false),
            ("infra", true, false),
            ("legacy", true, false),
        ] {
            assert_eq!(all.hold(Path::new(path), is_directory), is_held, "{path}");
        }
        assert!(!exclusions(&["infra"], &[]).hold(Path::new("infra/legacy"), true));
    }

    #[test]
    fn a_path_counts_as_it_is_written() {
        let top = tempfile::tempdir().unwrap();
        let excluded = top.path().join("infra/legacy");
        std::fs::create_dir_all(excluded.join("deep")).unwrap();
        std::fs::create_dir_all(top.path().join("infra/legacy2")).unwrap();
        let root = top.path().join("infra/.");
        let (root, excluded) = (root.to_str().unwrap(), excluded.to_str().unwrap());
        let all = exclusions(&[root], &[excluded]);
        assert!(all.hold(&Path::new(root).join("legacy"), true));
        assert!(all.hold(&Path::new(root).join("legacy/deep"), true));
        assert!(!all.hold(&Path::new(root).join("legacy2"), true));
    }

    #[test]
    fn what_excludes_nothing_is_refused() {
        for text in ["", " ", "!a", "#a", "a[", "{a"] {
            let error = text.parse::<Exclusion>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
