//! The `init` that changed backends need: run here, or said.

mod choice;
mod command;
mod pending;
mod running;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(super) use pending::units as pending;

use super::phase_error::PhaseError;
use super::session::Session;
use super::stop_notice::StopNotice;
use super::survey::Unit;
use crate::backend::StopSignal;
use crate::output;
use choice::OfDirectory;
use command::InitCommand;
use running::Runner;

/// A unit with its command.
type InitOf<'u> = (&'u Unit, InitCommand);

/// How inits are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inits<'a> {
    /// The program; the one that is installed if not set.
    pub(super) terraform: Option<&'a Path>,
    /// Who asks to stop meanwhile.
    pub(super) stop: &'a StopNotice,
}

/// How running them ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InitEnd {
    /// All are done.
    Done,
    /// So many failed.
    Failed(usize),
    /// Somebody asked to stop; these units are not initialised.
    Stopped(StopSignal, Vec<String>),
}

/// Says how these units are initialised.
///
/// # Errors
/// [`PhaseError::Stdout`]
pub(super) fn show(session: &Session, units: &[String]) -> Result<(), PhaseError> {
    let chosen = chosen(session, units, &installed());
    if chosen.is_empty() {
        return Ok(());
    }
    let lines = chosen.iter().flat_map(|one| {
        let here = one.here.iter().map(|(_, command)| command.shown.clone());
        here.chain(one.comments())
    });
    print("to be run, here and wherever these modules are used:", lines)
}

/// Initialises them; in each directory the backend that it is initialised with. What fails is noted in the record.
///
/// # Errors
/// [`PhaseError`]
pub(super) fn run(
    session: &Session,
    units: &[String],
    inits: &Inits<'_>,
) -> Result<InitEnd, PhaseError> {
    let terraform = inits.terraform.map_or_else(installed, Path::to_owned);
    let chosen = chosen(session, units, &terraform);
    let elsewhere: Vec<_> = chosen.iter().flat_map(OfDirectory::comments).collect();
    if !elsewhere.is_empty() {
        let title = "not run here, to be run wherever these backends are used:";
        print(title, elsewhere.into_iter())?;
    }
    for directory in &chosen {
        directory.warn();
    }
    let here: Vec<_> = chosen.iter().filter_map(|one| one.here.as_ref()).collect();
    pending::begin(session, units, here.iter().map(|(unit, _)| *unit))?;
    if here.is_empty() {
        return Ok(InitEnd::Done);
    }
    let runner = Runner::new(session, inits.stop)?;
    let (mut done, mut ran) = (Vec::new(), Ok(true));
    for (unit, command) in &here {
        if inits.stop.seen().is_some() || ran.is_err() {
            break;
        }
        ran = runner.run(unit, command);
        done.extend(matches!(ran, Ok(true)).then_some(*unit));
    }
    pending::end(session, &done)?;
    ran?;
    let is_left = |name: &String| done.iter().all(|unit| unit.name != *name);
    let left: Vec<_> = here.iter().map(|(unit, _)| unit.name.clone()).filter(is_left).collect();
    Ok(match (left.len(), inits.stop.seen()) {
        (0, _) => InitEnd::Done,
        (_, Some(signal)) => InitEnd::Stopped(signal, left),
        (failed, None) => InitEnd::Failed(failed),
    })
}

/// The init of a unit, as a line for a shell.
pub(super) fn command_line(unit: &Unit) -> String {
    InitCommand::of(unit, &installed()).shown
}

fn chosen<'u>(session: &'u Session, units: &[String], terraform: &Path) -> Vec<OfDirectory<'u>> {
    let units = session.survey.units.iter().filter(|unit| units.contains(&unit.name));
    let commands: Vec<_> = units.map(|unit| (unit, InitCommand::of(unit, terraform))).collect();
    choice::all(session, commands, terraform)
}

fn print(title: &str, lines: impl Iterator<Item = String>) -> Result<(), PhaseError> {
    let mut text = format!("{title}\n");
    for line in lines {
        text.push_str("  ");
        text.push_str(&line);
        text.push('\n');
    }
    output::data(&text).map_err(PhaseError::Stdout)
}

/// The program that is there.
fn installed() -> PathBuf {
    let is_there = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths::<OsStr>(&path).any(|directory| directory.join(name).is_file())
    };
    PathBuf::from(if !is_there("terraform") && is_there("tofu") { "tofu" } else { "terraform" })
}
