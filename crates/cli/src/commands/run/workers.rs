//! Everything that works under the lock: told to stop one by one, where no process group is the command's
//! alone.
//!
//! Limitations: on Linux only, and as far as this user may look. A process that has dropped the lock's ID
//! from its environment has dropped `-lock=false` with it, and finds the lock.

use std::collections::BTreeSet;

use rustix::process::{Pid, Signal, kill_process};
use statelock_protocol::lock::LockId;

use crate::evidence::{self, Worker};

/// The processes under one lock, and which of them know that they are to stop.
#[derive(Debug)]
pub(super) struct Workers {
    lock: LockId,
    /// Where a `run` around this one has the same lock: only what is below this process is ours.
    below: Option<u32>,
    told: BTreeSet<u32>,
}

impl Workers {
    /// All of a lock of this process.
    pub(super) fn of(lock: &LockId) -> Self {
        Self { lock: lock.clone(), below: None, told: BTreeSet::new() }
    }

    /// What `root` has started, and itself, under a lock that is held around it.
    pub(super) fn below(lock: &LockId, root: Option<u32>) -> Self {
        Self { below: Some(root.unwrap_or_default()), ..Self::of(lock) }
    }

    /// Those that run now and are waited for.
    pub(super) fn left(&self) -> Vec<Worker> {
        self.now().into_iter().filter(|worker| !worker.is_harmless()).collect()
    }

    fn now(&self) -> Vec<Worker> {
        let workers = evidence::under(&self.lock);
        match self.below {
            Some(root) => descending(workers, root),
            None => workers,
        }
    }

    /// Those that run now know it from elsewhere.
    pub(super) fn are_told(&mut self) {
        let now = self.now();
        self.told.extend(now.into_iter().map(|worker| worker.pid));
    }

    /// Sends a signal to each of them, and to `child`, which nobody may look at if it has changed its user.
    pub(super) fn send(&mut self, signal: Signal, child: Option<Pid>) {
        let now = self.now();
        let child =
            child.map(|pid| pid.as_raw_nonzero().get()).and_then(|pid| u32::try_from(pid).ok());
        let unseen = child.filter(|child| now.iter().all(|worker| worker.pid != *child));
        if let Some(pid) = unseen {
            send(pid, signal);
        }
        self.send_to(&now, signal);
    }

    /// Sends SIGINT to those that do not know it yet.
    pub(super) fn tell_the_untold(&mut self) {
        let untold = self.untold(|_| true);
        self.send_to(&untold, Signal::INT);
    }

    /// Sends SIGINT to every Terraform that was started since the others were told: a shell may go on with its
    /// next line. Says which.
    pub(super) fn tell_new_clients(&mut self) -> Vec<Worker> {
        let new = self.untold(Worker::is_client);
        self.send_to(&new, Signal::INT);
        new
    }

    fn untold(&self, is_meant: impl Fn(&Worker) -> bool) -> Vec<Worker> {
        let mut now = self.now();
        now.retain(|worker| !self.told.contains(&worker.pid) && is_meant(worker));
        now
    }

    fn send_to(&mut self, workers: &[Worker], signal: Signal) {
        for (pid, signal) in signals(workers, signal) {
            send(pid, signal);
        }
        self.told.extend(workers.iter().map(|worker| worker.pid));
    }
}

/// Who gets which signal. Nobody gets one twice: a second SIGINT makes Terraform give up its state. Another
/// `run` below ours hands on what it gets, so it gets one only if what it runs works under another lock, and
/// is not reached from here; and SIGTERM, because on a terminal it takes SIGINT for Ctrl-C, which has reached
/// everybody.
fn signals(workers: &[Worker], signal: Signal) -> Vec<(u32, Signal)> {
    let has_child = |pid| workers.iter().any(|other| other.parent == Some(pid));
    let chosen = |worker: &Worker| match (worker.is_statelock(), has_child(worker.pid)) {
        (false, _) => Some((worker.pid, signal)),
        (true, false) => Some((worker.pid, Signal::TERM)),
        (true, true) => None,
    };
    workers.iter().filter_map(chosen).collect()
}

fn send(pid: u32, signal: Signal) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    // It may have ended meanwhile.
    kill_process(pid, signal).unwrap_or_default();
}

/// Those that come from `root`, by their parents, and `root`.
fn descending(workers: Vec<Worker>, root: u32) -> Vec<Worker> {
    let mut family = BTreeSet::from([root]);
    loop {
        let is_child = |worker: &&Worker| worker.parent.is_some_and(|pid| family.contains(&pid));
        let children: Vec<_> = workers.iter().filter(is_child).map(|worker| worker.pid).collect();
        let before = family.len();
        family.extend(children);
        if family.len() == before {
            break;
        }
    }
    workers.into_iter().filter(|worker| family.contains(&worker.pid)).collect()
}

/// At most eight of them, for a line.
pub(super) fn named(workers: &[Worker]) -> String {
    const SHOWN: usize = 8;
    let name =
        |worker: &Worker| format!("{} ({})", worker.pid, crate::output::printable(&worker.name));
    let mut names: Vec<_> = workers.iter().take(SHOWN).map(name).collect();
    if workers.len() > SHOWN {
        names.push(format!("and {} more", workers.len() - SHOWN));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(pid: u32, parent: u32, name: &str) -> Worker {
        Worker { pid, parent: Some(parent), name: name.to_owned() }
    }

    #[test]
    fn each_worker_gets_a_signal_once() {
        let workers = [worker(5, 1, "sh"), worker(6, 5, "terraform"), worker(7, 1, "terragrunt")];
        let sent = [(5, Signal::INT), (6, Signal::INT), (7, Signal::INT)];
        assert_eq!(signals(&workers, Signal::INT), sent);
    }

    #[test]
    fn what_a_run_below_hands_on_is_not_sent_past_it_too() {
        // Its command works under our lock, and is told by us.
        let same = [worker(5, 1, "statelock"), worker(6, 5, "terraform")];
        assert_eq!(signals(&same, Signal::INT), [(6, Signal::INT)]);
        // Its command works under another lock: only it can tell.
        let other = [worker(4, 1, "sh"), worker(5, 4, "statelock")];
        assert_eq!(signals(&other, Signal::INT), [(4, Signal::INT), (5, Signal::TERM)]);
        assert_eq!(signals(&other, Signal::KILL), [(4, Signal::KILL), (5, Signal::TERM)]);
    }

    #[test]
    fn below_a_run_is_what_comes_from_its_command() {
        let workers = vec![
            worker(9, 8, "terraform"),
            worker(2, 1, "sh"),
            worker(5, 2, "statelock"),
            worker(7, 5, "sh"),
            worker(8, 7, "terragrunt"),
            worker(10, 2, "terraform"),
        ];
        let pids: Vec<_> = descending(workers, 7).iter().map(|worker| worker.pid).collect();
        assert_eq!(pids, [9, 7, 8]);
    }

    #[test]
    fn a_line_names_eight_workers() {
        let many: Vec<_> = (1..=10).map(|pid| worker(pid, 1, "a")).collect();
        assert!(named(&many).ends_with("8 (a), and 2 more"), "{}", named(&many));
        assert_eq!(named(&many[..2]), "1 (a), 2 (a)");
    }
}
