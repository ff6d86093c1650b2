//! `statelock migrate finish`: removes what the migration leaves in a lock table, and says how to retire it.

mod error;
mod homes;
mod killed_proofs;
mod report;
mod retire;
mod sorting;
mod subject;
mod table;
mod table_name;
mod text;

use std::path::PathBuf;

use clap::Args;

pub(crate) use error::FinishError;

use super::excluding::Excluding;
use crate::backend::{self, BackendArgs, StopSignals};
use crate::output;
use homes::Records;
use report::{Document, TableReport};
use subject::Subject;

/// Remove what is left in the lock table once no root module names it.
///
/// Removes the digests of states whose root modules lock by lockfile alone, each on condition that it is still the one
/// that was seen; shows that the table holds no lock; says how to retire it; and forgets the original files. Without
/// --yes it only says what it would do. Refused while any root module in these directories names the table.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate finish .          # what would be removed
  statelock migrate finish . --yes
  statelock migrate finish . --dynamodb-table terraform-locks   # without a record of the migration

Digests of states that no root module here names are left and listed: another repository may use them.
Exit code 3: a lock is held by the table; 5: something still uses it, or may; 6: there is no such table.")]
pub(crate) struct FinishArgs {
    /// Directories with root modules in them: all that use the table.
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,

    #[command(flatten)]
    excluding: Excluding,

    /// Remove it.
    #[arg(long)]
    yes: bool,

    /// The table was deleted on purpose: where there is none of its name, count it as finished.
    #[arg(long)]
    table_deleted: bool,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Finishes the migration, or says what that would do.
///
/// # Errors
/// [`FinishError`]
pub(crate) fn run(args: &FinishArgs) -> Result<(), FinishError> {
    let survey = super::survey_of(&args.directories, &args.excluding);
    if !survey.troubles.is_empty() {
        return Err(FinishError::unread(&survey.troubles));
    }
    if survey.units.is_empty() {
        return Err(FinishError::Nothing);
    }
    let mut records = Records::read(&args.directories, &survey.units)?;
    if args.yes {
        records.lock()?;
    }
    let subjects = Subject::all(&survey, &records, &args.backend);
    if subjects.is_empty() {
        return Err(FinishError::NoTable);
    }
    let mut reports = backend::runtime()?.block_on(tables(args, &subjects))?;
    let is_done = reports.iter().all(TableReport::is_done);
    let closed =
        if args.yes && is_done { records.close(&survey.units, &subjects)? } else { Vec::new() };
    for report in &mut reports {
        report.is_dry_run = !args.yes;
    }
    let text = if args.json {
        let document = Document::new(&reports, !args.yes, &closed);
        serde_json::to_string(&document).map_err(FinishError::Json)? + "\n"
    } else {
        text::of(&reports, &closed)
    };
    output::data(&text).map_err(FinishError::Stdout)?;
    FinishError::of(&reports).map_or(Ok(()), Err)
}

async fn tables(
    args: &FinishArgs,
    subjects: &[Subject<'_>],
) -> Result<Vec<TableReport>, FinishError> {
    let mut signals = StopSignals::catch().map_err(FinishError::Signals)?;
    let mut reports = Vec::new();
    for subject in subjects {
        // What was sent before a signal is a removal or none: to begin again is safe.
        let report = tokio::select! {
            biased;
            report = Box::pin(table::finish(subject, args)) => report,
            signal = signals.next() => return Err(FinishError::Stopped(signal)),
        };
        reports.push(report);
    }
    Ok(reports)
}
