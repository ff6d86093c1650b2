//! `statelock completions`: what a shell needs to complete our command lines.

use clap::Args;
use clap_complete::Shell;

use super::lock_error::LockVerbError;
use crate::output;

/// Print a script that completes command lines of statelock in a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock completions bash > /etc/bash_completion.d/statelock
  statelock completions zsh > \"${fpath[1]}/_statelock\"
  statelock completions fish > ~/.config/fish/completions/statelock.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints it. `command` is the whole command line.
///
/// # Errors
/// [`LockVerbError::Stdout`]
pub(crate) fn run(args: &CompletionsArgs, mut command: clap::Command) -> Result<(), LockVerbError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "statelock", &mut script);
    output::data(&String::from_utf8_lossy(&script)).map_err(LockVerbError::Stdout)
}
