//! The processes of this machine, as evidence.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::evidence::{
    Activity, ClientsSeen, Machine, Offspring, ProcessSeen, SeenProcess,
};
use statelock_protocol::lock::stamp::ProcessMark;

use super::proc_fs::{PID_NAMESPACE_OF_THE_MACHINE, ProcFs, Stat};
use super::worker::Worker;
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
    pub(super) fn of_this_machine() -> Self {
        Self { proc_fs: ProcFs::of_this_machine(), probe: kill_nothing }
    }

    /// The processes that carry a lock's ID. Looks again before it says that there is none: one may have
    /// handed on its work to a new one, and ended, between the list and the look.
    fn carrying(&self, lock_id: &LockId, unreadable: impl Fn(u32)) -> io::Result<Vec<SeenProcess>> {
        let variable = format!("{LOCK_ID_VARIABLE}={lock_id}");
        let look = || {
            self.found(|pid| match self.proc_fs.has_variable(pid, &variable) {
                Ok(has) => has,
                Err(error) => {
                    if !is_absent(&error) {
                        unreadable(pid);
                    }
                    false
                }
            })
        };
        let found = look()?;
        if found.is_empty() { look() } else { Ok(found) }
    }

    /// Whether a process that may not be looked at can have been started by one that started at `ticks`.
    fn may_descend_from(&self, pid: u32, ticks: u64) -> bool {
        match self.proc_fs.stat(pid) {
            // The first process of a machine or container was there before any holder.
            Ok(stat) => {
                let is_later = pid != 1 && stat.started_ticks >= ticks;
                is_later && !stat.is_kernel && stat.activity != Activity::Ended
            }
            Err(error) => !is_absent(&error),
        }
    }

    /// Those that work under a lock of this process.
    pub(super) fn under(&self, lock_id: &LockId) -> Vec<Worker> {
        let worker = |SeenProcess { pid, name }| Worker {
            parent: self.proc_fs.stat(pid).ok().map(|stat| stat.parent),
            pid,
            name,
        };
        let found = self.carrying(lock_id, |_| {}).unwrap_or_default();
        found.into_iter().map(worker).collect()
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

    fn offspring(&self, lock_id: &LockId, holder: &ProcessMark) -> Offspring {
        // Whose name the holder had tells nothing: what it started may have changed its user.
        let refused = std::cell::Cell::new(false);
        let found = self.carrying(lock_id, |pid| {
            refused.set(refused.get() || self.may_descend_from(pid, holder.started_ticks));
        });
        let may_be_more = refused.get() || self.proc_fs.hides_processes();
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
