//! Files by which version managers choose Terraform or OpenTofu, for a directory and all below it.

use std::collections::BTreeMap;
use std::path::Path;

use super::options::Scan;
use super::walk::{Found, FoundKind};
use super::{RequiredVersion, Tree, TreeTrouble, parallel};
use crate::error::{ConfigError, Place};
use crate::text_file;

/// Files with nothing but a version.
const SINGLE: &[&str] = &[".opentofu-version", ".terraform-version"];
/// One with a line for each tool, and the tools that matter.
const SEVERAL: &str = ".tool-versions";
const TOOLS: &[&str] = &["opentofu", "terraform"];

/// Whether a file of that name chooses versions.
pub(super) fn is_candidate(name: &str) -> bool {
    name == SEVERAL || SINGLE.contains(&name)
}

/// Gives every module the versions of the nearest file of each kind, in its directory or above it.
pub(super) fn attach(scan: &Scan, found: &[Found], tree: &mut Tree) {
    let files: Vec<&Path> = found
        .iter()
        .filter(|found| found.kind == FoundKind::PinnedVersion)
        .map(|found| found.path.as_path())
        .collect();
    let read = parallel::map(&files, scan.threads, |path| versions(path));
    let mut known: BTreeMap<&Path, Vec<RequiredVersion>> = BTreeMap::new();
    for (path, versions) in files.iter().zip(read) {
        tree.files += 1;
        match versions {
            Ok(versions) => drop(known.insert(path, versions)),
            Err(error) => tree.troubles.push(TreeTrouble { module: None, error }),
        }
    }
    if known.is_empty() {
        return;
    }
    for module in &mut tree.modules {
        for name in SINGLE.iter().chain([&SEVERAL]) {
            let nearest = module
                .directory
                .ancestors()
                .find_map(|above| known.get(above.join(name).as_path()));
            module.required_versions.extend(nearest.into_iter().flatten().cloned());
        }
    }
}

/// The versions in a file; a tool that is listed with several uses the first one that is there.
fn versions(path: &Path) -> Result<Vec<RequiredVersion>, ConfigError> {
    let text = text_file::read(path)?;
    let is_single = path.file_name().is_none_or(|name| name != SEVERAL);
    let mut versions = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let version = match words.next() {
            Some(word) if is_single => Some(word),
            Some(tool) if TOOLS.contains(&tool) => words.next(),
            Some(_) | None => None,
        };
        let Some(version) = version else { continue };
        let place = Place { file: path.to_owned(), line: Some(number + 1) };
        versions.push(RequiredVersion { text: version.to_owned(), place });
        if is_single {
            break;
        }
    }
    Ok(versions)
}
