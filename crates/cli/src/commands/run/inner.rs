//! What stands between us and the command for an instant: it ties the command's life to ours.
//!
//! Purpose: if this program is killed with SIGKILL it cannot tell the command to stop. So the kernel
//! does: it sends SIGINT to the command when its parent dies. That can only be asked for by the
//! process itself, between its start and the start of the command in it.
//! Limitations: Linux only. What the command has started in turn gets no signal, and a command that
//! changes its user loses the tie.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::output;

/// How `run` starts a command. Not for people.
#[derive(Debug, Args)]
pub(crate) struct InnerArgs {
    /// The process id of the `run` that starts it.
    parent: i32,

    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Becomes the command. Returns only if that fails, with the code that a shell would give.
pub(crate) fn run(args: &InnerArgs) -> ExitCode {
    let Some((program, arguments)) = args.command.split_first() else {
        return ExitCode::from(127);
    };
    if let Err(error) = tie_to(args.parent) {
        output::warning(&format!("if statelock is killed, the command will not be told: {error}"));
    } else if !is_parent(args.parent) {
        // It was killed before the tie held; without a lock the command must not begin.
        return ExitCode::from(128 + 9);
    }
    let error = Command::new(program).args(arguments).exec();
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    output::error(
        &io::Error::other(format!("could not start {}: {error}", program.to_string_lossy())),
        None,
    );
    ExitCode::from(code)
}

#[cfg(target_os = "linux")]
fn tie_to(_parent: i32) -> io::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    Ok(set_parent_process_death_signal(Some(Signal::INT))?)
}

#[cfg(not(target_os = "linux"))]
fn tie_to(_parent: i32) -> io::Result<()> {
    Ok(())
}

fn is_parent(parent: i32) -> bool {
    rustix::process::getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent)
}
