//! The repository's own tasks: `cargo xtask check`, `cargo xtask tidy`, `cargo xtask torture`, `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "a task's report goes to standard output")]

mod bench;
mod check;
mod fuzz;
mod tidy;
mod torture;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The repository's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything a change has to pass: format, clippy, tests, docs, tidy
    Check {
        /// Runs only this step
        #[arg(long, value_name = "STEP")]
        only: Option<check::Step>,
    },
    /// Rules of this repository that no other tool knows
    Tidy,
    /// Looks for inputs that break a parser or the server
    Fuzz(fuzz::FuzzArguments),
    /// Clients of all protocols on a server that is killed again and again; checks what they were told
    Torture(torture::Arguments),
    /// Measurements
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Lock cycles per second on our server and on moto, beside the disk's own sync rate
    LockCycle {
        /// Length of each measurement
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
    },
    /// Requests, time and memory of our verbs beside terraform and the AWS CLI
    Cli,
    /// Eight terraforms that want one lock at once, on our server and on moto
    Queue,
    /// Our server beside those of others: lock cycles, states, many states, a long run
    Server(bench::server::ServerBench),
    /// Time and memory of `migrate scan` beside grep and terraform fmt
    Scan {
        /// How many root modules to look through
        #[arg(long, default_value_t = 10_000)]
        modules: usize,
        /// Measures this binary instead of building one for release
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let root = repository_root();
    let done = match Arguments::parse().task {
        Task::Check { only } => check::run(&root, only),
        Task::Tidy => tidy::run(&root),
        Task::Fuzz(arguments) => fuzz::run(&root, &arguments),
        Task::Torture(arguments) => torture::run(&root, arguments),
        Task::Bench(Bench::LockCycle { seconds }) => bench::lock_cycle(&root, seconds),
        Task::Bench(Bench::Cli) => bench::cli::run(&root),
        Task::Bench(Bench::Queue) => bench::queue::run(&root),
        Task::Bench(Bench::Server(server)) => bench::server::run(&root, &server),
        Task::Bench(Bench::Scan { modules, program }) => bench::scan::run(&root, modules, program),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The directory above this package.
fn repository_root() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package.parent().map(ToOwned::to_owned).unwrap_or(package)
}
