//! What the model remembers of calls on lockfiles.

use crate::harness::MINUTE;

/// Calls that took effect.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Call>);

/// One of them.
#[derive(Debug)]
struct Call {
    key: String,
    id: u8,
    /// The ETag that it wrote, or nothing for a delete.
    wrote: Option<String>,
    at: u64,
}

impl Calls {
    pub(crate) fn remember_that(
        &self,
        (key, call): (&str, Option<u8>),
        wrote: Option<&String>,
        now: u64,
    ) -> bool {
        self.0.iter().any(|known| {
            known.key == key
                && Some(known.id) == call
                && known.wrote.as_ref() == wrote
                && is_recent(known.at, now)
        })
    }

    pub(crate) fn add(&mut self, (key, call): (&str, Option<u8>), wrote: Option<String>, now: u64) {
        let Some(id) = call else { return };
        self.0.retain(|known| known.key != key || is_recent(known.at, now));
        self.0.push(Call { key: key.to_owned(), id, wrote, at: now });
    }

    /// A lockfile's calls are forgotten together: one that is recent keeps the others.
    pub(crate) fn sweep(&mut self, now: u64) {
        let recent = self.0.iter().filter(|call| is_recent(call.at, now));
        let kept: Vec<_> = recent.map(|call| call.key.clone()).collect();
        self.0.retain(|call| kept.contains(&call.key));
    }
}

fn is_recent(at: u64, now: u64) -> bool {
    at + 15 * MINUTE >= now
}
