//! Builds and starts the server that is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use statelock_testkit::server_process::ServerProcess;

use crate::tidy::target_directory;

/// Builds the release binary and starts it.
pub(super) fn start_statelock(root: &Path, directory: &Path) -> Result<ServerProcess> {
    Ok(ServerProcess::start(&build_statelock(root)?, directory, &[]))
}

/// Builds the release binary.
pub(crate) fn build_statelock(root: &Path) -> Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--package", "statelock"])
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    ensure!(built.success(), "the release binary does not build");
    Ok(target_directory(root).join("release/statelock"))
}
