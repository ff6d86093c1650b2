//! Directories in which terragrunt runs, but not Terraform.

use std::path::{Path, PathBuf};

/// What a directory must have so that terragrunt works there.
const FILES: &[&str] = &["terragrunt.hcl", "terragrunt.hcl.json"];
/// Where terragrunt runs Terraform, below a unit.
pub(crate) const CACHE: &str = ".terragrunt-cache";

/// How deep a module may lie below the cache: two hashes, and its path in its source.
const DEPTH_MAX: usize = 10;
/// How many directories are looked at before it gives up: a hint is not worth more.
const DIRECTORIES_MAX: usize = 5_000;

/// Whether `directory` is one of terragrunt's.
pub(crate) fn is_terragrunt(directory: &Path) -> bool {
    FILES.iter().any(|name| directory.join(name).is_file())
}

/// The only initialised directory below the cache, if there is exactly one. `state` is where such a
/// directory keeps its backend, relative to itself.
pub(crate) fn initialised(directory: &Path, state: &Path) -> Option<PathBuf> {
    let mut found = None;
    let mut open = vec![(directory.join(CACHE), 0)];
    let mut looked_at = 0;
    while let Some((candidate, depth)) = open.pop() {
        looked_at += 1;
        if looked_at > DIRECTORIES_MAX {
            return None;
        }
        if candidate.join(state).is_file() && found.replace(candidate.clone()).is_some() {
            return None;
        }
        if depth < DEPTH_MAX {
            open.extend(below(&candidate).map(|path| (path, depth + 1)));
        }
    }
    found
}

/// The directories in `directory`, without links and hidden ones. What cannot be listed has none.
fn below(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).filter_map(|entry| {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        (is_directory && !is_hidden).then(|| entry.path())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initialise(root: &Path, module: &str) -> PathBuf {
        let directory = root.join(CACHE).join(module);
        std::fs::create_dir_all(directory.join(".terraform")).expect("directories");
        std::fs::write(directory.join(".terraform/terraform.tfstate"), "{}").expect("write");
        directory
    }

    #[test]
    fn one_initialised_directory_is_found_and_two_are_none() {
        let root = tempfile::tempdir().expect("temporary directory");
        let state = Path::new(".terraform/terraform.tfstate");
        assert_eq!(initialised(root.path(), state), None);
        std::fs::create_dir_all(root.path().join(CACHE).join("h/other")).expect("directories");
        let first = initialise(root.path(), "h1/h2/modules/app");
        assert_eq!(initialised(root.path(), state), Some(first));
        initialise(root.path(), "h1/h3");
        assert_eq!(initialised(root.path(), state), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().expect("temporary directory");
        let module = initialise(root.path(), "h1/h2");
        std::os::unix::fs::symlink(root.path().join(CACHE), module.join("loop")).expect("link");
        assert_eq!(
            initialised(root.path(), Path::new(".terraform/terraform.tfstate")),
            Some(module)
        );
    }
}
