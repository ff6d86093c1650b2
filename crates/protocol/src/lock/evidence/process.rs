//! What the process that a stamp names says about the holder.

use super::observed::{Activity, Machine, Observations, Offspring, ProcessSeen, SeenProcess, Who};
use super::{Finding, Says, Source};
use crate::lock::stamp::ProcessMark;

/// Judges one process. `holder` is who the lock info names.
pub(super) fn finding(mark: &ProcessMark, holder: &Who, seen: &Observations) -> Finding {
    let (says, text) = match &seen.here.machine {
        Err(why) => (Says::Unknown, format!("process {}: {why}", mark.pid)),
        Ok(machine) => match elsewhere(mark, machine, holder, &seen.here.who) {
            Some(text) => (Says::Unknown, text),
            None => here(mark, seen),
        },
    };
    Finding::new(Source::Process, says, &text)
}

/// Why a process cannot be seen from `machine`, if it cannot.
fn elsewhere(
    mark: &ProcessMark,
    machine: &Machine,
    holder: &Who,
    observer: &Who,
) -> Option<String> {
    let ProcessMark { pid, pid_namespace, boot_id, .. } = mark;
    if *boot_id != machine.boot_id {
        let host = &holder.host;
        // A name proves nothing: images are cloned, and names are used again.
        return Some(if holder.is_host_of(observer) {
            format!(
                "process {pid}: host {host} has another boot id now: it restarted, or is another \
                 machine by that name"
            )
        } else if host.is_empty() {
            format!("process {pid} is on another machine; it can be seen only there")
        } else {
            format!("process {pid} is on another machine, {host}; it can be seen only there")
        });
    }
    (*pid_namespace != machine.pid_namespace).then(|| {
        format!("process {pid} is on this machine, in another container; it can be seen only there")
    })
}

/// What was seen where the process runs, or ran.
fn here(mark: &ProcessMark, seen: &Observations) -> (Says, String) {
    let pid = mark.pid;
    let why_ended = match &seen.process {
        ProcessSeen::Found { started_ticks, activity } if *started_ticks == mark.started_ticks => {
            match activity {
                Activity::Running => {
                    return (Says::Alive, format!("process {pid} runs on this machine"));
                }
                Activity::Suspended => {
                    let text = "is suspended on this machine and can go on";
                    return (Says::Alive, format!("process {pid} {text}"));
                }
                Activity::Ended => "only its exit code is left",
            }
        }
        ProcessSeen::Found { .. } => "a later one has its id now",
        ProcessSeen::Missing => "there is none with that id",
        ProcessSeen::Hidden { why } => return (Says::Unknown, format!("process {pid}: {why}")),
        ProcessSeen::NotLookedFor => {
            return (Says::Unknown, format!("process {pid}: nobody looked"));
        }
    };
    ended(pid, why_ended, &seen.offspring)
}

/// The holder has ended; what it started may go on with the holder's work.
fn ended(pid: u32, why: &str, offspring: &Offspring) -> (Says, String) {
    let text = format!("process {pid} of this machine has ended: {why}");
    match (offspring.found.as_slice(), offspring.may_be_more) {
        ([], false) => (Says::Dead, text),
        ([], true) => (
            Says::Unknown,
            format!("{text}; whether what it started still runs, this user may not see"),
        ),
        (found, _) => (
            Says::Alive,
            format!("process {pid} has ended, but what it started still runs: {}", list(found)),
        ),
    }
}

/// At most eight of them, for a line.
pub(super) fn list(processes: &[SeenProcess]) -> String {
    const SHOWN: usize = 8;
    let label = |SeenProcess { pid, name }: &SeenProcess| format!("{pid} ({name})");
    let mut names: Vec<_> = processes.iter().take(SHOWN).map(label).collect();
    if processes.len() > SHOWN {
        names.push(format!("and {} more", processes.len() - SHOWN));
    }
    names.join(", ")
}
