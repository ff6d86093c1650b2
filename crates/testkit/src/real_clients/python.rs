//! Python programs as clients: boto3, the AWS CLI, Terraform as a Python library.
//!
//! Each list of pinned requirements gets a virtual environment of its own under `target/venvs`. It is
//! made once: a file lock keeps tests that run at the same time apart, and a marker, written last,
//! tells a finished environment from one whose making was interrupted (that one is made again).
//!
//! A machine without Python, or without a way to the package registry, gives an error that says why;
//! the test passes it to [`crate::skip`].

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use md5::{Digest, Md5};

/// Environment variable that names the Python interpreter to use.
pub const PYTHON_VARIABLE: &str = "STATELOCK_PYTHON";

/// Written into an environment when everything is installed; holds the requirements.
const COMPLETE_MARKER: &str = "statelock-complete";

/// Why a Python client cannot run on this machine: one line, for the skip report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable(pub String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// A virtual environment with pinned packages.
#[derive(Debug, Clone)]
pub struct PythonEnvironment {
    directory: PathBuf,
}

/// What a Python program printed, and how it ended.
#[derive(Debug, Clone)]
pub struct ScriptRun {
    /// The exit code; `None` if a signal ended the program.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl PythonEnvironment {
    /// Finds Python and makes (or finds again) the environment that holds `requirements`.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if there is no Python with `venv`, or the packages cannot be installed.
    pub fn prepare(requirements: &[&str]) -> Result<Self, Unavailable> {
        let python = find_python()?;
        let version = python_version(&python)?;
        let name = environment_name(&version, requirements);
        let venvs = target_directory().join("venvs");
        fs::create_dir_all(&venvs).map_err(|e| unavailable("cannot make", &venvs, &e))?;
        let environment = Self { directory: venvs.join(&name) };

        let lock_path = venvs.join(format!("{name}.lock"));
        let lock =
            fs::File::create(&lock_path).map_err(|e| unavailable("cannot open", &lock_path, &e))?;
        // The kernel drops this lock when the file closes, also after a crash.
        lock.lock().map_err(|e| unavailable("cannot lock", &lock_path, &e))?;
        if !environment.is_complete(requirements) {
            environment.rebuild(&python, requirements)?;
        }
        Ok(environment)
    }

    /// The interpreter of this environment.
    pub fn interpreter(&self) -> PathBuf {
        self.directory.join("bin/python")
    }

    /// A program that a package of this environment installed.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }

    /// A command that runs `script` with this environment's interpreter.
    ///
    /// No `AWS_*` variable of the caller and no byte-code cache reaches it, and the environment's
    /// programs come first on its `PATH`.
    pub fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(self.interpreter());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .arg(script)
            .env("PATH", self.search_path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1");
        command
    }

    /// Runs `script` to its end with `arguments` and the variables of `client_env` added.
    ///
    /// # Errors
    ///
    /// An IO error if the interpreter cannot be started. A failing script is not an error here.
    pub fn run(
        &self,
        script: &Path,
        arguments: &[&str],
        client_env: &[(String, String)],
    ) -> std::io::Result<ScriptRun> {
        let mut command = self.command(script);
        command.args(arguments).envs(client_env.iter().map(|(name, value)| (name, value)));
        let output = command.output()?;
        Ok(ScriptRun {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        })
    }

    fn is_complete(&self, requirements: &[&str]) -> bool {
        fs::read_to_string(self.directory.join(COMPLETE_MARKER))
            .is_ok_and(|marker| marker == requirements.join("\n"))
    }

    fn rebuild(&self, python: &Path, requirements: &[&str]) -> Result<(), Unavailable> {
        if self.directory.exists() {
            fs::remove_dir_all(&self.directory)
                .map_err(|e| unavailable("cannot remove the unfinished", &self.directory, &e))?;
        }
        let mut make = Command::new(python);
        make.args(["-m", "venv"]).arg(&self.directory);
        succeed(&mut make, "python3 -m venv")?;

        let mut install = Command::new(self.interpreter());
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--retries", "1"]);
        install.args(["--disable-pip-version-check"]).args(requirements);
        succeed(&mut install, &format!("pip install {}", requirements.join(" ")))?;

        let marker = self.directory.join(COMPLETE_MARKER);
        fs::write(&marker, requirements.join("\n"))
            .map_err(|e| unavailable("cannot write", &marker, &e))
    }

    fn search_path(&self) -> OsString {
        let mut path = self.directory.join("bin").into_os_string();
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }
}

impl ScriptRun {
    /// Both streams, labelled, for the message of a failed assertion.
    pub fn transcript(&self) -> String {
        format!(
            "exit code {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// The interpreter that `STATELOCK_PYTHON` names, else the first `python3` on the `PATH`.
///
/// # Errors
///
/// [`Unavailable`] if there is none.
pub fn find_python() -> Result<PathBuf, Unavailable> {
    if let Some(path) = std::env::var_os(PYTHON_VARIABLE) {
        return Ok(PathBuf::from(path));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("python3"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Unavailable(format!("no python3 on the PATH, and no {PYTHON_VARIABLE}")))
}

/// The interpreter's version as `3.11`: wheels of compiled packages are made for one of these.
///
/// # Errors
///
/// [`Unavailable`] if the program does not run or does not say its version.
pub fn python_version(python: &Path) -> Result<String, Unavailable> {
    let mut ask = Command::new(python);
    ask.args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
    let output = succeed(&mut ask, &python.display().to_string())?;
    Ok(text(&output.stdout).trim().to_owned())
}

/// The workspace's `target` directory.
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from)
}

fn environment_name(version: &str, requirements: &[&str]) -> String {
    let mut hasher = Md5::new();
    hasher.update(version);
    for requirement in requirements {
        hasher.update("\n");
        hasher.update(requirement);
    }
    let digest = hasher.finalize();
    let hash = digest.iter().take(6).fold(0_u64, |hash, byte| (hash << 8) | u64::from(*byte));
    format!("py{version}-{hash:012x}")
}

fn succeed(command: &mut Command, what: &str) -> Result<Output, Unavailable> {
    let output =
        command.output().map_err(|e| Unavailable(format!("{what} does not start: {e}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let complaint = text(&output.stderr);
    let last = complaint.trim_end().lines().next_back();
    Err(Unavailable(format!("{what} failed: {}", last.unwrap_or("no message"))))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn unavailable(what: &str, path: &Path, error: &std::io::Error) -> Unavailable {
    Unavailable(format!("{what} {}: {error}", path.display()))
}
