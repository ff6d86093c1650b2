//! `statelock migrate verify`: proves on the live backend of every unit that its lock keeps clients out.

mod error;
mod leftovers;
mod marking;
mod problem;
mod proving;
mod report;
mod text;

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use futures::StreamExt as _;

pub(crate) use error::VerifyError;
pub(super) use leftovers::{is_left, throwaway_key};

use super::excluding::Excluding;
use super::survey::Survey;
use crate::backend::{self, BackendArgs, StopSignal, StopSignals};
use crate::commands::trial_operation::TrialOperation;
use crate::evidence::{self, Lifeline};
use crate::exit_code::ExitCode;
use crate::output;
use leftovers::SeenTables;
use marking::Marking;
use proving::Proving;
use report::{Document, UnitReport};

/// Units that are proven at a time.
const AT_A_TIME: usize = 8;

/// Prove on the live backends that locks keep clients out.
///
/// For each workspace of each backend it takes a lock, looks whether it stands where the configuration says, tries to
/// take it as every other kind of client, releases it, and looks that nothing is left. With a lock table it also
/// compares each state with its digest. The lock is that of a throw-away state beside the real one, under the very
/// same settings, so nobody is disturbed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate verify .                   # everything below this directory
  statelock migrate verify live/prod --json
  statelock migrate verify live/prod/network --on-state   # where a policy names exactly the state's own keys

The proof is noted in the record of the migration; `migrate apply --phase s3` asks for it.
Exit code 0: everything is proven; else that of the worst finding. 10: a store let two clients in.")]
pub(crate) struct VerifyArgs {
    /// Directories with root modules in them.
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,

    #[command(flatten)]
    excluding: Excluding,

    /// Take the lock of the real states. Whoever wants it meanwhile has to wait for a moment.
    #[arg(long)]
    on_state: bool,

    /// Do not note in the record what was proven.
    #[arg(long)]
    no_record: bool,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Proves what can be proven.
///
/// # Errors
/// [`VerifyError`]
pub(crate) fn run(args: &VerifyArgs) -> Result<(), VerifyError> {
    let survey = super::survey_of(&args.directories, &args.excluding);
    for trouble in &survey.troubles {
        output::warning(&output::printable(&trouble.error.to_string()));
    }
    if survey.units.is_empty() && survey.troubles.is_empty() {
        return Err(VerifyError::Nothing);
    }
    let reports = backend::runtime()?.block_on(Box::pin(prove(args, &survey)))?;
    let unread = survey.troubles.len();
    VerifyError::of(&reports, survey.units.len(), unread).map_or(Ok(()), Err)
}

async fn prove(args: &VerifyArgs, survey: &Survey) -> Result<Vec<UnitReport>, VerifyError> {
    let mut signals = StopSignals::catch().map_err(VerifyError::Signals)?;
    let mut marking = Marking::new(&args.directories, &survey.units);
    let proving = Proving {
        args,
        claim: evidence::claim(TrialOperation::Verify.text(), None, Lifeline::Process),
        tables: SeenTables::default(),
        is_ending: Cell::new(false),
    };
    let units: Vec<_> =
        survey.units.iter().map(|unit| (unit, marking.former_table(unit))).collect();
    let proofs = units.into_iter().map(|(unit, table)| {
        let proving = &proving;
        async move { Some((unit, Box::pin(proving.unit(unit, table)).await?)) }
    });
    let mut proofs = Box::pin(futures::stream::iter(proofs).buffered(AT_A_TIME));
    let (mut reports, mut stopped): (Vec<UnitReport>, Option<StopSignal>) = (Vec::new(), None);
    loop {
        let next = tokio::select! {
            biased;
            next = proofs.next() => next,
            signal = signals.next() => {
                if stopped.is_some() {
                    return Err(VerifyError::StoppedAtOnce { signal, on_state: args.on_state });
                }
                stopped = Some(signal);
                proving.is_ending.set(true);
                output::note(&format!("{signal}: ending; again to end at once"));
                continue;
            }
        };
        match next {
            None => break,
            Some(None) => {}
            Some(Some((unit, mut report))) => {
                if report.is_verified() && !args.no_record {
                    match report.unnoted {
                        Some(why) => {
                            report.notes.push(format!("this is not noted in the record: {why}"));
                        }
                        None => marking.mark(unit, &mut report),
                    }
                }
                if !args.json {
                    output::data(&text::of_unit(&report)).map_err(VerifyError::Stdout)?;
                }
                reports.push(report);
            }
        }
    }
    told(args, &reports, (survey, stopped.is_some()))?;
    stopped.map_or(Ok(reports), |signal| Err(VerifyError::Stopped(signal)))
}

fn told(
    args: &VerifyArgs,
    reports: &[UnitReport],
    (survey, is_stopped): (&Survey, bool),
) -> Result<(), VerifyError> {
    let text = if args.json {
        let is_complete = !is_stopped && survey.troubles.is_empty();
        let document = Document::new(reports, is_complete);
        serde_json::to_string(&document).map_err(VerifyError::Json)? + "\n"
    } else {
        text::summary(reports, survey.units.len())
    };
    output::data(&text).map_err(VerifyError::Stdout)
}

/// The worse of two ends of a verb that does many things.
pub(super) fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    problem::worse(one, other)
}
