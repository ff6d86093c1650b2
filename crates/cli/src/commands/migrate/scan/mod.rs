//! `statelock migrate scan`: what there is to move, and what that means.

mod error;
mod online;
mod page_file;

use std::path::PathBuf;

use clap::Args;

pub(crate) use error::ScanError;
pub(super) use error::with_causes;
pub(crate) use online::{AskedStore, Online, OnlineUnit, Stray};

use super::excluding::Excluding;
use super::prices::PriceList;
use super::report::{self, Report};
use super::survey::Survey;
use crate::backend::{self, BackendArgs};
use crate::output;

/// How often a backend is applied unless it is said: ten times a working day.
const RUNS_PER_MONTH: u32 = 200;

/// Show every S3 backend below directories: how it locks, and what a move to lockfiles means.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate scan                        # the directory here, and everything below
  statelock migrate scan infra platform --json | jq '.summary'
  statelock migrate scan infra --html report.html
  statelock migrate scan infra --online         # asks the stores too

Nothing is written but the file that --html names, and without --online nobody is asked.")]
pub(crate) struct ScanArgs {
    /// Directories to look through [default: .].
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    /// Write a report to hand on: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Ask the stores: workspaces, accounts, locks that are held, states that no module names.
    #[arg(long)]
    online: bool,

    /// Look through files that git ignores, too.
    #[arg(long)]
    include_ignored: bool,

    #[command(flatten)]
    excluding: Excluding,

    /// Prices to use instead of those that come with statelock, JSON.
    #[arg(long, value_name = "FILE")]
    price_file: Option<PathBuf>,

    /// How often each backend is applied.
    #[arg(long, value_name = "COUNT", default_value_t = RUNS_PER_MONTH)]
    runs_per_month: u32,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Shows it.
///
/// # Errors
/// [`ScanError`]: something could not be read or asked, after everything else was shown.
pub(crate) fn run(args: &ScanArgs) -> Result<(), ScanError> {
    let prices = PriceList::load(args.price_file.as_deref())?;
    let mut roots = args.directories.clone();
    if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    let mut survey = Survey::take(roots, args.include_ignored, args.excluding.exclusions());
    args.excluding.tell(&survey);
    let asked = if args.online {
        let runtime = backend::runtime()?;
        Some(runtime.block_on(online::ask(&mut survey, &args.backend)))
    } else {
        None
    };
    let report = Report::of(&survey, &prices, args.runs_per_month, asked.as_ref());
    for trouble in &survey.troubles {
        output::warning(&with_causes(&trouble.error));
    }
    if let Some(path) = &args.html {
        page_file::write(path, &report::page(&report))?;
    }
    let text = if args.json {
        serde_json::to_string(&report::document(&report)).map_err(ScanError::Json)? + "\n"
    } else {
        report::text(&report)
    };
    match output::data(&text) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        printed => printed.map_err(ScanError::Stdout)?,
    }
    end(&survey, asked.as_ref())
}

/// How it ends after everything was shown.
fn end(survey: &Survey, asked: Option<&Online>) -> Result<(), ScanError> {
    let not_reached = asked.map_or(0, Online::not_reached);
    if not_reached > 0 {
        return Err(ScanError::NotReached(not_reached));
    }
    if !survey.troubles.is_empty() {
        return Err(ScanError::Troubles(survey.troubles.len()));
    }
    if survey.units.is_empty() && survey.others.is_empty() {
        return Err(ScanError::NothingFound(survey.roots.clone()));
    }
    Ok(())
}
