//! Looks after the command: hands on what asks it to stop, watches the lock, and waits for the end.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, Interval, interval, sleep_until};

use super::OnLost;
use super::child::{Child, shell_code};
use super::stopping::{Sent, Stopping, Wish};
use super::watch::{Seen, Watch};
use crate::backend::{StopSignal, StopSignals};
use crate::output;

/// How often, once the lock is lost, it is looked whether the command starts another Terraform.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How the command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandEnd {
    /// The exit code of a shell for it.
    pub(super) code: u8,
    /// Whether the lock was lost meanwhile.
    pub(super) is_lock_lost: bool,
    /// Whether a signal ended it, so that what it started may know nothing.
    pub(super) was_killed: bool,
    /// What it was told.
    pub(super) stopping: Stopping,
}

/// Everything that there is to look after.
pub(super) struct Supervisor<'a> {
    pub(super) child: &'a mut Child,
    pub(super) signals: &'a mut StopSignals,
    /// `None` where somebody else watches.
    pub(super) watch: Option<Watch<'a>>,
    pub(super) on_lost: OnLost,
    pub(super) kill_after: Option<Duration>,
    /// Whether signals to us are for the command too: else whoever sends them sends them to both.
    pub(super) forwards: bool,
    pub(super) stopping: Stopping,
}

enum Happened {
    Ended(std::io::Result<std::process::ExitStatus>),
    Caught(StopSignal),
    Watched(Seen),
    TimeIsUp,
    LooksAgain,
}

impl Supervisor<'_> {
    /// Until the command has ended.
    pub(super) async fn run(&mut self) -> CommandEnd {
        let mut is_lock_lost = false;
        let mut kill_at = None;
        let mut looks = None;
        loop {
            match self.happens(kill_at, looks.as_mut()).await {
                Happened::Ended(Ok(status)) => {
                    if status.signal() == Some(Signal::INT.as_raw()) && self.child.shares_keyboard()
                    {
                        // Ctrl-C, which has reached all, may be seen here only after its effect.
                        self.child.workers.are_told();
                    }
                    return CommandEnd {
                        code: shell_code(status),
                        is_lock_lost,
                        was_killed: status.signal().is_some(),
                        stopping: self.stopping.clone(),
                    };
                }
                Happened::Ended(Err(error)) => {
                    output::warning(&format!("how the command ended cannot be told: {error}"));
                    let stopping = self.stopping.clone();
                    return CommandEnd { code: 1, is_lock_lost, was_killed: false, stopping };
                }
                Happened::Caught(caught) => self.caught(caught),
                Happened::Watched(seen) => {
                    is_lock_lost |= self.watched(seen);
                    let is_over = is_lock_lost && self.on_lost == OnLost::Stop;
                    looks = is_over.then(|| interval(LOOK_EVERY));
                }
                // A shell whose Terraform has stopped in order goes on with its next line.
                Happened::LooksAgain => self.child.tell_new_clients(),
                Happened::TimeIsUp => {
                    output::warning("the command has not stopped in time: it is killed");
                    self.child.send(Signal::KILL);
                    self.kill_after = None;
                }
            }
            if self.stopping.has_begun() && kill_at.is_none() {
                let after = self.kill_after;
                kill_at = after.and_then(|after| Instant::now().checked_add(after));
            }
        }
    }

    async fn happens(
        &mut self,
        kill_at: Option<Instant>,
        looks: Option<&mut Interval>,
    ) -> Happened {
        let kill_at = kill_at.filter(|_| self.kill_after.is_some());
        tokio::select! {
            biased;
            ended = self.child.wait() => Happened::Ended(ended),
            caught = self.signals.next() => Happened::Caught(caught),
            seen = next_of(self.watch.as_mut()) => Happened::Watched(seen),
            () = at(kill_at) => Happened::TimeIsUp,
            () = tick_of(looks) => Happened::LooksAgain,
        }
    }

    fn caught(&mut self, caught: StopSignal) {
        let wish = Wish::of(caught, self.forwards, self.child.shares_keyboard());
        if wish == Wish::Keyboard {
            self.child.workers.are_told();
        }
        match self.wish(wish) {
            Sent::Interrupt => output::note(&format!(
                "{caught}: the command is told to stop, with SIGINT; its lock is kept until it has"
            )),
            Sent::Kill => output::warning(&format!("{caught} again: the command is killed")),
            Sent::Nothing if wish == Wish::Keyboard => {}
            Sent::Nothing => output::note(&format!("{caught}: the command is stopping already")),
        }
    }

    /// Tells what was seen; whether the lock is lost.
    fn watched(&mut self, seen: Seen) -> bool {
        match seen {
            Seen::Silent(why) => {
                output::warning(&format!(
                    "for a minute the store could not be asked whether the lock still stands: {why}"
                ));
                false
            }
            Seen::ThereAgain => {
                output::note("the store answers again, and the lock stands");
                false
            }
            Seen::Lost(there) => {
                let goes_on = match self.on_lost {
                    OnLost::Stop => {
                        self.wish(Wish::LockLost);
                        "the command is told to stop, with SIGINT"
                    }
                    OnLost::Warn => "the command goes on, as --on-lost warn says",
                };
                output::warning(&format!(
                    "somebody removed the lock while the command runs ({there}); {goes_on}"
                ));
                true
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Sent {
        let sent = self.stopping.wish(wish);
        match sent {
            Sent::Nothing => {}
            Sent::Interrupt => self.child.send(Signal::INT),
            Sent::Kill => self.child.send(Signal::KILL),
        }
        sent
    }
}

async fn next_of(watch: Option<&mut Watch<'_>>) -> Seen {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}

async fn tick_of(looks: Option<&mut Interval>) {
    match looks {
        Some(looks) => {
            looks.tick().await;
        }
        None => std::future::pending().await,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
