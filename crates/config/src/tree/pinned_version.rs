//! Files by which version managers choose Terraform or OpenTofu, for a directory and all below it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::options::Scan;
use super::walk::{Found, FoundKind};
use super::{RequiredVersion, RootModule, Tree, TreeTrouble, parallel};
use crate::error::{ConfigError, Place};
use crate::text_file;
use crate::version_constraint::{Version, VersionConstraint};

const OPENTOFU: &str = "opentofu";
const TERRAFORM: &str = "terraform";
/// The file with a line for each tool.
const SEVERAL: &str = ".tool-versions";
/// What chooses a version: a file, and the tool for which it does.
const CHOICES: [(&str, &str); 4] = [
    (".opentofu-version", OPENTOFU),
    (".terraform-version", TERRAFORM),
    (SEVERAL, OPENTOFU),
    (SEVERAL, TERRAFORM),
];

/// What the files choose: by path and tool.
type Chosen = BTreeMap<(PathBuf, &'static str), RequiredVersion>;

/// Whether a file of that name chooses versions.
pub(super) fn is_candidate(name: &str) -> bool {
    CHOICES.iter().any(|(file, _)| *file == name)
}

/// Gives every module the version that is chosen for it, in its directory or above it, up to the top of
/// the repository.
pub(super) fn attach(scan: &Scan, found: &[Found], tree: &mut Tree) {
    let mut files: Vec<PathBuf> = found
        .iter()
        .filter(|found| found.kind == FoundKind::PinnedVersion)
        .map(|found| found.path.clone())
        .collect();
    let above = |directory: PathBuf| {
        let names = [".opentofu-version", ".terraform-version", SEVERAL];
        names.into_iter().map(move |name| directory.join(name)).filter(|path| path.is_file())
    };
    files.extend(scan.all_above().into_iter().flat_map(above));
    let read = parallel::map(&files, scan.threads, |path| versions(path));
    let mut chosen = Chosen::new();
    for (path, versions) in files.iter().zip(read) {
        tree.files += 1;
        match versions {
            Ok(versions) => {
                let of_file = |(tool, version)| ((path.clone(), tool), version);
                chosen.extend(versions.into_iter().map(of_file));
            }
            Err(error) => tree.troubles.push(TreeTrouble { module: None, error }),
        }
    }
    if chosen.is_empty() {
        return;
    }
    for module in &mut tree.modules {
        let of_module: Vec<_> =
            CHOICES.iter().filter_map(|choice| nearest(scan, &chosen, module, *choice)).collect();
        let counted = oldest(of_module, &module.required_versions);
        module.required_versions.extend(counted);
    }
}

fn nearest(
    scan: &Scan,
    chosen: &Chosen,
    module: &RootModule,
    (name, tool): (&str, &'static str),
) -> Option<RequiredVersion> {
    let above = scan.above(&module.directory).iter().map(PathBuf::as_path);
    let mut directories = module.directory.ancestors().chain(above);
    directories.find_map(|directory| chosen.get(&(directory.join(name), tool)).cloned())
}

/// Which tool and which version manager people use is not known: the oldest version that may run counts,
/// and with it whatever is none.
fn oldest(all: Vec<RequiredVersion>, required: &[RequiredVersion]) -> Vec<RequiredVersion> {
    let required = required.iter().filter_map(|one| VersionConstraint::parse(&one.text).ok());
    let required = VersionConstraint::all(required);
    let (mut known, mut counted) = (Vec::new(), Vec::new());
    for one in all {
        match Version::parse(&one.text) {
            Some(version) => known.push((!required.admits(&version), version, one)),
            None => counted.push(one),
        }
    }
    // One that is not admitted cannot run, unless there is no other.
    known.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    counted.extend(known.into_iter().next().map(|(_, _, one)| one));
    counted
}

/// The versions in a file; a tool that is listed with several uses the first one that is there.
fn versions(path: &Path) -> Result<Vec<(&'static str, RequiredVersion)>, ConfigError> {
    let text = text_file::read(path)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut versions: Vec<(&'static str, RequiredVersion)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        for (_, tool) in CHOICES.iter().filter(|(file, _)| *file == name) {
            let version = match words.as_slice() {
                [listed, version, ..] if name == SEVERAL && listed == tool => version,
                [version, ..] if name != SEVERAL => version,
                _ => continue,
            };
            if versions.iter().any(|(known, _)| known == tool) {
                continue;
            }
            let place = Place { file: path.to_owned(), line: Some(number + 1) };
            versions.push((tool, RequiredVersion { text: (*version).to_owned(), place }));
        }
    }
    Ok(versions)
}
