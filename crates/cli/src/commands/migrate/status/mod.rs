//! `statelock migrate status`: where every root module stands.

mod standing;

use clap::Args;
use serde::Serialize;

use super::phase_error::PhaseError;
use super::plan::Phase;
use super::session::{Selection, Session};
use super::survey::LockPhase;
use crate::output::{self, printable};
use standing::Standing;

/// The version of the JSON form.
const SCHEMA: u32 = 1;

/// Show where every root module stands: by its files, by its last init, and by the record of the migration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate status infra
  statelock migrate status infra --expect dual      # in CI: exit code 5 until all are there
  statelock migrate status infra --json | jq '.summary'

Exit code 5: with --expect, a backend is not there yet. 2: something could not be read; the rest is shown.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    selection: Selection,

    /// End with 5 unless every backend is in this phase, or further, by its files.
    #[arg(long, value_enum, value_name = "PHASE")]
    expect: Option<Phase>,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    summary: Summary,
    units: &'a [Standing],
    /// Files that look as if they completed a backend, and that no root module was seen to use.
    unattached: Vec<String>,
    /// What --exclude matched: nobody looked at it.
    excluded: Vec<String>,
    troubles: Vec<String>,
}

/// How many are where, by their files.
#[derive(Default, Serialize)]
struct Summary {
    unlocked: usize,
    lock_table: usize,
    dual: usize,
    lockfile: usize,
    unknown: usize,
    /// How many were initialised here with another way of locking.
    init_differs: usize,
    verified: usize,
}

/// Shows it.
///
/// # Errors
/// [`PhaseError`]
pub(crate) fn run(args: &StatusArgs) -> Result<(), PhaseError> {
    let session = Session::open(&args.selection)?;
    args.selection.excluding.tell(&session.survey);
    session.warn();
    let only = session.only(&args.selection)?;
    let standings = standing::all(&session, &only);
    let text = if args.json { json(&session, &standings)? } else { table(&standings) };
    output::data(&text).map_err(PhaseError::Stdout)?;
    session.verdict()?;
    let Some(expected) = args.expect.map(Phase::lock_phase) else { return Ok(()) };
    let elsewhere: Vec<_> = standings.iter().filter(|one| !one.has_reached(expected)).collect();
    for one in elsewhere.iter().filter(|one| !one.is_whole) {
        output::warning(&printable(&format!(
            "`{}` may be completed by what was not found: its files do not say which state it is, so neither how it is locked",
            one.unit
        )));
    }
    match (elsewhere.len(), session.survey.unattached.len()) {
        (0, 0) => Ok(()),
        (0, count) => Err(PhaseError::Unattached(count)),
        (count, _) => {
            let is_unlocked = |one: &&&Standing| one.phase == Some(LockPhase::Unlocked);
            let unlocked = elsewhere.iter().filter(is_unlocked).count();
            Err(PhaseError::Elsewhere { count, phase: expected, unlocked })
        }
    }
}

fn summary(standings: &[Standing]) -> Summary {
    let mut summary = Summary::default();
    for one in standings {
        let count = match one.phase {
            Some(LockPhase::Unlocked) => &mut summary.unlocked,
            Some(LockPhase::LockTable) => &mut summary.lock_table,
            Some(LockPhase::Dual) => &mut summary.dual,
            Some(LockPhase::Lockfile) => &mut summary.lockfile,
            None => &mut summary.unknown,
        };
        *count += 1;
        summary.init_differs += usize::from(one.init_differs());
        summary.verified += usize::from(one.verified.is_some());
    }
    summary
}

fn json(session: &Session, standings: &[Standing]) -> Result<String, PhaseError> {
    let troubles = session.survey.troubles.iter().map(|one| one.error.to_string());
    let unattached = session.survey.unattached.iter().map(|file| file.display().to_string());
    let excluded = session.survey.excluded.iter().map(|path| path.display().to_string());
    let document = Document {
        schema: SCHEMA,
        summary: summary(standings),
        units: standings,
        unattached: unattached.collect(),
        excluded: excluded.collect(),
        troubles: troubles.collect(),
    };
    let text = serde_json::to_string_pretty(&document).map_err(PhaseError::Json)?;
    Ok(format!("{text}\n"))
}

fn table(standings: &[Standing]) -> String {
    let head = ["BACKEND", "FILES", "LAST INIT", "RECORD", "VERIFIED"].map(str::to_owned);
    let rows = standings.iter().map(|one| {
        [
            printable(&one.unit),
            one.phase.map_or("unknown", LockPhase::name).to_owned(),
            one.initialised.map_or("-", LockPhase::name).to_owned(),
            one.record(),
            one.verified.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    let lines: String = rows.iter().map(line).collect();
    format!("{lines}\n{}\n", counts(&summary(standings)))
}

fn counts(summary: &Summary) -> String {
    let named = [
        (summary.unlocked, "unlocked"),
        (summary.lock_table, "lock_table"),
        (summary.dual, "dual"),
        (summary.lockfile, "lockfile"),
        (summary.unknown, "unknown"),
        (summary.init_differs, "to be initialised again here"),
    ];
    let parts: Vec<_> =
        named.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if parts.is_empty() { "no s3 backend".to_owned() } else { parts.join(", ") }
}
