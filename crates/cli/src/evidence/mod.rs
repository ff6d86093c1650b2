//! Evidence of life: looks whether the holder of a lock is still there, and says who holds ours.
//!
//! What is seen is judged in `statelock_protocol::lock::evidence`. Nothing here fails a verb: what
//! could not be seen is an unknown with its reason. Looking at processes takes milliseconds; asking a
//! CI blocks for ten seconds at most, so it is done only where processes tell nothing.

mod ci;
mod proc_fs;
mod processes;
mod run_environment;
mod who;
mod worker;

use statelock_client::Claim;
use statelock_protocol::lock::evidence::{
    ClientsSeen, Evidence, Here, Life, Machine, Observations, Offspring, ProcessSeen, RunSeen, Who,
    judge,
};
use statelock_protocol::lock::stamp::{ProcessMark, Reason, RunUrl};
use statelock_protocol::lock::{LockId, LockInfo, Stamp};
use statelock_server::SystemClock;
use statelock_server::engine::Clock as _;

use who::who;
pub(crate) use worker::Worker;

use ci::Ci;
use processes::Processes;

/// The variable by which the processes that hold a lock, or work under it, can be found: a verb that
/// runs a command under a lock sets it to the lock ID for that command.
pub(crate) const LOCK_ID_VARIABLE: &str = "STATELOCK_LOCK_ID";

/// Sees processes.
pub(crate) trait ProcessObserver {
    /// Where the observer is, or why that cannot be told.
    fn machine(&self) -> Result<Machine, String>;

    /// What has the process id of a mark. Only meaningful on the mark's machine.
    fn look(&self, mark: &ProcessMark) -> ProcessSeen;

    /// What the holder of a lock has started and still runs.
    fn offspring(&self, lock_id: &LockId, holder: &ProcessMark) -> Offspring;

    /// Which Terraform and OpenTofu processes run.
    fn clients(&self) -> ClientsSeen;
}

/// Asks about CI runs.
pub(crate) trait RunObserver {
    /// What the run's CI says of it.
    fn look(&self, run: &RunUrl) -> RunSeen;
}

/// Who looks.
pub(crate) struct Observers {
    who: Who,
    unix_seconds: i64,
    processes: Box<dyn ProcessObserver>,
    runs: Box<dyn RunObserver>,
}

impl Observers {
    /// Those of this process and its environment.
    pub(crate) fn of_this_process() -> Self {
        let who = who();
        let seconds = SystemClock.now_micros() / 1_000_000;
        Self {
            processes: Box::new(Processes::of_this_machine()),
            runs: Box::new(Ci::from_environment(&variable)),
            unix_seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
            who,
        }
    }
}

/// Whether the holder of a lock lives. Blocks for ten seconds at most.
pub(crate) fn of(info: &LockInfo, observers: &Observers) -> Evidence {
    let stamp = Stamp::read(&info.info);
    let holder = Who::parse(&info.who);
    let Observers { who, unix_seconds, processes, runs } = observers;
    let machine = processes.machine();
    let here = Here { who: who.clone(), machine, unix_seconds: *unix_seconds };
    let mut seen = Observations::nothing(here);
    if let Some(mark) = stamp.process.as_ref().filter(|mark| is_of(mark, &seen.here)) {
        seen.process = processes.look(mark);
        seen.offspring = processes.offspring(&info.id, mark);
    }
    if stamp.process.is_none() && stamp.run.is_none() && holder.is_host_of(who) {
        seen.clients = processes.clients();
    }
    let evidence = judge(info, &stamp, &seen);
    match (&evidence.life, &stamp.run) {
        (Life::Unknown { .. }, Some(run)) => {
            judge(info, &stamp, &Observations { run: runs.look(run), ..seen })
        }
        (Life::Unknown { .. } | Life::Alive { .. } | Life::Dead { .. }, _) => evidence,
    }
}

/// Whether a process can be seen from here.
fn is_of(mark: &ProcessMark, here: &Here) -> bool {
    here.machine.as_ref().is_ok_and(|machine| {
        machine.boot_id == mark.boot_id && machine.pid_namespace == mark.pid_namespace
    })
}

/// The processes that work under a lock of this process, as far as this user may look at them.
pub(crate) fn under(lock_id: &LockId) -> Vec<Worker> {
    Processes::of_this_machine().under(lock_id)
}

/// What a lock lives and dies with: what is gone if the lock was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifeline {
    /// This process, and the CI run in which it is: it keeps the lock while it runs, and releases it.
    Process,
    /// The CI run, if there is one: this process ends, and a later step releases the lock.
    Run,
}

/// What a lock of this process says about who takes it, and why.
pub(crate) fn claim(operation: &str, reason: Option<Reason>, lifeline: Lifeline) -> Claim {
    Claim {
        operation: operation.to_owned(),
        info: stamp_of_this_run(reason, lifeline).to_string(),
        who: who().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The stamp for a lock that this process takes. What cannot be told is left out.
fn stamp_of_this_run(reason: Option<Reason>, lifeline: Lifeline) -> Stamp {
    let run = || run_environment::run_url(&variable);
    match lifeline {
        Lifeline::Process => Stamp { reason, run: run(), process: processes::own_mark() },
        Lifeline::Run => Stamp { reason, run: run(), process: None },
    }
}

/// A variable of this process's environment; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
