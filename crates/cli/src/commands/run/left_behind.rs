//! What still runs under the lock after the command has ended: what a script put into the background, or whose
//! parent was killed. The lock is not released under it.
//!
//! It need not be Terraform: a shell or terragrunt starts the next one when it likes. So everything that
//! carries the lock's ID is waited for, except what is known never to start one.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, interval};

use super::child::Child;
use super::stopping::{Sent, Stopping, Wish};
use super::workers::named;
use crate::backend::{StopSignal, StopSignals};
use crate::output;

/// How often it is looked whether they have ended: they are nobody's children that could be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often it is told that there are some still.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// How the command has left them.
#[derive(Clone, Debug)]
pub(super) struct Left {
    /// Whether a signal has ended it, so that what it started may know nothing.
    pub(super) was_killed: bool,
    /// Whether it was told to stop because the lock is lost: no Terraform may begin any more.
    pub(super) is_over: bool,
    /// What it was told so far: the same wish from two sides is one still.
    pub(super) stopping: Stopping,
    /// Whether signals to us are for them too: else whoever sends them sends them to both.
    pub(super) forwards: bool,
}

/// Waits until nothing of this lock runs any more, and hands on what asks it to stop.
///
/// A second SIGINT would make Terraform give up its state, so who got one gets no other unless somebody asks.
pub(super) async fn wait_for(child: &mut Child, signals: &mut StopSignals, mut how: Left) {
    let mut looks = interval(LOOK_EVERY);
    let begun = Instant::now();
    let mut told: Option<Instant> = None;
    loop {
        let left = child.workers.left();
        if left.is_empty() {
            return;
        }
        if told.is_none() && how.was_killed && how.forwards {
            child.workers.tell_the_untold();
        }
        // Where nobody was killed, not at the first look: what was just forked has its parent's name until it
        // becomes another program.
        let is_due = told.map_or_else(
            || how.was_killed || begun.elapsed() >= LOOK_EVERY,
            |told| told.elapsed() >= TELL_EVERY,
        );
        if is_due {
            tell(&named(&left), told.map(|_| begun.elapsed()), how.forwards);
            told = Some(Instant::now());
        }
        if how.is_over {
            child.tell_new_clients();
        }
        tokio::select! {
            _ = looks.tick() => {}
            caught = signals.next() => {
                let wish = Wish::of(caught, how.forwards, child.shares_keyboard());
                hand_on(caught, how.stopping.wish(wish), child);
            }
        }
    }
}

fn hand_on(caught: StopSignal, sent: Sent, child: &mut Child) {
    match sent {
        Sent::Nothing => {}
        Sent::Interrupt => {
            output::note(&format!(
                "{caught}: what works under the lock is told to stop, with SIGINT"
            ));
            child.workers.send(Signal::INT, None);
        }
        Sent::Kill => {
            output::warning(&format!("{caught} again: what works under the lock is killed"));
            child.workers.send(Signal::KILL, None);
        }
    }
}

fn tell(left: &str, waited: Option<Duration>, forwards: bool) {
    let Some(waited) = waited else {
        let end = if forwards {
            ". SIGTERM to statelock tells it to stop, a third one kills it"
        } else {
            ""
        };
        return output::warning(&format!(
            "the command has ended, but what it started still works under the lock: {left}; waiting for \
             it, because it may be Terraform or start one{end}"
        ));
    };
    let waited = waited.as_secs();
    output::note(&format!(
        "still waiting, for {waited} s now, for what works under the lock: {left}"
    ));
}
