//! One `s3` backend of one root module: what a migration moves.

use std::path::{Path, PathBuf};

use statelock_config::tree::{Completion, ModuleBackend, RootModule, Runner};
use statelock_config::{Arguments, ConfigError, ConfiguredBackend, NotLiteral, Place, S3Arguments};

use super::client_version::NeededClient;
use super::finding::{Finding, Severity};
use super::phase::LockPhase;
use super::site::LockSites;
use super::{arguments, initialised, site};

/// One `s3` backend of one root module. A module that is initialised in several ways has several.
#[derive(Debug)]
pub(crate) struct Unit {
    /// What names it everywhere: its directory, and what completes it where that is needed to tell it from
    /// others. Unique in a survey.
    pub(crate) name: String,
    /// The directory, with the scanned directory before it.
    pub(crate) directory: PathBuf,
    /// What runs there.
    pub(crate) runner: Runner,
    /// Where its block is.
    pub(crate) place: Place,
    /// What completes it, in the order in which it counts.
    pub(crate) completed_by: Vec<Completion>,
    /// All that is known of its arguments; each says where it stands.
    pub(crate) arguments: Arguments,
    /// Arguments whose value only an evaluation would tell.
    pub(crate) expressions: Vec<NotLiteral>,
    /// The arguments in their types; the error says what is missing or wrong.
    pub(crate) s3: Result<S3Arguments, ConfigError>,
    /// `bucket`, even if the rest cannot be read; so are the next four.
    pub(crate) bucket: Option<String>,
    /// `key`.
    pub(crate) key: Option<String>,
    /// `region`.
    pub(crate) region: Option<String>,
    /// `dynamodb_table`; `None` also if its name is an expression.
    pub(crate) table: Option<String>,
    /// `workspace_key_prefix`.
    pub(crate) workspace_key_prefix: Option<String>,
    /// How the states are locked; `None` if the files do not tell.
    pub(crate) phase: Option<LockPhase>,
    /// Where the arguments stand that a phase change touches.
    pub(crate) sites: LockSites,
    /// Which clients may run.
    pub(crate) client: NeededClient,
    /// What the last `terraform init` set up in the directory.
    pub(crate) initialised: Option<ConfiguredBackend>,
    /// The workspace that is selected in the directory.
    pub(crate) selected_workspace: Option<String>,
    /// What is worth saying, the worst first.
    pub(crate) findings: Vec<Finding>,
}

impl Unit {
    /// `s3://BUCKET/KEY`, as far as it is known.
    pub(crate) fn address(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        format!("s3://{}/{}", part(&self.bucket), part(&self.key))
    }

    /// Whether what was found says which state it is, if only by an expression: otherwise something that was not
    /// found completes it.
    pub(crate) fn is_whole(&self) -> bool {
        let is_open = |name: &str| self.expressions.iter().any(|one| one.argument == name);
        let is_there = |name: &str| self.arguments.get(name).is_some() || is_open(name);
        is_there("bucket") && is_there("key")
    }

    /// Whether the last `terraform init` here set up what the files say.
    pub(crate) fn is_initialised(&self) -> bool {
        let as_written = |one| initialised::differences(self, one).is_empty();
        self.initialised.as_ref().is_some_and(as_written)
    }

    /// Whether the last `terraform init` here was with its state, however it is locked.
    pub(crate) fn has_initialised_state(&self) -> bool {
        self.initialised.as_ref().is_some_and(|one| initialised::is_same_state(self, one))
    }

    /// Whether something keeps it from being moved.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// What keeps it from being moved.
    pub(crate) fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocker)
    }

    /// Brings the worst to the front.
    pub(crate) fn sort_findings(&mut self) {
        self.findings.sort_by_key(|finding| (finding.severity, finding.id));
    }

    /// The files that a phase change may write, each once.
    pub(crate) fn touched_files(&self) -> Vec<PathBuf> {
        let sites: Vec<_> = self.sites.all().collect();
        let mut files: Vec<_> =
            sites.iter().filter_map(|site| Some(site.file()?.0.to_path_buf())).collect();
        files.sort();
        files.dedup();
        files
    }

    /// The files that say something about it, each once: a change in any of them may change it.
    pub(crate) fn used_files(&self) -> Vec<PathBuf> {
        let completing = self.completed_by.iter().filter_map(|one| match one {
            Completion::File(path) => Some(path.clone()),
            Completion::CommandLine { .. } => None,
        });
        let mut files = self.touched_files();
        files.extend(completing);
        files.push(self.place.file.clone());
        files.sort();
        files.dedup();
        files
    }
}

/// The units of a root module.
pub(super) fn of_module(module: &RootModule) -> Vec<Unit> {
    let s3: Vec<_> = module.backends.iter().filter(|backend| backend.kind == "s3").collect();
    let is_one_of_many = s3.len() > 1;
    let mut units: Vec<Unit> = Vec::with_capacity(s3.len());
    for backend in s3 {
        let mut name = module.directory.display().to_string();
        if is_one_of_many {
            name = format!("{name} ({})", completion(backend, &module.directory));
        }
        let like = units.iter().filter(|unit| unit.name == name).count();
        if like > 0 {
            name = format!("{name} #{}", like + 1);
        }
        units.push(unit(backend, module, name));
    }
    units
}

fn unit(backend: &ModuleBackend, module: &RootModule, name: String) -> Unit {
    let arguments = arguments::of(backend, module);
    let text = |name: &str| arguments::text(&arguments, name);
    let source = |path: &[&str]| arguments::source(&arguments, path);
    Unit {
        name,
        directory: module.directory.clone(),
        runner: module.runner,
        place: backend.place.clone(),
        completed_by: backend.completed_by.clone(),
        s3: S3Arguments::read(&arguments),
        bucket: text("bucket"),
        key: text("key"),
        region: text("region"),
        table: text("dynamodb_table"),
        workspace_key_prefix: text("workspace_key_prefix"),
        phase: arguments::phase(backend, &arguments),
        sites: site::of(backend, module.runner, source),
        client: NeededClient::of(&module.required_versions),
        initialised: module.initialised.clone(),
        selected_workspace: module.selected_workspace.clone(),
        findings: Vec::new(),
        expressions: backend.expressions.clone(),
        arguments,
    }
}

/// What completes it, in short: `env/prod.tfbackend`, `key=…`.
fn completion(backend: &ModuleBackend, directory: &Path) -> String {
    let words: Vec<_> = backend
        .completed_by
        .iter()
        .map(|one| match one {
            Completion::File(path) => {
                path.strip_prefix(directory).unwrap_or(path).display().to_string()
            }
            Completion::CommandLine { argument, place } => format!("{argument} in {place}"),
        })
        .collect();
    if words.is_empty() { backend.place.to_string() } else { words.join(", ") }
}
