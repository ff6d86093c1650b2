//! `cargo xtask bench scan`: what it costs to look through 10,000 root modules.
//!
//! Beside `migrate scan` run programs that do less: `grep` and `rg`, which only look for a word, and
//! `terraform fmt -check`, which parses every `.tf` file and looks at nothing in it. All files were
//! read once before, so that memory is measured and no disk.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod fleet;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4 as _;

use super::servers;
use crate::tidy::target_directory;

/// How often each program runs; the figure is the median.
const RUNS: usize = 5;

/// A program that looks through the fleet.
struct Contestant {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Exit codes with which it says that it did its work.
    done: &'static [i32],
}

/// What one run costs.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

/// Runs the benchmark with `modules` root modules and prints its table. `program` is measured instead
/// of our release binary.
pub(crate) fn run(root: &Path, modules: usize, program: Option<PathBuf>) -> Result<()> {
    let directory = target_directory(root).join("bench/scan");
    if directory.exists() {
        fs::remove_dir_all(&directory).context("could not empty the benchmark's directory")?;
    }
    let tree = directory.join("tree");
    let files = fleet::write(&tree, modules)?;
    let program = match program {
        Some(program) => program.canonicalize().context("no such program")?,
        None => servers::build_statelock(root)?,
    };
    println!("{modules} root modules in {files} files, {RUNS} runs each\n");
    println!("program                    wall ms     CPU ms   peak MiB      ratio");
    let mut first = None;
    for contestant in contestants(program) {
        match contestant.measure(&tree, &directory) {
            Ok(cost) => {
                let ours = *first.get_or_insert(cost);
                print(contestant.name, cost, ours);
            }
            // Without ours there is nothing to compare; without another one the rest goes on.
            Err(error) if first.is_none() => return Err(error),
            Err(error) => println!("{:<22} {error:#}", contestant.name),
        }
    }
    let found = fs::read_to_string(directory.join("statelock.out"))?;
    let found = found.matches("\"directory\"").count();
    ensure!(found >= modules, "the scan showed {found} directories of {modules}");
    Ok(())
}

fn contestants(statelock: PathBuf) -> [Contestant; 4] {
    [
        Contestant {
            name: "statelock",
            program: statelock,
            arguments: &["migrate", "scan", "--json"],
            done: &[0],
        },
        Contestant {
            name: "grep",
            program: "grep".into(),
            arguments: &["-rl", "dynamodb_table", "."],
            done: &[0],
        },
        Contestant {
            name: "rg",
            program: "rg".into(),
            arguments: &["-l", "dynamodb_table"],
            done: &[0],
        },
        Contestant {
            name: "terraform fmt -check",
            program: "terraform".into(),
            arguments: &["fmt", "-check", "-recursive"],
            done: &[0, 3],
        },
    ]
}

fn print(name: &str, cost: Cost, ours: Cost) {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{name:<22} {:>11.1} {:>10.1} {:>10} {:>9.2}×",
        millis(cost.wall),
        millis(cost.cpu),
        cost.peak_bytes >> 20,
        ours.wall.as_secs_f64() / cost.wall.as_secs_f64()
    );
}

impl Contestant {
    /// The median of several runs, after one that is not counted.
    fn measure(&self, tree: &Path, directory: &Path) -> Result<Cost> {
        self.run(tree, directory)?;
        let costs: Result<Vec<_>> = (0..RUNS).map(|_| self.run(tree, directory)).collect();
        let mut costs = costs?;
        costs.sort_unstable_by_key(|cost| cost.wall);
        costs.get(costs.len() / 2).copied().context("no run")
    }

    fn run(&self, tree: &Path, directory: &Path) -> Result<Cost> {
        let file = |ending: &str| File::create(directory.join(format!("{}.{ending}", self.name)));
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .current_dir(tree)
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null())
            .stdout(file("out")?)
            .stderr(file("err")?);
        let started = Instant::now();
        let used = command.spawn().context("not installed")?.wait4()?;
        let wall = started.elapsed();
        let code = used.status.code().unwrap_or(-1);
        let said = fs::read_to_string(directory.join(format!("{}.err", self.name)))?;
        ensure!(self.done.contains(&code), "failed with {code}: {}", said.trim());
        let cpu = used.rusage.utime + used.rusage.stime;
        Ok(Cost { wall, cpu, peak_bytes: used.rusage.maxrss })
    }
}
