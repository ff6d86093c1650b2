//! Where the arguments stand that a migration touches.

use std::path::{Path, PathBuf};

use statelock_config::tree::{Completion, ModuleBackend, Runner};
use statelock_config::{Place, Source};

/// Where an argument stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// In a file that can be edited.
    File {
        /// Where.
        place: Place,
        /// What the file is.
        role: FileRole,
    },
    /// In `-backend-config=NAME=VALUE` of a script or a CI file: people change it.
    Script(Place),
    /// In no file that was found: the last init wrote it down, and the way it was given is not known.
    Init(PathBuf),
}

/// What a file is, which says in which form an argument stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FileRole {
    /// Configuration with a `backend` block: `.tf`, `.tofu`, `.tf.json`.
    Module,
    /// Given with `-backend-config`: arguments alone.
    Partial,
    /// terragrunt's, with a `remote_state` block.
    Terragrunt,
}

/// An argument, or an attribute in one, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArgumentSite {
    /// `["dynamodb_table"]`, `["endpoints", "dynamodb"]`: as an edit names it.
    pub(crate) path: &'static [&'static str],
    /// Where.
    pub(crate) site: Site,
}

/// Everything that a phase change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockSites {
    /// `use_lockfile`, if it stands anywhere.
    pub(crate) use_lockfile: Option<Site>,
    /// What is removed with the lock table: its name, and the endpoint of DynamoDB.
    pub(crate) of_table: Vec<ArgumentSite>,
    /// Where `use_lockfile` is to be written if it stands nowhere: always a file.
    pub(crate) home: (Place, FileRole),
}

/// The arguments that go with the lock table.
const OF_TABLE: [&[&str]; 3] =
    [&["dynamodb_table"], &["endpoints", "dynamodb"], &["dynamodb_endpoint"]];

impl Site {
    /// The file, if it can be edited.
    pub(crate) fn file(&self) -> Option<(&Path, FileRole)> {
        match self {
            Self::File { place, role } => Some((&place.file, *role)),
            Self::Script(_) | Self::Init(_) => None,
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::File { place, .. } | Self::Script(place) => place.clone(),
            Self::Init(file) => Place { file: file.clone(), line: None },
        }
    }
}

impl LockSites {
    /// Where `use_lockfile` is set in a phase change.
    pub(crate) fn lockfile_site(&self) -> Site {
        let (place, role) = self.home.clone();
        self.use_lockfile.clone().unwrap_or(Site::File { place, role })
    }

    /// Every place that is touched on the way to lockfiles.
    pub(crate) fn all(&self) -> impl Iterator<Item = Site> {
        let of_table = self.of_table.iter().map(|one| one.site.clone());
        std::iter::once(self.lockfile_site()).chain(of_table).collect::<Vec<_>>().into_iter()
    }
}

/// Finds them.
pub(super) fn of(
    backend: &ModuleBackend,
    runner: Runner,
    source: impl Fn(&[&str]) -> Option<Source>,
) -> LockSites {
    let find = |path: &[&str]| {
        let first = path.first()?;
        let open = backend.expressions.iter().find(|one| one.argument == *first);
        let source = source(path).or_else(|| Some(Source::Written(open?.place.clone())))?;
        Some(site(backend, runner, first, &source))
    };
    let of_table: Vec<_> =
        OF_TABLE.iter().filter_map(|path| Some(ArgumentSite { path, site: find(path)? })).collect();
    let use_lockfile = find(&["use_lockfile"]);
    let block = (backend.place.clone(), role(backend, runner, &backend.place));
    let beside = of_table.first().map(|one| one.site.clone()).or_else(|| find(&["bucket"]));
    let home = match beside {
        Some(Site::File { place, role }) => (place, role),
        Some(Site::Script(_) | Site::Init(_)) | None => block,
    };
    LockSites { use_lockfile, of_table, home }
}

fn site(backend: &ModuleBackend, runner: Runner, argument: &str, source: &Source) -> Site {
    match source {
        Source::Written(place) => {
            let role = role(backend, runner, place);
            Site::File { place: place.clone(), role }
        }
        Source::Initialised(path) => Site::Init(path.clone()),
        Source::CommandLine | Source::Default => {
            let on_command_line = backend.completed_by.iter().rev().find_map(|one| match one {
                Completion::CommandLine { argument: given, place } if given == argument => {
                    Some(place)
                }
                Completion::CommandLine { .. } | Completion::File(_) => None,
            });
            Site::Script(on_command_line.unwrap_or(&backend.place).clone())
        }
    }
}

fn role(backend: &ModuleBackend, runner: Runner, place: &Place) -> FileRole {
    let completes = |one: &Completion| match one {
        Completion::File(path) => *path == place.file,
        Completion::CommandLine { .. } => false,
    };
    if backend.completed_by.iter().any(completes) {
        return FileRole::Partial;
    }
    let is_hcl = place.file.extension().is_some_and(|extension| extension == "hcl");
    let is_json = place.file.to_string_lossy().ends_with(".hcl.json");
    match runner {
        Runner::Terragrunt if is_hcl || is_json => FileRole::Terragrunt,
        Runner::Terragrunt | Runner::Terraform => FileRole::Module,
    }
}
