//! A root module, and the backends that it is initialised with.

use std::path::PathBuf;

use crate::argument::Arguments;
use crate::backend::ConfiguredBackend;
use crate::error::Place;
use crate::written::NotLiteral;

/// A directory whose state is kept somewhere: one that configures a backend, or a unit of terragrunt.
#[derive(Clone, Debug)]
pub struct RootModule {
    /// Where it is: the directory that was scanned, and the path below it.
    pub directory: PathBuf,
    /// What runs there.
    pub runner: Runner,
    /// One for each way in which it is initialised: one for each file or command line that completes a
    /// partial configuration, else just one.
    pub backends: Vec<ModuleBackend>,
    /// Every constraint on the version of Terraform, OpenTofu or terragrunt's Terraform.
    pub required_versions: Vec<RequiredVersion>,
    /// What the last `terraform init` set up here.
    pub initialised: Option<ConfiguredBackend>,
    /// The workspace that was selected, if one was.
    pub selected_workspace: Option<String>,
}

/// What runs in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runner {
    /// Terraform or OpenTofu.
    Terraform,
    /// terragrunt, which runs one of the two.
    Terragrunt,
}

/// A backend, put together from the block and what completes it.
#[derive(Clone, Debug)]
pub struct ModuleBackend {
    /// `s3`, `http`, `local`, …; `cloud` for a `cloud` block.
    pub kind: String,
    /// Where its block is. For terragrunt that may be a file that many units include.
    pub place: Place,
    /// What completes it, in the order in which it counts.
    pub completed_by: Vec<Completion>,
    /// The arguments that have a fixed value; each says where it stands.
    pub arguments: Arguments,
    /// Those whose value only an evaluation would tell.
    pub expressions: Vec<NotLiteral>,
}

/// What completes a partial configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// A file for `-backend-config`.
    File(PathBuf),
    /// `-backend-config=NAME=VALUE` in a script or a CI file.
    CommandLine {
        /// The argument's name.
        argument: String,
        /// Where it stands.
        place: Place,
    },
}

/// A constraint on the version that may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredVersion {
    /// As it is written: `>= 1.5, < 2.0`.
    pub text: String,
    /// Where.
    pub place: Place,
}
