//! Why a backend configuration could not be read, and what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::argument::Source;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; JSON files are read without lines.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

/// Every way in which a working directory's backend stays unknown. No message holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The directory does not exist.
    #[error("there is no directory `{}`", .0.display())]
    NoDirectory(PathBuf),
    /// It is a file.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// It has no configuration and was not initialised.
    #[error("`{}` is not a Terraform directory: it has no .tf files and was not initialised", .0.display())]
    NotTerraform(PathBuf),
    /// Terragrunt runs Terraform elsewhere.
    #[error("`{}` has only a terragrunt.hcl: terragrunt runs Terraform in a directory below .terragrunt-cache", directory.display())]
    Terragrunt {
        /// The directory with the terragrunt.hcl.
        directory: PathBuf,
        /// The one initialised directory below `.terragrunt-cache`, if there is exactly one.
        initialised: Option<PathBuf>,
    },
    /// The operating system refused.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A pipe or a device, which might never end.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A file far larger than any configuration.
    #[error("`{}` has more than {limit_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large it may be.
        limit_bytes: u64,
    },
    /// A file in another encoding.
    #[error("{place} is not UTF-8")]
    NotUtf8 {
        /// Where the first wrong byte is.
        place: Place,
    },
    /// The file is no HCL, or no JSON.
    #[error("syntax error in {place}, column {column}: {message}")]
    Syntax {
        /// Where it is.
        place: Place,
        /// The column, counted from 1.
        column: usize,
        /// What the parser expected.
        message: String,
    },
    /// A block or value that cannot stand where it stands.
    #[error("{place}: {message}")]
    Structure {
        /// Where it is.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// Two blocks that each name the backend.
    #[error("the backend is configured twice: {first} and {second}")]
    TwoBackends {
        /// The first one.
        first: Place,
        /// The other one.
        second: Place,
    },
    /// A value that only an evaluation of the configuration could tell.
    #[error(
        "the backend argument `{argument}` ({place}) {what}, so it is not known before an init"
    )]
    NotLiteral {
        /// The argument.
        argument: String,
        /// Where it is.
        place: Place,
        /// What it does.
        what: &'static str,
    },
    /// `.terraform/terraform.tfstate` is not what `terraform init` writes.
    #[error("`{}` is damaged: {reason}", path.display())]
    DamagedInitialisation {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `.terraform/terraform.tfstate` was written by a Terraform that is not known here.
    #[error("`{}` {reason}, which is not supported", path.display())]
    UnknownInitialisation {
        /// The file.
        path: PathBuf,
        /// What it has.
        reason: String,
    },
    /// `TF_WORKSPACE` names no workspace.
    #[error("the environment variable TF_WORKSPACE holds no valid workspace name")]
    WorkspaceVariable,
    /// `NAME=VALUE` on the command line, and `VALUE` is not what the argument takes.
    #[error("`--backend-config {argument}=…`: {reason}")]
    BackendOption {
        /// The argument.
        argument: String,
        /// What is wrong.
        reason: String,
    },
    /// `--backend-config` where no block says which backend it is for.
    #[error("`{}` has no backend block that --backend-config could complete", .0.display())]
    NothingToComplete(PathBuf),
    /// Required arguments are missing.
    #[error("the {kind} backend lacks {}", listed(.arguments))]
    Missing {
        /// The kind of backend.
        kind: String,
        /// What is missing.
        arguments: Vec<String>,
    },
    /// A value of the wrong type.
    #[error("the backend argument `{argument}` ({origin}) must be {expected}, not {found}")]
    WrongType {
        /// The argument, with the path inside it.
        argument: String,
        /// What it takes.
        expected: &'static str,
        /// What it has.
        found: &'static str,
        /// Where it was set.
        origin: Source,
    },
    /// A value of the right type that means nothing.
    #[error("the backend argument `{argument}` ({origin}) {reason}")]
    BadValue {
        /// The argument.
        argument: String,
        /// What is wrong.
        reason: &'static str,
        /// Where it was set.
        origin: Source,
    },
    /// Two arguments that say the same thing.
    #[error("the backend arguments `{first}` and `{second}` cannot be set together")]
    Conflict {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
}

fn listed(arguments: &[String]) -> String {
    arguments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

impl ConfigError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::NoDirectory(_) => "check the path, or name the state as s3://BUCKET/KEY".into(),
            Self::NotADirectory(_) => {
                "name the directory in which Terraform runs, or the state as s3://BUCKET/KEY".into()
            }
            Self::NotTerraform(_) => {
                "run in the directory in which Terraform runs, name it, or name the state as s3://BUCKET/KEY".into()
            }
            Self::Terragrunt { initialised: Some(path), .. } => format!(
                "name `{}`, the only initialised directory there, or the state as s3://BUCKET/KEY",
                path.display()
            ),
            Self::Terragrunt { initialised: None, .. } => {
                "name the directory below .terragrunt-cache in which terragrunt runs Terraform (`terragrunt \
                 terragrunt-info` or `terragrunt info print` shows it), or the state as s3://BUCKET/KEY"
                    .into()
            }
            Self::Unreadable { .. } => "check the path and its permissions".into(),
            Self::NotAFile(_) => "put a regular file there".into(),
            Self::TooLarge { .. } => "check that it is a configuration file".into(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".into(),
            Self::Syntax { .. } => "correct it; `terraform fmt -check` shows it too".into(),
            Self::Structure { .. } => "correct the file; `terraform validate` shows more".into(),
            Self::TwoBackends { .. } => "keep one of the two blocks".into(),
            Self::NotLiteral { .. } => {
                "run `tofu init` first (Terraform accepts only fixed values there), or give the argument with \
                 --backend-config"
                    .into()
            }
            Self::DamagedInitialisation { path, .. } => format!(
                "move `{}` aside and run `terraform init` again, with the same -backend-config as before",
                path.display()
            ),
            Self::UnknownInitialisation { .. } => {
                "name the state as s3://BUCKET/KEY, or run `terraform init` with a version that is supported".into()
            }
            Self::WorkspaceVariable => {
                "set it to the name of a workspace, or unset it; `terraform workspace list` shows them".into()
            }
            Self::BackendOption { .. } => {
                "write it as for `terraform init -backend-config`: NAME=VALUE or a file".into()
            }
            Self::NothingToComplete(_) => {
                "write the block, for example `terraform { backend \"s3\" {} }`, or name the state as s3://BUCKET/KEY"
                    .into()
            }
            Self::Missing { .. } => {
                "run `terraform init` with the -backend-config that gives them, or give them here with \
                 --backend-config"
                    .into()
            }
            Self::WrongType { .. } | Self::BadValue { .. } => "correct it where it was set".into(),
            Self::Conflict { .. } => "keep one of the two".into(),
        }
    }
}
