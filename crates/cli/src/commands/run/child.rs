//! The command as a process: started, signalled, waited for.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use rustix::termios::tcgetpgrp;

use statelock_protocol::lock::LockId;

use super::command_line::CommandLine;
use super::workers::{Workers, named};
use crate::output;

/// The name of the hidden verb that becomes the command.
pub(crate) const INNER_VERB: &str = "__child";

/// A command that was started.
#[derive(Debug)]
pub(super) struct Child {
    process: tokio::process::Child,
    pid: Option<Pid>,
    terminal: Option<Terminal>,
    /// Whether its process group is its own, with what it has started in it.
    has_own_group: bool,
    /// It, and what it has started, as far as that can be told.
    pub(super) workers: Workers,
}

/// Whose lock a command runs under.
#[derive(Clone, Copy, Debug)]
pub(super) enum Under<'a> {
    /// One of this process.
    Own(&'a LockId),
    /// One of a `run` around this one.
    Another(&'a LockId),
}

/// The terminal that controls this process. It sends Ctrl-C to all in its foreground.
#[derive(Debug)]
struct Terminal(File);

impl Terminal {
    fn of_this_process() -> Option<Self> {
        File::options().read(true).write(true).open("/dev/tty").ok().map(Self)
    }

    fn is_ours(&self) -> bool {
        tcgetpgrp(&self.0).is_ok_and(|group| group == getpgrp())
    }
}

impl Child {
    /// Starts the command with our standard streams.
    ///
    /// On a terminal it stays in our process group, so that the terminal treats both as one job.
    /// Without one it gets a group of its own: what is sent to it then reaches what it has started too,
    /// and what is sent to our group reaches it once, through us. Where it has none, each process under the
    /// lock is sent a signal of its own.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn start(
        line: &CommandLine,
        variables: Vec<(String, OsString)>,
        under: Under<'_>,
        forwards: bool,
    ) -> io::Result<Self> {
        let terminal = Terminal::of_this_process();
        let mut command = Command::new(own_executable()?);
        command
            .arg0("statelock")
            .args([INNER_VERB, &std::process::id().to_string(), "--"])
            .arg(&line.program)
            .args(&line.arguments)
            .envs(variables);
        // Without our handing on, whoever signals our group has to reach the command.
        let has_own_group = terminal.is_none() && forwards;
        if has_own_group {
            command.process_group(0);
        }
        let process = tokio::process::Command::from(command).spawn()?;
        let workers = match under {
            Under::Own(lock) => Workers::of(lock),
            Under::Another(lock) => Workers::below(lock, process.id()),
        };
        let id = process.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { process, pid: id.and_then(Pid::from_raw), terminal, has_own_group, workers })
    }

    /// Waits for its end; may be dropped and called again.
    ///
    /// # Errors
    /// As the system says.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Whether a SIGINT that we got has reached the command too: Ctrl-C goes to the whole foreground.
    pub(super) fn shares_keyboard(&self) -> bool {
        self.terminal.as_ref().is_some_and(Terminal::is_ours)
    }

    /// Sends a signal to the command, and to what it has started where that can be told.
    pub(super) fn send(&mut self, signal: Signal) {
        match self.pid {
            Some(pid) if self.has_own_group => {
                self.workers.are_told();
                // It may have ended already.
                kill_process_group(pid, signal).unwrap_or_default();
            }
            pid => self.workers.send(signal, pid),
        }
    }

    /// Tells every Terraform to stop that was started since the command was told.
    pub(super) fn tell_new_clients(&mut self) {
        let new = self.workers.tell_new_clients();
        if !new.is_empty() {
            output::warning(&format!(
                "the lock is lost, and the command has started more that works without it: {}; it is told to \
                 stop, with SIGINT",
                named(&new)
            ));
        }
    }
}

/// This very program, even if its file was replaced since.
fn own_executable() -> io::Result<PathBuf> {
    let of_linux = PathBuf::from("/proc/self/exe");
    if of_linux.exists() { Ok(of_linux) } else { std::env::current_exe() }
}

/// The exit code of a shell for how a command ended.
pub(super) fn shell_code(status: ExitStatus) -> u8 {
    let killed_by = status.signal().map(|signal| signal.saturating_add(128));
    status.code().or(killed_by).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_a_shell() {
        assert_eq!(shell_code(ExitStatus::from_raw(0)), 0);
        assert_eq!(shell_code(ExitStatus::from_raw(2 << 8)), 2);
        assert_eq!(shell_code(ExitStatus::from_raw(255 << 8)), 255);
        assert_eq!(shell_code(ExitStatus::from_raw(9)), 137);
        assert_eq!(shell_code(ExitStatus::from_raw(15 | 0x80)), 143);
    }
}
