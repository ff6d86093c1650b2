//! The `statelock` binary: parse, run, print, exit.

mod address;
mod admin_client;
mod backend;
mod commands;
mod evidence;
mod exit_code;
mod output;
mod policy;
mod shell;
mod span;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use commands::CommandError;

/// State locking for Terraform and OpenTofu.
#[derive(Debug, Parser)]
#[command(name = "statelock", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(commands::status::StatusArgs),
    Lock(commands::lock::LockArgs),
    Unlock(commands::unlock::UnlockArgs),
    ForceUnlock(commands::force_unlock::ForceUnlockArgs),
    Wait(commands::wait::WaitArgs),
    Serve(commands::serve::ServeArgs),
    Run(commands::run::RunArgs),
    #[command(name = commands::run::INNER_VERB, hide = true)]
    Inner(commands::run::InnerArgs),
    Ls(commands::ls::LsArgs),
    Audit(commands::audit::AuditArgs),
    Backup(commands::backup::BackupArgs),
    Bootstrap(commands::bootstrap::BootstrapArgs),
    Gc(commands::gc::GcArgs),
    Doctor(commands::doctor::DoctorArgs),
    Probe(Box<commands::probe::ProbeArgs>),
    Explain(commands::explain::ExplainArgs),
    Iam(Box<commands::iam::IamArgs>),
    State(commands::state::StateArgs),
    Migrate(commands::migrate::MigrateArgs),
    Completions(commands::completions::CompletionsArgs),
    Man(commands::man::ManArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Status(args) => commands::status::run(&args),
        Command::Lock(args) => exit(commands::lock::run(&args)),
        Command::Unlock(args) => exit(commands::unlock::run(&args)),
        Command::ForceUnlock(args) => exit(commands::force_unlock::run(&args)),
        Command::Wait(args) => exit(commands::wait::run(&args)),
        Command::Serve(args) => exit(commands::serve::run(args)),
        Command::Run(args) => commands::run::run(&args),
        Command::Inner(args) => commands::run::run_inner(&args),
        Command::Ls(args) => exit(commands::ls::run(&args)),
        Command::Audit(args) => exit(commands::audit::run(&args)),
        Command::Backup(args) => exit(commands::backup::run(&args)),
        Command::Bootstrap(args) => exit(commands::bootstrap::run(&args)),
        Command::Gc(args) => exit(commands::gc::run(&args)),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Probe(args) => commands::probe::run(&args),
        Command::Explain(args) => exit(commands::explain::run(&args)),
        Command::Iam(args) => exit(commands::iam::run(&args)),
        Command::State(args) => exit(commands::state::run(&args)),
        Command::Migrate(args) => commands::migrate::run(&args),
        Command::Completions(args) => exit(commands::completions::run(&args, Cli::command())),
        Command::Man(args) => exit(commands::man::run(&args, Cli::command())),
    }
}

/// Says how a command ended.
fn exit<E: CommandError>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error, error.hint());
            error.exit_code().into()
        }
    }
}
