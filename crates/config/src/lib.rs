//! Terraform backend configuration: which backend a working directory uses, and with which arguments.
//!
//! A [`WorkingDirectory`] is what Terraform and OpenTofu run in. Its backend stands in
//! `.terraform/terraform.tfstate` once `terraform init` has run, and in the `.tf` files before that;
//! which of its states is meant is the workspace. [`S3Arguments`] gives an `s3` backend's arguments
//! names and types.
//!
//! Nothing here writes, asks a network, or shows a secret: neither `Debug` nor an error does.
//!
//! ```no_run
//! use statelock_config::{ProcessEnvironment, S3Arguments, WorkingDirectory};
//!
//! let directory = WorkingDirectory::open(".".as_ref(), &ProcessEnvironment)?;
//! let backend = directory.backend()?;
//! let arguments = S3Arguments::read(&backend.arguments)?;
//! let workspace = directory.workspace()?;
//! # let _ = (arguments, workspace);
//! # Ok::<(), statelock_config::ConfigError>(())
//! ```

pub use argument::{Argument, Arguments, Source};
pub use backend::{Completeness, ConfiguredBackend, Warning};
pub use backend_option::BackendOption;
pub use directory::WorkingDirectory;
pub use environment::{Environment, ProcessEnvironment};
pub use error::{ConfigError, Place};
pub use s3::{AssumeRole, AssumeRoleWithWebIdentity, Endpoints, S3Arguments};
pub use secret::Secret;
pub use value::{Number, Value};
pub use version_constraint::{LockfileSupport, NoConstraint, Version, VersionConstraint};
pub use workspace::{Workspace, WorkspaceSource};
pub use written::NotLiteral;

mod argument;
mod backend;
mod backend_option;
mod directory;
pub mod edit;
mod environment;
mod error;
mod fingerprint;
mod initialised;
mod json;
mod s3;
mod secret;
mod terragrunt;
mod text_file;
pub mod tree;
mod value;
mod version_constraint;
mod workspace;
mod written;
