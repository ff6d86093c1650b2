//! Terraform processes that still work under the lock after the command has ended: one that a script
//! put into the background, or whose parent was killed. The lock is not released under them.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::evidence::SeenProcess;
use tokio::time::interval;

use super::stopping::{Sent, Stopping, Wish};
use crate::backend::StopSignals;
use crate::evidence;
use crate::output;

/// How often it is looked whether they have ended: they are nobody's children that could be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often other processes are given time: a shell in the background may be about to become Terraform. Daemons
/// are not waited for.
const LOOKS_AT_OTHERS: u32 = 5;

/// Waits until no Terraform or OpenTofu of this lock runs any more, and hands on what asks them to stop.
///
/// `is_untold`: the command was killed and no signal has reached its group, so they do not know that they are
/// to stop. A second SIGINT would make Terraform give up its state, so who may have got one gets no other
/// unless somebody asks. With `forwards` off, whoever signals us signals them.
pub(super) async fn wait_for(
    lock: &LockId,
    signals: &mut StopSignals,
    (is_untold, forwards): (bool, bool),
) {
    let mut looks = interval(LOOK_EVERY);
    let mut stopping = Stopping::default();
    let mut is_told = false;
    let mut others_seen = 0;
    loop {
        let evidence::UnderLock { clients: left, has_others } = evidence::under(lock);
        if left.is_empty() {
            if is_told || !has_others || others_seen == LOOKS_AT_OTHERS {
                return;
            }
            others_seen += 1;
            looks.tick().await;
            continue;
        }
        if !is_told {
            is_told = true;
            output::warning(&format!(
                "the command has ended, but what it started still works under the lock: {}; waiting for it",
                named(&left)
            ));
            if is_untold {
                hand_on(stopping.wish(Wish::Terminate), &left);
            }
        }
        tokio::select! {
            _ = looks.tick() => {}
            caught = signals.next() => {
                if forwards {
                    hand_on(stopping.wish(caught.into()), &left);
                }
            }
        }
    }
}

fn hand_on(sent: Sent, processes: &[SeenProcess]) {
    let signal = match sent {
        Sent::Nothing => return,
        Sent::Interrupt => Signal::INT,
        Sent::Kill => Signal::KILL,
    };
    let pids = processes.iter().filter_map(|process| i32::try_from(process.pid).ok());
    for pid in pids.filter_map(Pid::from_raw) {
        // It may have ended meanwhile.
        kill_process(pid, signal).unwrap_or_default();
    }
}

fn named(processes: &[SeenProcess]) -> String {
    let name = |process: &SeenProcess| format!("{} ({})", process.pid, process.name);
    processes.iter().map(name).collect::<Vec<_>>().join(", ")
}
