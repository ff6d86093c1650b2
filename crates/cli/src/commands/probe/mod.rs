//! `statelock probe`: finds out whether a store does what a lock needs.

mod advice;
mod announcement;
mod arguments;
mod block;
mod cautions;
mod clients;
mod document;
mod error;
mod left;
mod outcome;
mod place;
mod planned;
mod progress;
mod record;
mod running;
mod summary;
mod text;
mod versions;

use std::process;

pub(crate) use arguments::ProbeArgs;
pub(crate) use error::ProbeVerbError;
pub(crate) use record::{last_probe_warning, warn_of_last_probe};

use statelock_client::probe::{Probe, ProbeReport};

use crate::{backend, output};
use outcome::Outcome;

/// Tries, and reports.
pub(crate) fn run(args: &ProbeArgs) -> process::ExitCode {
    match report(args) {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(ProbeVerbError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            process::ExitCode::SUCCESS
        }
        Err(error) => crate::exit(Err::<(), _>(error)),
    }
}

fn report(args: &ProbeArgs) -> Result<process::ExitCode, ProbeVerbError> {
    let runtime = backend::runtime()?;
    let done = runtime.block_on(running::run(args));
    // A second signal ends it while requests are on their way.
    runtime.shutdown_background();
    match done? {
        running::Ended::Planned(probe) => planned::told(args, &probe),
        running::Ended::Cleaned(probe, cleaned) => left::told(args, &probe, &cleaned),
        running::Ended::Probed(probe, report) => told(args, &probe, &report),
    }
}

fn told(
    args: &ProbeArgs,
    probe: &Probe,
    report: &ProbeReport,
) -> Result<process::ExitCode, ProbeVerbError> {
    let outcome = Outcome::of(args, probe, report);
    if let Err(problem) = record::keep(&outcome) {
        output::note(&format!("the verdict is not kept for other verbs: {problem}"));
    }
    let text = if args.json {
        serde_json::to_string(&document::of(&outcome)).map_err(ProbeVerbError::Json)? + "\n"
    } else {
        text::of(&outcome, args.verbose)
    };
    output::data(&text).map_err(ProbeVerbError::Stdout)?;
    left::warn(&outcome.command_to_clean, &report.cleaned);
    left::note_young(&outcome.command_to_clean, &report.young);
    Ok(outcome.exit_code().map_or(process::ExitCode::SUCCESS, process::ExitCode::from))
}
