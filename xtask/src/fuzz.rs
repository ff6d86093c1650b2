//! `cargo xtask fuzz`: runs the fuzz targets in `fuzz/`, each from its kept corpus.
//!
//! libFuzzer needs its instrumentation in all code, which the stable compiler's own passes give. What it finds beyond the
//! corpus stays under `target/fuzz`; an input that fails is named, and is given again with `--input`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::tidy::target_directory;

/// What `cargo fuzz` gives the compiler, without a sanitizer: those need another compiler, and this code is safe.
const RUSTFLAGS: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// Longest input; a server's answer to more is the same with less time lost.
const INPUT_BYTES_MAX: u32 = 8192;

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FuzzArguments {
    /// Only this target
    target: Option<String>,
    /// How long each target looks for new inputs, after those of its corpus
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Looks in the same order each time; another one if not given
    #[arg(long)]
    seed: Option<u32>,
    /// Runs this one input instead, to see a failure again
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
    /// Adds what the corpus does not cover yet to it
    #[arg(long, conflicts_with = "input")]
    keep: bool,
}

impl FuzzArguments {
    /// All targets, as briefly as every check does it, and always from the same seed: a change is judged by
    /// what it changed. New ground is for longer runs.
    pub(crate) fn of_check() -> Self {
        Self { target: None, seconds: 20, seed: Some(1), input: None, keep: false }
    }
}

/// Builds the targets and runs them one after the other; the first failure ends it.
pub(crate) fn run(root: &Path, arguments: &FuzzArguments) -> Result<()> {
    let targets = targets(root)?;
    let chosen: Vec<_> = match &arguments.target {
        Some(name) => targets.iter().filter(|target| *target == name).collect(),
        None => targets.iter().collect(),
    };
    ensure!(!chosen.is_empty(), "no such target; there are {}", targets.join(", "));
    let binaries = build(root)?;
    for target in chosen {
        let fuzz = Fuzz { root, binary: binaries.join(target), target };
        match &arguments.input {
            Some(input) => fuzz.replay(input)?,
            None if arguments.keep => fuzz.merge()?,
            None => fuzz.search(arguments.seconds, arguments.seed)?,
        }
    }
    Ok(())
}

/// The targets, by their files.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(root.join("fuzz/targets")).context("no fuzz targets")? {
        let path = file?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets, and says where they are.
fn build(root: &Path) -> Result<PathBuf> {
    let directory = target_directory(root).join("fuzz");
    let host = host()?;
    let status = Command::new("cargo")
        // With `--target`, the flags are for the targets alone and not for build scripts.
        .args(["build", "--locked", "--quiet", "--bins", "--target", &host])
        .current_dir(root.join("fuzz"))
        .env("CARGO_TARGET_DIR", &directory)
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\u{1f}"))
        .status()
        .context("could not start cargo")?;
    ensure!(status.success(), "the fuzz targets do not build; libFuzzer needs a C++ compiler");
    Ok(directory.join(host).join("debug"))
}

/// The name of this machine's kind, as the compiler says it.
fn host() -> Result<String> {
    let said = Command::new("rustc").arg("-vV").output().context("could not start rustc")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say its host")
}

struct Fuzz<'a> {
    root: &'a Path,
    binary: PathBuf,
    target: &'a str,
}

impl Fuzz<'_> {
    fn corpus(&self) -> PathBuf {
        self.root.join("fuzz/corpus").join(self.target)
    }

    /// A directory of this target for what is found, made if need be.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let place = target_directory(self.root).join("fuzz").join(name).join(self.target);
        std::fs::create_dir_all(&place).with_context(|| format!("no {}", place.display()))?;
        Ok(place)
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(&self.binary);
        let failures = format!("-artifact_prefix={}/", self.place("failures")?.display());
        command.args([&failures, &format!("-max_len={INPUT_BYTES_MAX}")]).arg("-timeout=25");
        Ok(command)
    }

    fn search(&self, seconds: u32, seed: Option<u32>) -> Result<()> {
        println!("fuzz: {} for {seconds} s", self.target);
        let mut command = self.command()?;
        command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        command.args(seed.map(|seed| format!("-seed={seed}")));
        let output = command
            .arg(self.place("found")?)
            .arg(self.corpus())
            .output()
            .with_context(|| format!("could not start {}", self.binary.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            println!("{said}");
            bail!(
                "the fuzz target `{}` failed; see it again: cargo xtask fuzz {} --input FILE, with the file named above",
                self.target,
                self.target
            );
        }
        for line in said.lines().filter(|line| line.contains("executed_units")) {
            println!("  {line}");
        }
        Ok(())
    }

    fn replay(&self, input: &Path) -> Result<()> {
        let input = input.canonicalize().context("no such input")?;
        let status = self.command()?.arg(input).status()?;
        ensure!(status.success(), "the input fails");
        Ok(())
    }

    fn merge(&self) -> Result<()> {
        let mut command = self.command()?;
        let status =
            command.arg("-merge=1").arg(self.corpus()).arg(self.place("found")?).status()?;
        ensure!(status.success(), "the corpora could not be merged");
        Ok(())
    }
}
