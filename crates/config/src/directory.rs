//! A directory in which Terraform or OpenTofu runs.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::argument::Arguments;
use crate::backend::{self, ConfiguredBackend};
use crate::backend_option::BackendOption;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::initialised::DataDirectory;
use crate::workspace::{self, Workspace};
use crate::written::{self, FileList};
use crate::{initialised, terragrunt, text_file};

/// A working directory. It is read anew by each call.
pub struct WorkingDirectory<'a> {
    path: PathBuf,
    data_directory: DataDirectory,
    environment: &'a dyn Environment,
}

impl fmt::Debug for WorkingDirectory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkingDirectory")
            .field("path", &self.path)
            .field("data_directory", &self.data_directory)
            .finish_non_exhaustive()
    }
}

impl<'a> WorkingDirectory<'a> {
    /// Finds out whether Terraform could run in `path`. Of the environment `TF_DATA_DIR`,
    /// `TF_WORKSPACE` and `TF_HTTP_ADDRESS` are read.
    ///
    /// # Errors
    /// [`ConfigError`] if `path` is no directory, cannot be read, or has neither configuration nor an
    /// initialised backend.
    pub fn open(path: &Path, environment: &'a dyn Environment) -> Result<Self, ConfigError> {
        let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ConfigError::NoDirectory(path.to_owned()),
            std::io::ErrorKind::NotADirectory => ConfigError::NotADirectory(path.to_owned()),
            _ => ConfigError::Unreadable { path: path.to_owned(), source },
        })?;
        if !metadata.is_dir() {
            return Err(ConfigError::NotADirectory(path.to_owned()));
        }
        let data_directory = DataDirectory::of_environment(environment);
        let directory = Self { path: path.to_owned(), data_directory, environment };
        directory.check()?;
        Ok(directory)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let data_directory = self.data_directory.of(&self.path);
        if text_file::exists(&data_directory)? && !data_directory.is_dir() {
            return Err(ConfigError::DamagedInitialisation {
                path: data_directory,
                reason: "it is not a directory".to_owned(),
            });
        }
        if text_file::exists(&self.state_file())? || !FileList::of(&self.path)?.is_empty() {
            return Ok(());
        }
        if terragrunt::is_terragrunt(&self.path) {
            let state_file = self.data_directory.state_file("".as_ref());
            // An absolute data directory is the same one for every directory: it tells nothing.
            let initialised = state_file
                .is_relative()
                .then(|| terragrunt::initialised(&self.path, &state_file))
                .flatten();
            return Err(ConfigError::Terragrunt { directory: self.path.clone(), initialised });
        }
        Err(ConfigError::NotTerraform(self.path.clone()))
    }

    fn state_file(&self) -> PathBuf {
        self.data_directory.state_file(&self.path)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The backend that Terraform would use here: the initialised one, with warnings where the
    /// configuration says something else by now; else the written one; else the local one.
    ///
    /// # Errors
    /// [`ConfigError`] if the initialised backend cannot be read, or there is none and the
    /// configuration cannot be.
    pub fn backend(&self) -> Result<ConfiguredBackend, ConfigError> {
        let written = || written::read(&FileList::of(&self.path)?);
        match initialised::read(&self.state_file())? {
            Some(initialised) => Ok(backend::of_initialised(
                initialised,
                written().map_err(|error| error.to_string()),
            )),
            None => match written()? {
                Some(written) => {
                    backend::of_written(written, Arguments::default(), self.has_variable())
                }
                None => Ok(backend::local()),
            },
        }
    }

    /// The backend that `terraform init -reconfigure` would set up here with each of `options` as a
    /// `-backend-config`, in order. What was initialised before does not count. Without options this is
    /// [`Self::backend`].
    ///
    /// # Errors
    /// [`ConfigError`] as [`Self::backend`], if an option cannot be read, or if there is no block.
    pub fn backend_with(
        &self,
        options: &[BackendOption],
    ) -> Result<ConfiguredBackend, ConfigError> {
        if options.is_empty() {
            return self.backend();
        }
        let written = written::read(&FileList::of(&self.path)?)?
            .ok_or_else(|| ConfigError::NothingToComplete(self.path.clone()))?;
        let mut over = Arguments::default();
        for option in options {
            over.merge(option.arguments(&written.kind)?);
        }
        backend::of_written(written, over, self.has_variable())
    }

    /// The selected workspace.
    ///
    /// # Errors
    /// [`ConfigError`] if `TF_WORKSPACE` holds no name, or the file that names it cannot be read.
    pub fn workspace(&self) -> Result<Workspace, ConfigError> {
        workspace::selected(&self.data_directory.of(&self.path), self.environment)
    }

    fn has_variable(&self) -> impl Fn(&str) -> bool {
        |name| self.environment.filled_variable(name).is_some()
    }
}
