//! `cargo xtask torture`: clients of all protocols on a server that is killed again and again, for as long
//! as one likes; or a second look at a history that failed.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use statelock_testkit::history::{examine, journal};
use statelock_testkit::torture::campaign::{Campaign, Until};

use crate::bench::servers::build_statelock;
use crate::tidy::target_directory;

/// After so long a line is printed.
const STRETCH: Duration = Duration::from_mins(1);

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How long
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// The seed of the first round; the next one has the next. Another one each time, if not given
    #[arg(long)]
    seed: Option<u64>,
    /// Tortures this binary instead of building one for release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Starts no server: checks the history of an earlier run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["minutes", "seed", "program"])]
    history: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(root: &Path, arguments: Arguments) -> Result<()> {
    if let Some(file) = arguments.history {
        return check(&file);
    }
    let program = match arguments.program {
        Some(program) => program,
        None => build_statelock(root)?,
    };
    let kept_in = target_directory(root).join("torture");
    std::fs::create_dir_all(&kept_in).context("could not make a directory for histories")?;
    let mut seed =
        arguments.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 16);
    let mut campaign = Campaign::start(&program, &[]);
    println!("the first round has seed {seed}");
    let mut is_clean = true;
    for minute in 1..=arguments.minutes {
        let totals = campaign.run(seed, Until::Time(STRETCH), &kept_in)?;
        print!("minute {minute}, from seed {seed}: {}", totals.told());
        is_clean &= totals.is_clean();
        seed = seed.wrapping_add(totals.rounds);
    }
    ensure!(is_clean, "the server broke a promise, or said what no client understands");
    Ok(())
}

/// Checks a history that was kept.
fn check(file: &Path) -> Result<()> {
    let from = File::open(file).with_context(|| format!("could not read `{}`", file.display()))?;
    let findings = examine(&journal::read(BufReader::new(from))?);
    for breach in &findings.breaches {
        println!("{}\n{}", breach.address, breach.report);
    }
    let (operations, states) = (findings.operations, findings.addresses);
    match (findings.breaches.len(), findings.undecided.len()) {
        (0, 0) => {
            println!("{operations} operations on {states} states can be explained");
            Ok(())
        }
        (0, _) => bail!("the search was given up for {}", findings.undecided.join(", ")),
        (broken, _) => bail!("{broken} of {states} states cannot be explained"),
    }
}
