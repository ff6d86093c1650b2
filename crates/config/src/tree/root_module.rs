//! Directories with Terraform's files: which of them keep a state, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::options::Scan;
use super::walk::{Found, FoundKind};
use super::{
    FileOrigin, ModuleBackend, RequiredVersion, RootModule, Runner, Tree, TreeTrouble, origin,
    parallel,
};
use crate::argument::Arguments;
use crate::backend::{self, ConfiguredBackend};
use crate::error::{ConfigError, Place};
use crate::written::{self, ConfigFile, FileList, TerraformBlocks, WrittenBackend};
use crate::{initialised, text_file};

/// The kind of backend that keeps its state beside the configuration.
const LOCAL: &str = "local";
/// Where that keeps the states of the workspace `default` and of the others.
const LOCAL_STATES: [&str; 2] = ["terraform.tfstate", "terraform.tfstate.d"];

/// Reads every directory with configuration, and every initialised one; gives them all.
pub(super) fn read_all(scan: &Scan, found: &[Found], tree: &mut Tree) -> BTreeSet<PathBuf> {
    let mut directories: BTreeMap<&Path, bool> = BTreeMap::new();
    let mut searched = BTreeSet::new();
    for found in found {
        match found.kind {
            FoundKind::Configuration => {
                searched.insert(found.path.as_path());
                if let Some(directory) = found.path.parent() {
                    directories.entry(directory).or_default();
                }
            }
            FoundKind::Initialised => *directories.entry(&found.path).or_default() = true,
            FoundKind::Partial
            | FoundKind::Script
            | FoundKind::Terragrunt
            | FoundKind::PinnedVersion => {}
        }
    }
    let directories: Vec<(&Path, bool)> = directories.into_iter().collect();
    let readings = parallel::map(&directories, scan.threads, |(path, is_initialised)| {
        Reading::of(scan, path, *is_initialised, &searched)
    });
    for reading in readings {
        tree.files += reading.files;
        tree.origins.extend(reading.origins);
        let module = reading.module.as_ref().map(|module| module.directory.clone());
        let trouble = |error| TreeTrouble { module: module.clone(), error };
        tree.troubles.extend(reading.errors.into_iter().map(trouble));
        tree.modules.extend(reading.module);
    }
    directories.into_iter().map(|(directory, _)| directory.to_owned()).collect()
}

/// What one directory says.
#[derive(Default)]
struct Reading {
    module: Option<RootModule>,
    origins: Vec<(PathBuf, FileOrigin)>,
    errors: Vec<ConfigError>,
    files: usize,
}

impl Reading {
    fn of(scan: &Scan, directory: &Path, is_initialised: bool, searched: &BTreeSet<&Path>) -> Self {
        let mut reading = Self::default();
        let files = reading.noted(FileList::of(directory)).unwrap_or_default();
        let ordinary = reading.blocks(scan, &files.ordinary, searched);
        let overrides = reading.blocks(scan, &files.overrides, searched);
        let required_versions = required_versions(&ordinary, &overrides);
        let backends = |files: Vec<TerraformBlocks>| files.into_iter().map(|file| file.backends);
        let winner = written::winner(backends(ordinary).collect(), backends(overrides).collect());
        let written = reading.noted(winner).flatten();
        let initialised = if is_initialised {
            reading.initialised(scan, directory, written.as_ref())
        } else {
            None
        };
        let backend = written.map(of_written).or_else(|| local(directory, &files, is_initialised));
        if backend.is_none() && initialised.is_none() {
            return reading;
        }
        let selected_workspace = reading.selected_workspace(scan, directory);
        reading.module = Some(RootModule {
            directory: directory.to_owned(),
            runner: Runner::Terraform,
            backends: backend.into_iter().collect(),
            required_versions,
            initialised,
            selected_workspace,
        });
        reading
    }

    /// Keeps the error, if it is one.
    fn noted<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// What each file says; one that cannot be read says nothing.
    fn blocks(
        &mut self,
        scan: &Scan,
        files: &[ConfigFile],
        searched: &BTreeSet<&Path>,
    ) -> Vec<TerraformBlocks> {
        let mut all = Vec::new();
        for file in files {
            self.files += 1;
            let Some(blocks) = self.noted(terraform_blocks(file)) else { continue };
            if !blocks.backends.is_empty() || !blocks.required_versions.is_empty() {
                let origin = origin::of(scan, &file.path, searched);
                self.origins.extend(origin.map(|origin| (file.path.clone(), origin)));
                all.push(blocks);
            }
        }
        all
    }

    fn initialised(
        &mut self,
        scan: &Scan,
        directory: &Path,
        written: Option<&WrittenBackend>,
    ) -> Option<ConfiguredBackend> {
        let state_file = scan.data_directory.as_ref()?.state_file(directory);
        self.files += 1;
        let initialised = self.noted(initialised::read(&state_file)).flatten()?;
        let written = match self.errors.first() {
            Some(error) => Err(error.to_string()),
            None => Ok(written.cloned()),
        };
        Some(backend::of_initialised(initialised, written))
    }

    fn selected_workspace(&mut self, scan: &Scan, directory: &Path) -> Option<String> {
        let data_directory = scan.data_directory.as_ref()?.of(directory);
        self.noted(crate::workspace::selected_in(&data_directory)).flatten().map(|(name, _)| name)
    }
}

/// All constraints count, unless an override file has some: those of the last one replace all others.
fn required_versions(
    ordinary: &[TerraformBlocks],
    overrides: &[TerraformBlocks],
) -> Vec<RequiredVersion> {
    let over = overrides.iter().rev().map(|file| &file.required_versions).find(|v| !v.is_empty());
    over.cloned().unwrap_or_else(|| {
        ordinary.iter().flat_map(|file| file.required_versions.iter().cloned()).collect()
    })
}

/// The blocks of a file. Most files have none, and to see that it takes no parser.
fn terraform_blocks(file: &ConfigFile) -> Result<TerraformBlocks, ConfigError> {
    let text = text_file::read(&file.path)?;
    if may_have_blocks(file, &text) {
        written::terraform_blocks(file, &text)
    } else {
        Ok(TerraformBlocks::default())
    }
}

/// Names of blocks stand in HCL as they are; in JSON they may be escaped.
fn may_have_blocks(file: &ConfigFile, text: &str) -> bool {
    let has = |word| text.contains(word);
    (file.is_json && has("\\u"))
        || (has("terraform") && (has("backend") || has("cloud") || has("required_version")))
}

fn of_written(written: WrittenBackend) -> ModuleBackend {
    ModuleBackend {
        kind: written.kind,
        place: written.place,
        completed_by: Vec::new(),
        arguments: written.arguments,
        expressions: written.unknown,
    }
}

/// Without a block Terraform keeps the state beside the configuration; that this was done shows only
/// the state itself. Every module that others use would be a root module else.
fn local(directory: &Path, files: &FileList, is_initialised: bool) -> Option<ModuleBackend> {
    if files.is_empty() || is_initialised {
        return None;
    }
    let state = LOCAL_STATES.iter().map(|name| directory.join(name)).find(|path| path.exists())?;
    Some(ModuleBackend {
        kind: LOCAL.to_owned(),
        place: Place { file: state, line: None },
        completed_by: Vec::new(),
        arguments: Arguments::default(),
        expressions: Vec::new(),
    })
}
