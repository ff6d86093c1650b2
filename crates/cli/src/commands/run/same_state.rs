//! Terraform commands of `run` do not lock. So the state that is locked has to be the one that they use.

use statelock_protocol::state::StateAddress;

use super::RunArgs;
use super::command_line::CommandLine;
use super::error::RunError;
use crate::backend::BackendArgs;
use crate::output;

/// Compares the state that was named with that of the command's directory, where it has one. `workspace`
/// selects another one there, or locks it by itself.
///
/// `true` if they are known to be the same.
///
/// # Errors
/// [`RunError::OtherState`] if the command is Terraform or OpenTofu and works on another. For other
/// commands, whose directory says little, that is a warning.
pub(super) fn check(
    args: &RunArgs,
    line: &CommandLine,
    locked: &StateAddress,
) -> Result<bool, RunError> {
    if args.address.is_none() || line.subcommand().is_some_and(|word| word == "workspace") {
        return Ok(false);
    }
    let options = BackendArgs::of_workspace(args.backend.workspace().cloned());
    let Ok(used) = options.resolve(Some(line.working_directory().unwrap_or("."))) else {
        return Ok(false);
    };
    let used = used.settings.address;
    if (used.bucket(), used.object_key()) == (locked.bucket(), locked.object_key()) {
        return Ok(true);
    }
    if line.is_terraform() {
        return Err(RunError::OtherState { locked: locked.to_string(), used: used.to_string() });
    }
    output::warning(&format!(
        "the current directory uses {used}, and {locked} is locked: a terraform here does not lock, \
         and nobody else is kept from its state"
    ));
    Ok(false)
}

/// Looks again, when the lock is held: while it was waited for, somebody may have selected another workspace.
/// `was_same` is what [`check`] has said.
///
/// # Errors
/// [`RunError::Moved`]
pub(super) fn check_again(
    args: &RunArgs,
    line: &CommandLine,
    (address, was_same): (Option<&str>, bool),
    locked: &StateAddress,
) -> Result<(), RunError> {
    let used = args.backend.resolve(address)?.settings.address;
    if (used.bucket(), used.object_key()) != (locked.bucket(), locked.object_key()) {
        return Err(RunError::Moved { locked: locked.to_string(), used: used.to_string() });
    }
    if was_same {
        check(args, line, locked).map_err(|error| match error {
            RunError::OtherState { locked, used } => RunError::Moved { locked, used },
            other => other,
        })?;
    }
    Ok(())
}
