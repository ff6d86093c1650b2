//! Round after round on one server, and what was found.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::clock::Stopwatch;
use super::round::{Evidence, Round};
use crate::history::operation::Outcome;
use crate::history::{Findings, examine, journal};
use crate::server_process::ServerProcess;

/// A request that waits for a lock is held open for half of this: for
/// [`HOLD_MICROS`](crate::history::order::HOLD_MICROS).
const FLAGS: [&str; 2] = ["--request-timeout-seconds", "2"];

/// A server under torture, in a directory of its own.
#[derive(Debug)]
pub struct Campaign {
    server: ServerProcess,
    /// Removed with it.
    _data: TempDir,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so many rounds.
    Rounds(u64),
    /// After the first round that ends later than this.
    Time(Duration),
}

/// What was done, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Rounds.
    pub rounds: u64,
    /// How often the server was killed.
    pub kills: usize,
    /// Requests that were acknowledged, reads among them.
    pub done: usize,
    /// Requests that were refused.
    pub refused: usize,
    /// Requests of whose outcome nobody knows.
    pub unknown: usize,
    /// Those of them whose sender waited for the answer: the server was killed under them.
    pub cut_off: usize,
    /// Requests that never left.
    pub not_sent: usize,
    /// How long the checker worked.
    pub checking: Duration,
    /// What the checker says.
    pub findings: Findings,
    /// Answers that are none of the protocol's, each with its round's seed.
    pub surprises: Vec<String>,
    /// The histories of rounds with something to look at again.
    pub kept: Vec<PathBuf>,
}

impl Campaign {
    /// Starts a server with these flags beside the campaign's own.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(binary: &Path, flags: &[&str]) -> Self {
        let data = TempDir::with_prefix("statelock-torture-").expect("a directory");
        let flags = [&FLAGS, flags].concat();
        let server = ServerProcess::start(binary, &data.path().join("data"), &flags);
        Self { server, _data: data }
    }

    /// The server.
    pub fn server(&mut self) -> &mut ServerProcess {
        &mut self.server
    }

    /// Runs rounds whose seeds begin with `seed`, and keeps the histories in `kept_in` that are worth a
    /// second look.
    ///
    /// # Errors
    /// If a history cannot be kept.
    pub fn run(&mut self, seed: u64, until: Until, kept_in: &Path) -> Result<Totals> {
        let clock = Stopwatch::start();
        let mut totals = Totals::default();
        loop {
            let is_enough = match until {
                Until::Rounds(rounds) => totals.rounds >= rounds,
                Until::Time(time) => totals.rounds > 0 && clock.elapsed() >= time,
            };
            if is_enough {
                return Ok(totals);
            }
            let round = Round::of_seed(seed.wrapping_add(totals.rounds));
            let address = self.server.address();
            let evidence = round.run(&mut self.server, address);
            if !totals.add(round.seed, &evidence) {
                totals.kept.push(keep(kept_in, "torture", round.seed, &evidence)?);
            }
        }
    }
}

/// Keeps the history of a round: in `<name>-<seed>.jsonl`.
///
/// # Errors
/// If it cannot be kept.
pub fn keep(kept_in: &Path, name: &str, seed: u64, evidence: &Evidence) -> Result<PathBuf> {
    let file = kept_in.join(format!("{name}-{seed}.jsonl"));
    let not_kept = || format!("could not keep a history in `{}`", file.display());
    let mut lines = format!("# {name}, seed {seed}\n");
    for surprise in &evidence.surprises {
        lines.extend(surprise.lines().map(|line| format!("# unexpected answer: {line}\n")));
    }
    let mut to = File::create(&file).with_context(not_kept)?;
    to.write_all(lines.as_bytes()).with_context(not_kept)?;
    journal::write(&evidence.history, &mut to).with_context(not_kept)?;
    Ok(file)
}

/// How to look at a history again.
pub fn second_look(kept: &Path) -> String {
    format!("look at it again: cargo xtask torture --history {}", kept.display())
}

impl Totals {
    /// Adds a round; whether it was explained without a rest.
    pub fn add(&mut self, seed: u64, evidence: &Evidence) -> bool {
        self.rounds += 1;
        self.kills += evidence.kills;
        for operation in &evidence.history {
            if operation.outcome == (Outcome::Unknown { hung_up: false }) {
                self.cut_off += 1;
            }
            *match operation.outcome {
                Outcome::Done | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
                    &mut self.done
                }
                Outcome::Refused => &mut self.refused,
                Outcome::Unknown { .. } => &mut self.unknown,
                Outcome::NotSent => &mut self.not_sent,
            } += 1;
        }
        let said = evidence.surprises.iter();
        self.surprises.extend(said.map(|surprise| format!("seed {seed}: {surprise}")));
        let clock = Stopwatch::start();
        let findings = examine(&evidence.history);
        self.checking += clock.elapsed();
        let is_explained = findings.breaches.is_empty()
            && findings.undecided.is_empty()
            && evidence.surprises.is_empty();
        self.findings.add(findings);
        is_explained
    }

    /// Whether nothing speaks against the server, and nearly every search came to an end: what many
    /// unknown outcomes on a slow machine leave open says nothing.
    pub fn is_clean(&self) -> bool {
        self.findings.breaches.is_empty()
            && self.findings.undecided.len() * 20 <= self.findings.addresses
            && self.surprises.is_empty()
    }

    /// What was done and found, in a few lines.
    pub fn told(&self) -> String {
        let Self { rounds, kills, done, refused, unknown, cut_off, not_sent, .. } = self;
        let Self { checking, findings, .. } = self;
        let mut text = format!(
            "{rounds} rounds, {} states, {} requests: {done} done, {refused} refused, {unknown} unknown, \
             {not_sent} not sent; the server was killed {kills} times, under {cut_off} of the requests; \
             checked in {:.1} s\n",
            findings.addresses,
            findings.operations,
            checking.as_secs_f64()
        );
        let breaches = findings.breaches.iter();
        text.extend(breaches.map(|breach| format!("\n{}\n{}", breach.address, breach.report)));
        let undecided = findings.undecided.iter();
        text.extend(undecided.map(|address| format!("\n{address}: the search was given up\n")));
        let surprises = self.surprises.iter();
        text.extend(surprises.map(|surprise| format!("\nunexpected answer, {surprise}\n")));
        text.extend(self.kept.iter().map(|file| format!("\n{}\n", second_look(file))));
        text
    }
}
