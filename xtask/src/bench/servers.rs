//! Starts the two servers, each on a directory of its own on the same disk.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use statelock_testkit::server_process::{ServerProcess, wait_until};

use crate::tidy::target_directory;

/// What is installed where no `moto_server` is found.
const MOTO: &str = "moto[server]==5.2.1";

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

/// A running moto; dropping it kills it.
#[derive(Debug)]
pub(super) struct Moto {
    address: SocketAddr,
    child: Child,
}

impl Moto {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts moto, installing it into a virtual environment first if the machine has none.
pub(super) fn start_moto(root: &Path, directory: &Path) -> Result<Moto> {
    fs::create_dir_all(directory)?;
    let program = find_moto(root)?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let port = address.port().to_string();
    let child = Command::new(&program)
        .args(["-H", "127.0.0.1", "-p", &port])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(File::create(directory.join("stdout"))?)
        .stderr(File::create(directory.join("stderr"))?)
        .spawn()
        .with_context(|| format!("could not start `{}`", program.display()))?;
    let mut moto = Moto { address, child };
    let listening = wait_until(Duration::from_mins(1), || {
        let ended = moto.child.try_wait().is_ok_and(|status| status.is_some());
        let connected = TcpStream::connect(address).is_ok();
        (ended || connected).then_some(connected)
    });
    ensure!(listening == Some(true), "moto does not listen; see {}", directory.display());
    Ok(moto)
}

fn find_moto(root: &Path) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let environment = target_directory(root).join("venv-bench");
    let installed = environment.join("bin/moto_server");
    let mut candidates: Vec<_> =
        std::env::split_paths(&path).map(|room| room.join("moto_server")).collect();
    candidates.push(installed.clone());
    if let Some(found) = candidates.into_iter().find(|candidate| candidate.is_file()) {
        return Ok(found);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", MOTO]))?;
    Ok(installed)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
