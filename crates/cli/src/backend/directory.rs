//! The backend of a directory in which Terraform runs.

use std::path::Path;

use statelock_client::BackendSettings;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_config::{
    ConfigError, ConfiguredBackend, ProcessEnvironment, S3Arguments, Source, WorkingDirectory,
};
use statelock_protocol::state::{StateAddress, StateKey, WorkspaceKeyPrefix, WorkspaceName};
use statelock_protocol::store::BucketName;

use super::args::{self, BackendArgs};
use super::{BackendError, s3_arguments};

/// What to connect to, and what the user should know.
///
/// # Errors
/// [`BackendError`]: no S3 backend, or one that cannot be used as it is configured.
pub(super) fn settings(
    path: &Path,
    options: &BackendArgs,
) -> Result<(BackendSettings, Vec<String>), BackendError> {
    let environment = ProcessEnvironment;
    let directory = WorkingDirectory::open(path, &environment)?;
    let backend = directory.backend_with(&options.backend_config)?;
    if backend.kind != "s3" {
        return Err(no_s3(path, &backend));
    }
    let backend = backend.complete()?;
    let mut warnings: Vec<_> = backend.warnings.iter().map(ToString::to_string).collect();
    let arguments = S3Arguments::read(&backend.arguments)?;
    let workspace = match &options.workspace {
        Some(workspace) => workspace.clone(),
        None => workspace(&directory)?,
    };
    let (settings, told) = of_arguments(&arguments, path, workspace, options)?;
    warnings.extend(told);
    Ok((settings, warnings))
}

/// The same of arguments that were read already. `path` is where Terraform runs.
///
/// # Errors
/// [`BackendError`]: they cannot be used as they are.
pub(super) fn of_arguments(
    arguments: &S3Arguments,
    path: &Path,
    workspace: WorkspaceName,
    options: &BackendArgs,
) -> Result<(BackendSettings, Vec<String>), BackendError> {
    let prefix = match (&options.workspace_key_prefix, &arguments.workspace_key_prefix) {
        (Some(prefix), _) => prefix.clone(),
        (None, Some(text)) => WorkspaceKeyPrefix::parse(text)
            .map_err(|error| BackendError::Argument("workspace_key_prefix", error.to_string()))?,
        (None, None) => WorkspaceKeyPrefix::default(),
    };
    let address = address(arguments)?.in_workspace(workspace, prefix);
    let (mode, unlocked) = mode(arguments, options)?;
    let mut warnings: Vec<_> = unlocked.into_iter().collect();
    let configured = s3_arguments::settings(arguments, path)?;
    warnings.extend(configured.warnings);
    let stores = options.stores_over(configured.stores);
    let objects = options.objects(configured.objects);
    Ok((BackendSettings { address, mode, stores, objects }, warnings))
}

fn workspace(directory: &WorkingDirectory<'_>) -> Result<WorkspaceName, BackendError> {
    let selected = directory.workspace()?;
    WorkspaceName::parse(&selected.name)
        .map_err(|error| BackendError::Argument("workspace", error.to_string()))
}

fn address(arguments: &S3Arguments) -> Result<StateAddress, BackendError> {
    let key = StateKey::parse(&arguments.key)
        .map_err(|error| BackendError::Argument("key", error.to_string()))?;
    Ok(StateAddress::new(BucketName::new(&arguments.bucket), key))
}

/// How the configuration locks. Options that say something else are refused: a lock of another kind
/// would keep nobody out.
fn mode(
    arguments: &S3Arguments,
    options: &BackendArgs,
) -> Result<(LockMode, Option<String>), BackendError> {
    let table = arguments.dynamodb_table.as_deref().filter(|table| !table.is_empty());
    let configured = args::mode(arguments.use_lockfile.unwrap_or(false), table);
    match (configured, options.mode()) {
        (Some(configured), Some(wanted)) if configured != wanted => {
            Err(BackendError::OtherMode { configured, wanted })
        }
        (Some(configured), _) => Ok((configured, None)),
        (None, wanted) => {
            let mode = wanted.unwrap_or(LockMode::Lockfile);
            let warning = format!(
                "Terraform itself does not lock this state: neither `use_lockfile` nor `dynamodb_table` is \
                 configured. A lock by {} keeps out only those who look for it",
                by(&mode)
            );
            Ok((mode, Some(warning)))
        }
    }
}

/// A lock mode in words.
pub(crate) fn by(mode: &LockMode) -> String {
    match mode {
        LockMode::Lockfile => "lockfile".to_owned(),
        LockMode::LockTable(table) => format!("lock table `{table}`"),
        LockMode::Dual(table) => format!("lockfile and lock table `{table}`"),
    }
}

fn no_s3(path: &Path, backend: &ConfiguredBackend) -> BackendError {
    let shown = path.display().to_string();
    match (backend.kind.as_str(), &backend.source) {
        ("local", Source::Default) => BackendError::NoBackend(shown),
        (kind, _) => BackendError::OtherBackend { directory: shown, kind: kind.to_owned() },
    }
}

/// An error of the configuration, with its next step.
#[derive(Debug)]
pub(crate) struct ConfigFailure {
    error: ConfigError,
    hint: String,
}

impl ConfigFailure {
    /// What to do next.
    pub(super) fn hint(&self) -> &str {
        &self.hint
    }
}

impl From<ConfigError> for BackendError {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self::Config(Box::new(ConfigFailure { error, hint }))
    }
}

impl std::fmt::Display for ConfigFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ConfigFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

#[cfg(test)]
mod tests;
