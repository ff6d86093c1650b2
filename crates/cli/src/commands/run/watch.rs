//! Watches that the lock is still ours while the command runs.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use statelock_client::protocol::lock::steps::{Looked, Place};
use statelock_client::{LockHandle, Standing};
use tokio::time::{Instant, sleep, sleep_until};

/// How long the stores may stay silent before that is told.
const SILENCE: Duration = Duration::from_mins(1);
/// How long after a look that shows the lock gone the second one is made, which has to agree.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// What a watch has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The lock is gone, or another's: what is there now, in words. Nothing more is told after that.
    Lost(String),
    /// For a minute now nobody could be asked.
    Silent(String),
    /// After that, the lock is there.
    ThereAgain,
}

type Look<'a> = Pin<Box<dyn Future<Output = Standing> + 'a>>;

/// The watch over one lock.
pub(super) struct Watch<'a> {
    lock: &'a LockHandle,
    every: Duration,
    next: Instant,
    look: Option<Look<'a>>,
    silence: Silence,
    is_over: bool,
}

#[derive(Default)]
struct Silence {
    since: Option<Instant>,
    is_told: bool,
}

impl<'a> Watch<'a> {
    /// Looks every so often, give or take a fifth, so that many runs do not ask together.
    pub(super) fn over(lock: &'a LockHandle, every: Duration) -> Self {
        let next = Instant::now() + jittered(every);
        Self { lock, every, next, look: None, silence: Silence::default(), is_over: false }
    }

    /// Waits for something to tell. May be dropped and called again: a look that has begun goes on.
    pub(super) async fn next(&mut self) -> Seen {
        loop {
            if self.is_over {
                std::future::pending::<()>().await;
            }
            if self.look.is_none() {
                sleep_until(self.next).await;
            }
            let lock = self.lock;
            let begun = self.look.get_or_insert_with(|| Box::pin(standing(lock)));
            let standing = begun.as_mut().await;
            self.look = None;
            self.next = Instant::now() + jittered(self.every);
            if let Some(seen) = self.judge(standing) {
                return seen;
            }
        }
    }

    fn judge(&mut self, standing: Standing) -> Option<Seen> {
        match standing {
            Standing::Held => {
                let was_told = std::mem::take(&mut self.silence).is_told;
                was_told.then_some(Seen::ThereAgain)
            }
            Standing::Lost(places) => {
                self.is_over = true;
                Some(Seen::Lost(what_is_there(&places)))
            }
            Standing::Unknown(trouble) => {
                let since = *self.silence.since.get_or_insert_with(Instant::now);
                if self.silence.is_told || since.elapsed() < SILENCE {
                    return None;
                }
                self.silence.is_told = true;
                Some(Seen::Silent(trouble.map(|trouble| trouble.to_string()).unwrap_or_default()))
            }
        }
    }
}

/// Looks, and looks again before it says that a lock is lost.
async fn standing(lock: &LockHandle) -> Standing {
    match lock.standing().await {
        Standing::Lost(_) => {
            sleep(SECOND_LOOK).await;
            lock.standing().await
        }
        other @ (Standing::Held | Standing::Unknown(_)) => other,
    }
}

fn jittered(every: Duration) -> Duration {
    every.mul_f64(0.8 + fastrand::f64() * 0.4)
}

/// What stands where our lock stood.
fn what_is_there(places: &[(Place, Looked)]) -> String {
    let mut text = String::new();
    for (place, looked) in places {
        let between = if text.is_empty() { "" } else { "; " };
        let shown = match looked {
            Looked::Absent => "no lock".to_owned(),
            Looked::Found(lock) => match lock.info() {
                Ok(info) => {
                    let who = crate::output::printable(&info.who);
                    format!(
                        "lock {} of {who} ({})",
                        info.id,
                        crate::output::printable(&info.operation)
                    )
                }
                Err(_) => "a lock that cannot be read".to_owned(),
            },
            Looked::Refused(_) | Looked::Unknown => "no answer".to_owned(),
        };
        // Writing to a string does not fail.
        write!(text, "{between}{}: {shown}", place.facet()).unwrap_or_default();
    }
    text
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("lock", self.lock.id()).finish_non_exhaustive()
    }
}
