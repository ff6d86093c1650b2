//! `statelock state`: states as they are stored, and what a server's write guard keeps from being lost.

mod allow_overwrite;
mod error;
mod failure;
mod list_versions;
mod pull;
mod push;
mod quarantine;
mod restore;
mod shown;
mod signals;
mod spool;
mod under_lock;

use clap::{Args, Subcommand};

pub(crate) use error::StateError;

use crate::backend::Resolved;

/// Read, write and restore states; permit one overwrite, or look at writes that were refused.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    Pull(pull::PullArgs),
    Push(push::PushArgs),
    ListVersions(list_versions::ListVersionsArgs),
    Restore(restore::RestoreArgs),
    AllowOverwrite(allow_overwrite::AllowOverwriteArgs),
    Quarantine(quarantine::QuarantineArgs),
}

/// Runs one of the commands about states.
///
/// # Errors
/// [`StateError`].
pub(crate) fn run(args: &StateArgs) -> Result<(), StateError> {
    let done = match &args.command {
        StateCommand::Pull(args) => pull::run(args),
        StateCommand::Push(args) => push::run(args),
        StateCommand::ListVersions(args) => list_versions::run(args),
        StateCommand::Restore(args) => restore::run(args),
        StateCommand::AllowOverwrite(args) => allow_overwrite::run(args),
        StateCommand::Quarantine(args) => quarantine::run(args),
    };
    match done {
        // Whoever reads has seen enough.
        Err(StateError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// How the user can name the state again.
fn named(resolved: &Resolved) -> String {
    if resolved.named.is_empty() { ".".to_owned() } else { resolved.named.clone() }
}
