//! Runs `init` where files were changed, or says how.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use statelock_config::ConfiguredBackend;

use super::super::files::{Files as _, OsFiles};
use super::super::phase_error::PhaseError;
use super::super::session::Session;
use super::super::survey::Unit;

use super::init_command::InitCommand;
use crate::output;

/// A unit with its command.
type InitCommandOf<'u> = (&'u Unit, InitCommand);

/// How many lines of an output that ended badly are shown.
const LINES_SHOWN: usize = 12;

/// Says how the changed units are initialised, or initialises them; how many of that failed.
///
/// # Errors
/// [`PhaseError`]
pub(in super::super) fn all(
    session: &Session,
    moved: &[String],
    runs: bool,
    terraform: Option<&Path>,
) -> Result<usize, PhaseError> {
    let units: Vec<_> =
        session.survey.units.iter().filter(|unit| moved.contains(&unit.name)).collect();
    if units.is_empty() {
        return Ok(0);
    }
    let terraform = terraform.map_or_else(installed, Path::to_owned);
    let commands: Vec<_> =
        units.iter().map(|unit| (*unit, InitCommand::of(unit, &terraform))).collect();
    if !runs {
        let all: Vec<_> = commands.iter().map(|(_, one)| one).collect();
        show("to be run, here and wherever these modules are used:", &all)?;
        return Ok(0);
    }
    let (chosen, others) = current(session, commands);
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|(_, one)| one).collect();
        show("not run here, to be run wherever these backends are used:", &others)?;
    }
    let mut failed = 0;
    for (unit, command) in chosen {
        if !run_one(session, unit, &command)? {
            failed += 1;
        }
    }
    Ok(failed)
}

fn show(title: &str, commands: &[&InitCommand]) -> Result<(), PhaseError> {
    let lines: Vec<_> = commands.iter().map(|one| format!("  {}\n", one.shown)).collect();
    output::data(&format!("{title}\n{}", lines.concat())).map_err(PhaseError::Stdout)
}

/// What is run, and what is only shown. At most one is run in each directory: who has initialised it with one state must not
/// find himself on another.
fn current<'u>(
    session: &Session,
    commands: Vec<InitCommandOf<'u>>,
) -> (Vec<InitCommandOf<'u>>, Vec<InitCommandOf<'u>>) {
    let mut by_directory: BTreeMap<PathBuf, Vec<InitCommandOf<'u>>> = BTreeMap::new();
    for (unit, command) in commands {
        by_directory.entry(unit.directory.clone()).or_default().push((unit, command));
    }
    let (mut chosen, mut others) = (Vec::new(), Vec::new());
    for (directory, all) in by_directory {
        let at = output::printable(&directory.display().to_string());
        let of_directory = session.survey.units.iter().filter(|unit| unit.directory == directory);
        let (ways, initialised) =
            (of_directory.count(), all.iter().find_map(|(unit, _)| unit.initialised.as_ref()));
        let (mut fit, mut rest): (Vec<_>, Vec<_>) = match initialised {
            Some(initialised) => {
                all.into_iter().partition(|(unit, _)| is_same_state(unit, initialised))
            }
            None if ways > 1 => (Vec::new(), all),
            None => (all, Vec::new()),
        };
        if fit.is_empty() {
            let why = match initialised {
                Some(_) => "is initialised with another backend than those that were changed",
                None => "has several backends and is initialised with none of them",
            };
            output::note(&format!("`{at}` {why}; nothing was run there"));
        }
        rest.extend(fit.drain(fit.len().min(1)..));
        chosen.extend(fit);
        others.extend(rest);
    }
    (chosen, others)
}

fn is_same_state(unit: &Unit, initialised: &ConfiguredBackend) -> bool {
    initialised.kind == "s3"
        && ["bucket", "key"].iter().all(|name| {
            let was = initialised.arguments.get(name);
            was.is_some() && was == unit.arguments.get(name)
        })
}

fn run_one(session: &Session, unit: &Unit, command: &InitCommand) -> Result<bool, PhaseError> {
    let name = output::printable(&unit.name);
    let Some(words) = &command.words else {
        output::warning(&format!(
            "`{name}` is not initialised: a value of its -backend-config is not known; run: {}",
            command.shown
        ));
        return Ok(false);
    };
    let ran = Command::new(&command.program)
        .args(words)
        .arg("-input=false")
        .arg("-no-color")
        .current_dir(&command.directory)
        .stdin(Stdio::null())
        .output();
    match ran {
        Ok(result) => {
            let log = keep(session, unit, &result)?;
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

/// The program that is there.
fn installed() -> PathBuf {
    let is_there = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths::<OsStr>(&path).any(|directory| directory.join(name).is_file())
    };
    PathBuf::from(if !is_there("terraform") && is_there("tofu") { "tofu" } else { "terraform" })
}
