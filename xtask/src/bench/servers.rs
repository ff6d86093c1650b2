//! Builds and starts the server that is measured.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use statelock_testkit::server_process::ServerProcess;

use crate::tidy::target_directory;

/// Builds the release binary and starts it.
pub(super) fn start_statelock(root: &Path, directory: &Path) -> Result<ServerProcess> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--package", "statelock"])
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    ensure!(built.success(), "the release binary does not build");
    let binary = target_directory(root).join("release/statelock");
    Ok(ServerProcess::start(&binary, directory, &[]))
}
