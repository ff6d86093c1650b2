//! The `statelock` binary: parse, run, print, exit.

mod commands;
mod exit_code;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// State locking for Terraform and OpenTofu.
#[derive(Debug, Parser)]
#[command(name = "statelock", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(commands::serve::ServeArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(args) => commands::serve::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error, error.hint());
            error.exit_code().into()
        }
    }
}
