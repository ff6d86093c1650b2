//! Installs pinned programs of package registries under `target/tools`, each once.
//!
//! A file lock keeps tests that run at the same time apart; a marker, written last, tells a finished
//! installation from an interrupted one (that one is made again). Python's packages have
//! [`PythonEnvironment`](crate::real_clients::python::PythonEnvironment).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::real_clients::python::{Unavailable, target_directory};

/// A package of the npm registry, with the program that it installs.
#[derive(Clone, Copy, Debug)]
pub struct NpmProgram {
    /// Package and program have one name.
    pub name: &'static str,
    /// The exact version.
    pub version: &'static str,
}

/// A program of crates.io.
#[derive(Clone, Copy, Debug)]
pub struct CargoProgram {
    /// Package and program have one name.
    pub name: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// Features to turn on, separated by commas.
    pub features: &'static str,
    /// How it is compiled.
    pub build: Build,
}

/// How a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// In a third of the time.
    Debug,
    /// To be measured.
    Release,
}

impl NpmProgram {
    /// Installs it, if it is not there, and says where.
    ///
    /// # Errors
    /// [`Unavailable`] if there is no npm, or no way to the package.
    pub fn prepare(self) -> Result<PathBuf, Unavailable> {
        let Self { name, version } = self;
        let tools = target_directory().join("tools");
        let directory = tools.join(format!("npm-{name}-{version}"));
        let program = directory.join("node_modules/.bin").join(name);
        once(&tools, &format!("npm-{name}"), version, &program, || {
            if directory.exists() {
                fs::remove_dir_all(&directory)
                    .map_err(|error| unavailable("cannot empty", &directory, &error))?;
            }
            let mut install = Command::new("npm");
            install.args(["install", "--no-audit", "--no-fund", "--no-update-notifier"]);
            // No package may run anything here; npm's own notes stay below `target` too.
            install.arg("--ignore-scripts").arg("--cache").arg(tools.join("npm-cache"));
            install.arg("--prefix").arg(&directory).arg(format!("{name}@{version}"));
            succeed(&mut install, &format!("npm install {name}@{version}"))
        })?;
        Ok(program)
    }
}

impl CargoProgram {
    /// Builds it, if it is not there, and says where. This takes minutes.
    ///
    /// # Errors
    /// [`Unavailable`] if cargo cannot build it, with cargo's last words.
    pub fn prepare(self) -> Result<PathBuf, Unavailable> {
        let Self { name, version, features, build } = self;
        let target = target_directory();
        let (tools, flags) = match build {
            Build::Debug => (target.join("tools"), &["--locked", "--force", "--debug"][..]),
            Build::Release => (target.join("tools/release"), &["--locked", "--force"][..]),
        };
        let program = tools.join("bin").join(name);
        once(&tools, name, version, &program, || {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut install = Command::new(cargo);
            install.args(["install", name, "--version", version, "--features", features]);
            // In one target directory, so that what several programs use is built once.
            install.args(flags).arg("--root").arg(&tools).arg("--target-dir").arg(&target);
            install.env("CARGO_PROFILE_DEV_DEBUG", "0");
            // Elsewhere, so that this repository's own settings for cargo are not taken.
            install.current_dir(std::env::temp_dir());
            succeed(&mut install, &format!("cargo install {name} {version}"))
        })?;
        Ok(program)
    }
}

/// Runs `install` unless the program is there in this version.
fn once(
    tools: &Path,
    name: &str,
    version: &str,
    program: &Path,
    install: impl FnOnce() -> Result<(), Unavailable>,
) -> Result<(), Unavailable> {
    fs::create_dir_all(tools).map_err(|error| unavailable("cannot make", tools, &error))?;
    let path = tools.join(format!("{name}.lock"));
    let lock =
        fs::File::create(&path).map_err(|error| unavailable("cannot open", &path, &error))?;
    // The kernel drops this lock when the file closes, also after a crash.
    lock.lock().map_err(|error| unavailable("cannot lock", &path, &error))?;
    let marker = tools.join(format!("{name}-{version}.complete"));
    if marker.exists() && program.exists() {
        return Ok(());
    }
    install()?;
    fs::write(&marker, version).map_err(|error| unavailable("cannot write", &marker, &error))
}

fn succeed(command: &mut Command, what: &str) -> Result<(), Unavailable> {
    let output =
        command.output().map_err(|error| Unavailable(format!("{what} does not start: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let mut last: Vec<_> = complaint.lines().rev().take(3).collect();
    last.reverse();
    Err(Unavailable(format!("{what} failed: {}", last.join(" | "))))
}

fn unavailable(what: &str, path: &Path, error: &std::io::Error) -> Unavailable {
    Unavailable(format!("{what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_made_once_and_an_interrupted_one_again() {
        let tools = tempfile::TempDir::new().unwrap();
        let program = tools.path().join("program");
        let installs = std::cell::Cell::new(0);
        let mut succeeds = true;
        let install = |succeeds: bool| {
            once(tools.path(), "it", "1.0.0", &program, || {
                installs.set(installs.get() + 1);
                fs::write(&program, "").unwrap();
                if succeeds { Ok(()) } else { Err(Unavailable("no way".to_owned())) }
            })
        };
        assert!(install(false).is_err());
        succeeds &= install(true).is_ok() && install(true).is_ok();
        assert!(succeeds);
        assert_eq!(installs.get(), 2, "the failed one and one more");
    }

    #[test]
    fn what_a_program_said_last_is_the_reason() {
        let mut fails = Command::new("sh");
        fails.args(["-c", "for line in 1 2 3 4; do echo $line >&2; done; exit 1"]);
        let reason = succeed(&mut fails, "it").unwrap_err();
        assert_eq!(reason.0, "it failed: 2 | 3 | 4");
        let missing = succeed(&mut Command::new("no-such-program-anywhere"), "it").unwrap_err();
        assert!(missing.0.starts_with("it does not start: "), "{missing}");
    }
}
