//! `cargo xtask check`: everything a change has to pass, in the order that finds faults soonest.
#![expect(clippy::disallowed_methods, reason = "each step's time is reported")]

mod programs;
mod skips;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::fuzz::{self, FuzzArguments};
use crate::tidy;

/// One part of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// rustfmt finds nothing to change
    Fmt,
    /// clippy finds nothing, on all targets, warnings being errors
    Clippy,
    /// all tests pass, real clients included
    Test,
    /// no fuzz target finds anything in its corpus, and beyond it for 20 seconds
    Fuzz,
    /// the documentation builds without a warning
    Doc,
    /// the repository's own rules
    Tidy,
}

const ALL: [Step; 6] = [Step::Fmt, Step::Clippy, Step::Test, Step::Fuzz, Step::Doc, Step::Tidy];

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Test => "test",
            Self::Fuzz => "fuzz",
            Self::Doc => "doc",
            Self::Tidy => "tidy",
        }
    }

    fn run(self, root: &Path) -> Result<()> {
        match self {
            Self::Fmt => {
                cargo(root, &["fmt", "--all", "--", "--check"], &[])?;
                // A workspace of its own, and small enough to be held to the same form.
                let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--", "--check"];
                cargo(root, &fuzz, &[])
            }
            Self::Clippy => {
                let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--"];
                cargo(root, &[&arguments[..], &["-D", "warnings"]].concat(), &[])
            }
            Self::Test => test(root),
            Self::Fuzz => fuzz::run(root, &FuzzArguments::of_check()),
            Self::Doc => {
                let arguments = ["doc", "--workspace", "--no-deps", "--quiet"];
                cargo(root, &arguments, &[("RUSTDOCFLAGS", "-D warnings")])
            }
            Self::Tidy => tidy::run(root),
        }
    }
}

/// Runs all steps, or only one, and stops at the first that fails.
pub(crate) fn run(root: &Path, only: Option<Step>) -> Result<()> {
    let started = Instant::now();
    let mut times = Vec::new();
    for step in ALL.into_iter().filter(|step| only.is_none_or(|only| only == *step)) {
        let name = step.name();
        println!("==> {name}");
        let began = Instant::now();
        let result = step.run(root);
        let took = seconds(began.elapsed());
        times.push(format!("{name} {took}"));
        if let Err(error) = result {
            let whole = seconds(started.elapsed());
            bail!("check failed at step `{name}` after {whole} ({}): {error:#}", times.join(", "));
        }
        println!("==> {name}: passed in {took}");
    }
    println!("check passed in {} ({})", seconds(started.elapsed()), times.join(", "));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs all tests and then tells what was skipped.
fn test(root: &Path) -> Result<()> {
    programs::install_missing();
    let log = tidy::target_directory(root).join("skipped-tests.tsv");
    if log.exists() {
        std::fs::remove_file(&log).with_context(|| format!("cannot remove {}", log.display()))?;
    }
    let path = log.to_string_lossy();
    let tested =
        cargo(root, &["test", "--workspace", "--no-fail-fast"], &[("STATELOCK_SKIP_LOG", &path)]);
    let skipped = skips::parse(&std::fs::read_to_string(&log).unwrap_or_default());
    for skip in &skipped {
        println!("skipped: {skip}");
    }
    println!("{} test(s) skipped", skipped.len());
    tested?;
    let unexpected = skips::unexpected(&skipped);
    if std::env::var_os("CI").is_some() && !unexpected.is_empty() {
        bail!("CI has to run these, and they were skipped: {}", unexpected.join("; "));
    }
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let status = Command::new("cargo")
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    if !status.success() {
        bail!("`cargo {}` ended with {status}", arguments.join(" "));
    }
    Ok(())
}
