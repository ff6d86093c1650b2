//! The processes of this machine, as evidence.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, getuid, test_kill_process};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::evidence::{
    Activity, ClientsSeen, Machine, Offspring, ProcessSeen, SeenProcess, Who,
};
use statelock_protocol::lock::stamp::ProcessMark;

use super::proc_fs::{PID_NAMESPACE_OF_THE_MACHINE, ProcFs, Stat};
use super::{LOCK_ID_VARIABLE, ProcessObserver};

/// Asks the system for a process without looking at it: whether there is one.
type Probe = fn(u32) -> Presence;

/// Whether the system knows a process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Present,
    Missing,
    Unknown,
}

/// An observer of this machine's processes.
pub(super) struct Processes {
    proc_fs: ProcFs,
    probe: Probe,
    who: Who,
    is_root: bool,
}

/// The mark of this process; `None` where processes cannot be told apart.
pub(super) fn own_mark() -> Option<ProcessMark> {
    mark_of_own(&ProcFs::of_this_machine())
}

fn mark_of_own(proc_fs: &ProcFs) -> Option<ProcessMark> {
    let Machine { boot_id, pid_namespace } = proc_fs.machine().ok()?;
    let Stat { pid, started_ticks, .. } = proc_fs.own_stat().ok()?;
    Some(ProcessMark { pid, started_ticks, pid_namespace, boot_id })
}

impl Processes {
    pub(super) fn of_this_machine(who: Who) -> Self {
        let proc_fs = ProcFs::of_this_machine();
        Self { proc_fs, probe: kill_nothing, who, is_root: getuid().is_root() }
    }

    /// Those processes for which `take` finds a name that matters.
    fn found(&self, take: impl Fn(u32) -> bool) -> io::Result<Vec<SeenProcess>> {
        let mut pids = self.proc_fs.pids()?;
        pids.sort_unstable();
        let others = pids.into_iter().filter(|pid| *pid != self.proc_fs.own_pid());
        let runs =
            |pid: &u32| self.proc_fs.stat(*pid).is_ok_and(|stat| stat.activity != Activity::Ended);
        let named = |pid| SeenProcess { pid, name: self.proc_fs.name(pid).unwrap_or_default() };
        Ok(others.filter(|pid| take(*pid)).filter(runs).map(named).collect())
    }
}

impl ProcessObserver for Processes {
    fn machine(&self) -> Result<Machine, String> {
        self.proc_fs.machine()
    }

    fn look(&self, mark: &ProcessMark) -> ProcessSeen {
        let hidden = |why: &str| ProcessSeen::Hidden { why: why.to_owned() };
        match self.proc_fs.stat(mark.pid) {
            Ok(Stat { started_ticks, activity, .. }) => {
                ProcessSeen::Found { started_ticks, activity }
            }
            // /proc may hide what belongs to others; the system call does not.
            Err(error) if is_absent(&error) => match (self.probe)(mark.pid) {
                Presence::Missing => ProcessSeen::Missing,
                Presence::Present => hidden(
                    "a process has that id, and this user may not look at it; ask as its user or \
                     as root",
                ),
                Presence::Unknown => hidden("the system does not tell whether there is one"),
            },
            Err(error) => hidden(&format!("/proc does not show it: {error}")),
        }
    }

    fn offspring(&self, lock_id: &LockId, holder: &Who) -> Offspring {
        let variable = format!("{LOCK_ID_VARIABLE}={lock_id}");
        let refused = std::cell::Cell::new(false);
        let found = self.found(|pid| match self.proc_fs.has_variable(pid, &variable) {
            Ok(has) => has,
            Err(error) => {
                // The first process of a machine or container was there before any holder.
                refused.set(refused.get() || (pid != 1 && !is_absent(&error)));
                false
            }
        });
        // Who has the holder's name may look at what the holder started.
        let may_be_more = holder.user != self.who.user && (!self.is_root || refused.get());
        match found {
            Ok(found) => Offspring { found, may_be_more },
            Err(_) => Offspring { found: Vec::new(), may_be_more: true },
        }
    }

    fn clients(&self) -> ClientsSeen {
        let machine = match self.proc_fs.machine() {
            Ok(machine) => machine,
            Err(why) => return ClientsSeen::Unknown { why },
        };
        let is_client = |pid| self.proc_fs.name(pid).is_some_and(|name| is_client(&name));
        let found = match self.found(is_client) {
            Ok(found) => found,
            Err(error) => return ClientsSeen::Unknown { why: error.to_string() },
        };
        let may_be_more = if machine.pid_namespace != PID_NAMESPACE_OF_THE_MACHINE {
            Some("this is a container, which shows only its own processes".to_owned())
        } else if self.proc_fs.stat(1).is_err() {
            Some("this user is not shown the processes of others".to_owned())
        } else {
            None
        };
        ClientsSeen::Seen { found, may_be_more }
    }
}

/// Whether the entry of a process was not there, or went away while it was read.
fn is_absent(error: &io::Error) -> bool {
    let has_ended = error.raw_os_error() == Some(Errno::SRCH.raw_os_error());
    has_ended || error.kind() == io::ErrorKind::NotFound
}

/// The signal that does nothing reaches whoever exists, or is refused for those of other users.
fn kill_nothing(pid: u32) -> Presence {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Presence::Unknown;
    };
    match test_kill_process(pid) {
        Ok(()) | Err(Errno::PERM) => Presence::Present,
        Err(Errno::SRCH) => Presence::Missing,
        Err(_) => Presence::Unknown,
    }
}

/// Whether a process name is that of terraform or tofu, also as version managers name them. Their
/// providers (`terraform-provi…`) and editors' language servers hold no lock.
pub(super) fn is_client(name: &str) -> bool {
    ["terraform", "tofu"].iter().any(|client| {
        name.strip_prefix(client).is_some_and(|rest| {
            let mut rest = rest.chars();
            match rest.next() {
                None => true,
                Some('_' | '-') => rest.next().is_some_and(|c| c.is_ascii_digit() || c == 'v'),
                Some(other) => other.is_ascii_digit(),
            }
        })
    })
}

#[cfg(test)]
mod tests;
