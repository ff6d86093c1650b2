//! `statelock migrate rollback`: back to the phase before.

use clap::{Args, ValueEnum};

use super::apply::{not_there, stays, stopped, tell, tell_end};
use super::change::{Changes, Fate, Goal, Request};
use super::files::{OsFiles, shown};
use super::init;
use super::phase_error::PhaseError;
use super::plan;
use super::record::Direction;
use super::session::{Selection, Session};
use super::stop_notice::StopNotice;
use super::survey::LockPhase;
use super::writing::{self, Asked};
use crate::output;

/// Bring root modules back to the phase before, one phase at a time.
///
/// A file that is still as `migrate apply` wrote it gets its original bytes back. Where it was changed since, the reverse change is made, and the rest
/// of it stays. Without --yes nothing is changed: what would be is shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate rollback infra --to dual
  statelock migrate rollback infra --to lock_table --yes

Exit code 5: some backends stay as they are; they are named, with what to do.")]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    selection: Selection,

    /// The phase to go back to: `lock_table` from dual, or `dual` from lockfiles alone.
    #[arg(long, value_enum)]
    to: Phase,

    /// Change the files.
    #[arg(long)]
    yes: bool,

    /// The lock table to go back to, where the record does not know it.
    #[arg(long, value_name = "TABLE")]
    dynamodb_table: Option<String>,
}

/// A phase to go back to.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Phase {
    /// The lock table alone.
    LockTable,
    /// Lock table and lockfile.
    Dual,
}

/// Does it.
///
/// # Errors
/// [`PhaseError`]
pub(crate) fn run(args: &RollbackArgs) -> Result<(), PhaseError> {
    let phase = match args.to {
        Phase::LockTable => LockPhase::LockTable,
        Phase::Dual => LockPhase::Dual,
    };
    let stop = StopNotice::of_signals().map_err(PhaseError::Signals)?;
    let asked =
        Asked { direction: Direction::Back, phase, branch: None, inits: false, stop: &stop };
    let mut session = Session::open(&args.selection)?;
    args.selection.excluding.tell(&session.survey);
    session.warn();
    let mut outcomes = Vec::new();
    let mut request = Request {
        goal: Goal::BackTo(phase),
        table: args.dynamodb_table.clone(),
        ..Request::default()
    };
    if args.yes && session.is_interrupted() {
        // It is finished as a whole, whatever --only names.
        let now = session.decide(&request)?;
        let now = (&session.survey, &now);
        let done = writing::finish_interrupted(&session.all_homes, &asked, now, &OsFiles);
        outcomes = done.or_else(stopped)?;
        tell(&outcomes)?;
        session = Session::open(&args.selection)?;
    }
    request.only = session.only(&args.selection)?;
    let changes = session.decide(&request)?;
    other_tables(args.dynamodb_table.as_deref(), &changes);
    if !args.yes {
        plan::show(&session, &changes)?;
        output::note("nothing was changed; with --yes it is done");
        return session.verdict();
    }
    if let Some(signal) = stop.seen() {
        return Err(PhaseError::Stopped(signal).after(&outcomes));
    }
    let done = writing::carry_out(&session.survey, &changes, &asked, &OsFiles);
    let done = done.or_else(stopped)?;
    tell_end(&outcomes, &done)?;
    outcomes.extend(done);
    output::data(&plan::left_out(&session, &changes)).map_err(PhaseError::Stdout)?;
    let moved = || {
        let both = changes.units.iter().zip(&session.survey.units);
        both.filter(|(change, _)| change.fate == Fate::Moves).map(|(_, unit)| unit)
    };
    if moved().any(|unit| unit.phase == Some(LockPhase::Lockfile)) {
        output::note(
            "a state that was written by lockfile alone has an old digest in the lock table, and Terraform refuses it: pull it with \
             `statelock state pull --ignore-digest`, and push the same bytes with `statelock state push`, which writes the digest",
        );
    }
    let names: Vec<_> = moved().map(|unit| unit.name.clone()).collect();
    let after = Session::open(&args.selection)?;
    init::show(&after, &names)?;
    let strangers: usize = outcomes.iter().map(|outcome| outcome.strangers.len()).sum();
    match stays(&session, &changes)? + not_there(&after, &names, phase) + strangers {
        0 => session.verdict(),
        count => Err(PhaseError::Stay(count)),
    }
}

/// Says of which files the kept bytes name another lock table than the one that was asked for.
fn other_tables(asked: Option<&str>, changes: &Changes) {
    let Some(table) = asked else { return };
    for file in changes.files.iter().filter(|file| file.restores_other_table(table)) {
        output::warning(&output::printable(&format!(
            "`{}` gets its original bytes, and they name another lock table than `{table}`: --dynamodb-table counts only \
             where the original is not known. Write `{table}` there by hand if it is the right one",
            shown(&file.path).display()
        )));
    }
}
