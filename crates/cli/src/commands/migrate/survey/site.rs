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
pub(crate) const OF_TABLE: [&[&str]; 3] =
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
    let given = given(backend, argument);
    match source {
        // A script is a file too, and none that an edit of arguments understands.
        Source::Written(place) if given.is_some_and(|given| given == place) => {
            Site::Script(place.clone())
        }
        Source::Written(place) => {
            let role = role(backend, runner, place);
            Site::File { place: place.clone(), role }
        }
        Source::Initialised(path) => Site::Init(path.clone()),
        Source::CommandLine | Source::Default => {
            Site::Script(given.unwrap_or(&backend.place).clone())
        }
    }
}

/// Where a command line gives the argument; the last one counts.
fn given<'a>(backend: &'a ModuleBackend, argument: &str) -> Option<&'a Place> {
    backend.completed_by.iter().rev().find_map(|one| match one {
        Completion::CommandLine { argument: given, place } if given == argument => Some(place),
        Completion::CommandLine { .. } | Completion::File(_) => None,
    })
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

#[cfg(test)]
mod tests {
    use statelock_config::{Arguments, Value};

    use super::*;

    fn place(file: &str, line: usize) -> Place {
        Place { file: file.into(), line: Some(line) }
    }

    /// A backend in `main.tf` with these arguments, completed so.
    fn backend(arguments: &[(&str, Source)], completed_by: Vec<Completion>) -> ModuleBackend {
        let mut known = Arguments::default();
        for (name, source) in arguments {
            known.set(*name, Some(Value::text("x")), source.clone());
        }
        ModuleBackend {
            kind: "s3".to_owned(),
            place: place("main.tf", 2),
            completed_by,
            arguments: known,
            expressions: Vec::new(),
        }
    }

    fn sites(backend: &ModuleBackend, runner: Runner) -> LockSites {
        of(backend, runner, |path| super::super::arguments::source(&backend.arguments, path))
    }

    #[test]
    fn a_lockfile_is_set_beside_the_table() {
        let partial = Completion::File("dev.tfbackend".into());
        let table = Source::Written(place("dev.tfbackend", 3));
        let known = backend(&[("dynamodb_table", table)], vec![partial]);
        let sites = sites(&known, Runner::Terraform);
        let expected = Site::File { place: place("dev.tfbackend", 3), role: FileRole::Partial };
        assert_eq!(sites.lockfile_site(), expected);
        assert_eq!(sites.of_table, [ArgumentSite { path: &["dynamodb_table"], site: expected }]);
    }

    #[test]
    fn a_script_is_never_a_file_to_edit() {
        let given = |argument: &str, line| Completion::CommandLine {
            argument: argument.to_owned(),
            place: place("deploy.sh", line),
        };
        let completed_by = vec![given("dynamodb_table", 4), given("use_lockfile", 5)];
        let table = Source::Written(place("deploy.sh", 4));
        let known = backend(&[("dynamodb_table", table)], completed_by);
        let sites = sites(&known, Runner::Terraform);
        let by_hand: Vec<_> = sites.of_table.into_iter().map(|one| one.site).collect();
        assert_eq!(by_hand, [Site::Script(place("deploy.sh", 4))]);
        assert_eq!(sites.home, (place("main.tf", 2), FileRole::Module));
    }

    #[test]
    fn a_file_of_terragrunt_is_one_and_its_tf_files_are_not() {
        for (file, role) in [
            ("live/root.hcl", FileRole::Terragrunt),
            ("live/terragrunt.hcl.json", FileRole::Terragrunt),
            ("live/backend.tf", FileRole::Module),
        ] {
            let known = backend(&[("bucket", Source::Written(place(file, 5)))], Vec::new());
            assert_eq!(sites(&known, Runner::Terragrunt).home.1, role, "{file}");
        }
    }

    #[test]
    fn what_only_the_last_init_knows_is_in_no_file() {
        let source = Source::Initialised(".terraform/terraform.tfstate".into());
        let known = backend(&[("dynamodb_table", source)], Vec::new());
        let sites = sites(&known, Runner::Terraform);
        assert!(sites.of_table.iter().all(|one| one.site.file().is_none()));
        assert_eq!(sites.lockfile_site().place(), place("main.tf", 2));
    }
}
