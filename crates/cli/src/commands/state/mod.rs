//! `statelock state`: what a server's write guard keeps from being lost.

mod allow_overwrite;
mod error;
mod quarantine;
mod shown;

use clap::{Args, Subcommand};

pub(crate) use error::StateError;

/// Permit one overwrite of a state, or look at writes that were refused.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    AllowOverwrite(allow_overwrite::AllowOverwriteArgs),
    Quarantine(quarantine::QuarantineArgs),
}

/// Runs one of the commands about states.
///
/// # Errors
/// [`StateError`].
pub(crate) fn run(args: &StateArgs) -> Result<(), StateError> {
    let done = match &args.command {
        StateCommand::AllowOverwrite(args) => allow_overwrite::run(args),
        StateCommand::Quarantine(args) => quarantine::run(args),
    };
    match done {
        // Whoever reads has seen enough.
        Err(StateError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
