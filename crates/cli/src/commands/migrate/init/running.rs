//! Runs one `init`, and keeps what it said.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use super::super::files::{Files as _, OsFiles};
use super::super::phase_error::PhaseError;
use super::super::session::Session;
use super::super::stop_notice::StopNotice;
use super::super::survey::Unit;
use super::InitCommand;
use crate::backend::{self, StopSignal};
use crate::output;

/// How many lines of an output that ended badly are shown.
const LINES_SHOWN: usize = 12;

/// Runs them, one after another.
pub(super) struct Runner<'a> {
    session: &'a Session,
    stop: &'a StopNotice,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Runner<'a> {
    /// # Errors
    /// The system gives no thread or no timer.
    pub(super) fn new(session: &'a Session, stop: &'a StopNotice) -> Result<Self, PhaseError> {
        Ok(Self { session, stop, runtime: backend::runtime()? })
    }

    /// Runs one; whether it succeeded. Why not is told.
    ///
    /// # Errors
    /// What it said cannot be kept or printed.
    pub(super) fn run(&self, unit: &Unit, command: &InitCommand) -> Result<bool, PhaseError> {
        let name = output::printable(&unit.name);
        let Some(words) = &command.words else {
            output::warning(&format!(
                "`{name}` is not initialised: a value of its -backend-config is not known; run: {}",
                command.shown
            ));
            return Ok(false);
        };
        match self.runtime.block_on(self.output(command, words)) {
            Ok(result) => {
                let log = keep(self.session, unit, &result)?;
                let is_done = result.status.success();
                if is_done {
                    let line = format!("initialised {name}\n");
                    output::data(&line).map_err(PhaseError::Stdout)?;
                } else {
                    tell_failure(&name, command, &result, log.as_deref());
                }
                Ok(is_done)
            }
            Err(error) => {
                let program = command.program.display();
                output::warning(&format!(
                    "`{name}` is not initialised: could not run `{program}`: {error}"
                ));
                Ok(false)
            }
        }
    }

    /// Its end, which is waited for whoever asks to stop.
    async fn output(&self, command: &InitCommand, words: &[String]) -> io::Result<Output> {
        let child = Command::new(&command.program)
            .args(words)
            .arg("-input=false")
            .arg("-no-color")
            .current_dir(&command.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (mut known, mut ended) = (0, std::pin::pin!(child.wait_with_output()));
        loop {
            tokio::select! {
                biased;
                result = &mut ended => return result,
                signal = self.stop.after(known) => {
                    tell(pid, signal, known > 0);
                    known = self.stop.count();
                }
            }
        }
    }
}

/// Hands a signal on to an init that runs.
fn tell(pid: Option<Pid>, signal: StopSignal, is_again: bool) {
    let handed = match signal {
        _ if is_again => Some(Signal::KILL),
        // The keyboard sends it to both.
        StopSignal::Interrupt => None,
        StopSignal::Terminate | StopSignal::HangUp => Some(Signal::TERM),
    };
    if is_again {
        output::warning(&format!("{signal} again: init is killed"));
    } else {
        output::note(&format!("{signal}: waiting for init to end; again to kill it"));
    }
    if let (Some(pid), Some(handed)) = (pid, handed) {
        // It has ended meanwhile if that fails.
        kill_process(pid, handed).unwrap_or_default();
    }
}

fn tell_failure(name: &str, command: &InitCommand, result: &Output, log: Option<&Path>) {
    let said = String::from_utf8_lossy(&result.stderr);
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(LINES_SHOWN);
    let shown: Vec<_> =
        lines.iter().skip(from).map(|line| format!("  {}\n", output::printable(line))).collect();
    let log = log.map(|path| format!("; all of it is in `{}`", path.display()));
    output::warning(&format!("init of `{name}` failed{}", log.unwrap_or_default()));
    output::text(&shown.concat());
    output::text(&format!("  run it again: {}\n", command.shown));
}

/// Keeps the output in the record; where there is none, nothing is kept.
fn keep(session: &Session, unit: &Unit, result: &Output) -> Result<Option<PathBuf>, PhaseError> {
    let Ok(directory) = unit.directory.canonicalize() else { return Ok(None) };
    let homes = session.all_homes.iter().filter(|home| directory.starts_with(home.top()));
    let Some(home) = homes.max_by_key(|home| home.top().components().count()) else {
        return Ok(None);
    };
    let Ok(name) = home.name_of(&directory) else { return Ok(None) };
    let room = home.room().join("init");
    let path = room.join(format!("{}.log", name.replace('/', "_")));
    let made = if room.is_symlink() {
        Err(io::Error::other("it is a link"))
    } else {
        std::fs::create_dir_all(&room)
    };
    let written = made.and_then(|()| write(&path, result));
    written.map_err(|source| PhaseError::InitLog { path: path.clone(), source })?;
    Ok(Some(path))
}

fn write(path: &Path, result: &Output) -> io::Result<()> {
    // A new one: a link with that name would lead elsewhere.
    OsFiles.remove(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&result.stdout)?;
    file.write_all(&result.stderr)
}
