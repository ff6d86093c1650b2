//! What is said while the lock is waited for.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use statelock_client::protocol::lock::steps::StoredLock;
use statelock_protocol::lock::LockId;
use tokio::time::Instant;

use crate::evidence::{self, Observers};
use crate::output;

/// How often it is said again, for people and for logs.
const ON_A_TERMINAL: Duration = Duration::from_secs(30);
const IN_A_LOG: Duration = Duration::from_mins(1);

/// Says whose lock is waited for: at once, when it is another's, and from time to time.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    begun: Option<Instant>,
    told: Option<Instant>,
    holder: Option<LockId>,
}

impl Waiting {
    /// The lock was refused once more.
    pub(super) fn goes_on(&mut self, holder: Option<&StoredLock>) {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let id = holder.and_then(StoredLock::id);
        let is_new = self.told.is_none() || (id.is_some() && id != self.holder);
        let every = if stderr().is_terminal() { ON_A_TERMINAL } else { IN_A_LOG };
        if is_new {
            output::note(&format!("waiting for the lock{}", of_whom(holder)));
        } else if self.told.is_some_and(|told| now - told >= every) {
            let waited = (now - begun).as_secs();
            output::note(&format!("still waiting for the lock, for {waited} s now"));
        } else {
            return;
        }
        self.told = Some(now);
        self.holder = id.or(self.holder.take());
    }
}

fn of_whom(holder: Option<&StoredLock>) -> String {
    let Some(holder) = holder else {
        return String::new();
    };
    let Ok(info) = holder.info() else {
        return ", which cannot be read".to_owned();
    };
    let shown = output::printable;
    let life = evidence::of(&info, &Observers::of_this_process()).life;
    let (id, who, operation) = (&info.id, shown(&info.who), shown(&info.operation));
    let info =
        if info.info.is_empty() { String::new() } else { format!(": {}", shown(&info.info)) };
    format!(" {id} of {who} ({operation}{info}); its holder is {life}")
}
