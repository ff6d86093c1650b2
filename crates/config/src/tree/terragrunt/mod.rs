//! Units of terragrunt: whose `remote_state`, own or included, says where their state is.
//!
//! Few of terragrunt's functions are understood, those with which nearly everybody builds a key. What
//! needs another one is reported as an expression.

mod evaluation;
mod generated;
mod remote_state;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::options::Scan;
use super::pattern::normal;
use super::walk::{Found, FoundKind};
use super::{
    FileOrigin, ModuleBackend, RequiredVersion, RootModule, Runner, Tree, TreeTrouble, origin,
    parallel,
};
use crate::backend::{self, ConfiguredBackend};
use crate::error::{ConfigError, Place};
use crate::initialised;
use crate::value::Value;

use evaluation::Scope;
use source::{Source, Sources};

/// What a unit's file is called.
const UNIT: &str = "terragrunt.hcl";
/// What it is called in JSON, which is not read.
const UNIT_JSON: &str = "terragrunt.hcl.json";
const VERSION_CONSTRAINT: &str = "terraform_version_constraint";

/// Whether a unit may be described in a file of that name.
pub(super) fn is_unit_file(name: &str) -> bool {
    name == UNIT || name == UNIT_JSON
}

/// Reads every unit, and tells the modules that are already there that they are one. Gives the
/// directories that units name as the source of their configuration.
pub(super) fn read_all(
    scan: &Scan,
    found: &[Found],
    configured: &BTreeSet<PathBuf>,
    tree: &mut Tree,
) -> BTreeSet<PathBuf> {
    let files: Vec<&Path> = found
        .iter()
        .filter(|found| found.kind == FoundKind::Terragrunt)
        .map(|found| found.path.as_path())
        .collect();
    let sources = Sources::default();
    let units =
        parallel::map(&files, scan.threads, |path| Unit::read(scan, path, &sources, configured));
    let mut modules: BTreeMap<PathBuf, RootModule> = std::mem::take(&mut tree.modules)
        .into_iter()
        .map(|module| (module.directory.clone(), module))
        .collect();
    let mut used = BTreeSet::new();
    for (unit, path) in units.into_iter().zip(&files) {
        used.extend(unit.source);
        let directory = directory_of(path);
        let module = unit.counts.then(|| directory.to_owned());
        let trouble = |error| TreeTrouble { module: module.clone(), error };
        tree.troubles.extend(unit.errors.into_iter().map(trouble));
        tree.origins.extend(unit.origins);
        if unit.counts {
            let module = modules.entry(directory.to_owned()).or_insert_with(|| empty(directory));
            module.runner = Runner::Terragrunt;
            if let Some(mut backend) = unit.backend {
                complete(&mut backend, module.backends.first());
                module.backends = vec![backend];
            }
            module.required_versions.extend(unit.required_versions);
            module.initialised = module.initialised.take().or(unit.initialised);
        }
    }
    tree.files += sources.count();
    tree.modules = modules.into_values().collect();
    used
}

/// Leaves out modules with an empty block that units have as their source: each unit fills the block in
/// a copy, and nobody runs there.
pub(super) fn leave_out(sources: &BTreeSet<PathBuf>, tree: &mut Tree) {
    let is_empty = |backend: &ModuleBackend| {
        backend.kind != "local"
            && backend.completed_by.is_empty()
            && backend.expressions.is_empty()
            && backend.arguments.iter().next().is_none()
    };
    let troubles = &tree.troubles;
    tree.modules.retain(|module| {
        module.runner != Runner::Terraform
            || module.initialised.is_some()
            || !module.backends.iter().all(is_empty)
            || !sources.contains(&normal(&module.directory))
            || troubles.iter().any(|trouble| trouble.module.as_ref() == Some(&module.directory))
    });
}

fn empty(directory: &Path) -> RootModule {
    RootModule {
        directory: directory.to_owned(),
        runner: Runner::Terragrunt,
        backends: Vec::new(),
        required_versions: Vec::new(),
        initialised: None,
        selected_workspace: None,
    }
}

/// Where the module has a block of its own, the `remote_state` completes it.
fn complete(backend: &mut ModuleBackend, block: Option<&ModuleBackend>) {
    if let Some(block) = block.filter(|block| block.kind == backend.kind) {
        let mut arguments = block.arguments.clone();
        for open in &backend.expressions {
            let source = crate::argument::Source::Written(open.place.clone());
            arguments.set(open.argument.clone(), None, source);
        }
        arguments.merge(std::mem::take(&mut backend.arguments));
        backend.arguments = arguments;
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// What a terragrunt.hcl says, together with what it includes.
#[derive(Debug, Default)]
struct Unit {
    /// Whether it is one, and not only a file to be included.
    counts: bool,
    backend: Option<ModuleBackend>,
    required_versions: Vec<RequiredVersion>,
    initialised: Option<ConfiguredBackend>,
    origins: Vec<(PathBuf, FileOrigin)>,
    errors: Vec<ConfigError>,
    /// The directory of its configuration, if that is another one.
    source: Option<PathBuf>,
}

impl Unit {
    fn read(scan: &Scan, path: &Path, sources: &Sources, configured: &BTreeSet<PathBuf>) -> Self {
        let mut unit = Self::default();
        if path.file_name().is_some_and(|name| name == UNIT_JSON) {
            unit.errors.push(ConfigError::Structure {
                place: Place { file: path.to_owned(), line: None },
                message: "terragrunt's JSON is not read: the unit's state is not known".to_owned(),
            });
            return unit;
        }
        let Some(own) = unit.noted(sources.read(path)) else { return unit };
        let directory = directory_of(path);
        let includes = unit.includes(scan, &own, directory, sources);
        unit.counts = own.has_blocks("include")
            || own.has_module_source()
            || (configured.contains(directory) && own.has_blocks("remote_state"));
        if !unit.counts {
            return unit;
        }
        // A unit's own block replaces an included one as a whole; of several, the last one counts.
        let own_scope = Scope::own(&own, directory, &includes);
        let scopes: Vec<_> = std::iter::once(own_scope)
            .chain(
                includes
                    .iter()
                    .rev()
                    .map(|include| Scope::included(&include.source, directory, &includes)),
            )
            .collect();
        // What is not known there hides what is included, too.
        let backend = scopes.iter().find_map(|scope| unit_backend(scope).transpose());
        unit.backend = backend.and_then(|backend| unit.noted(backend));
        unit.required_versions = scopes.iter().find_map(required_version).into_iter().collect();
        unit.initialised = unit.initialised_in_cache(scan, directory);
        unit.source = module_source(&scopes);
        unit
    }

    /// Keeps the error, if it is one.
    fn noted<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    fn includes(
        &mut self,
        scan: &Scan,
        own: &Source,
        directory: &Path,
        sources: &Sources,
    ) -> Vec<Include> {
        let mut includes = Vec::new();
        for block in own.blocks("include") {
            let name = block.labels.first().map(|label| label.as_str().to_owned());
            let scope = Scope::own(own, directory, &[]);
            let wrong = |message: String| own.file().wrong(&block.ident, message);
            let path = match scope.path(block.body.get_attribute("path").map(|path| &path.value)) {
                Ok(path) => path,
                Err(what) => {
                    self.errors.push(wrong(format!(
                        "what is included here is not known: its `path` {what}"
                    )));
                    continue;
                }
            };
            match sources.read(&path) {
                Ok(source) => {
                    self.origins.extend(origin_of(scan, &path).map(|origin| (path, origin)));
                    includes.push(Include { name, source });
                }
                Err(ConfigError::Unreadable { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    self.errors.push(wrong(format!("there is no `{}` to include", path.display())));
                }
                Err(error) => self.errors.push(error),
            }
        }
        includes
    }

    /// terragrunt runs Terraform below its cache; where that is one directory, it is this unit's.
    fn initialised_in_cache(&mut self, scan: &Scan, directory: &Path) -> Option<ConfiguredBackend> {
        if !directory.join(crate::terragrunt::CACHE).is_dir() {
            return None;
        }
        let data = scan.data_directory.as_ref()?;
        let state_file = data.state_file("".as_ref());
        let cached = crate::terragrunt::initialised(directory, &state_file)?;
        let found = self.noted(initialised::read(&cached.join(state_file))).flatten()?;
        let written = crate::written::FileList::of(&cached)
            .and_then(|files| crate::written::read(&files))
            .map_err(|error| error.to_string());
        Some(backend::of_initialised(found, written))
    }
}

/// What an included file is besides one of the tree: it may lie above what is scanned.
fn origin_of(scan: &Scan, path: &Path) -> Option<FileOrigin> {
    origin::of_link(scan, path).or_else(|| {
        let target = path.canonicalize().ok().filter(|real| !scan.contains(real))?;
        Some(FileOrigin::Outside { target })
    })
}

/// A file that a unit includes.
#[derive(Debug)]
pub(super) struct Include {
    name: Option<String>,
    source: std::sync::Arc<Source>,
}

fn unit_backend(scope: &Scope<'_>) -> Result<Option<ModuleBackend>, ConfigError> {
    Ok(match remote_state::backend(scope)? {
        Some(backend) => Some(backend),
        None => generated::backend(scope)?,
    })
}

/// The directory that a `terraform` block of the first of these names as the source; `None` for one that lies
/// elsewhere or is not known.
fn module_source(scopes: &[Scope<'_>]) -> Option<PathBuf> {
    let (scope, source) = scopes.iter().find_map(|scope| {
        let mut blocks = scope.source.blocks("terraform");
        Some((scope, blocks.find_map(|block| block.body.get_attribute("source"))?))
    })?;
    let path = scope.path(Some(&source.value)).ok().filter(|path| path.is_dir())?;
    // Two slashes say where a module begins of which a part is used; as a path they are one.
    Some(normal(&path))
}

fn required_version(scope: &Scope<'_>) -> Option<RequiredVersion> {
    let attribute = scope.source.body().get_attribute(VERSION_CONSTRAINT)?;
    match scope.value(&attribute.value) {
        Ok(Some(Value::Text(text))) => {
            Some(RequiredVersion { text, place: scope.source.file().place(attribute) })
        }
        _ => None,
    }
}
