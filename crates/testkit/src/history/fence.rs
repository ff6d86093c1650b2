//! What the write guard knows of who writes through S3: `docs/operations/write-guard.md`.
//!
//! Such a writer names no lock. It is known by its connection: if that took a lock which another connection
//! removed, and a third one took the lock that holds now, then this writer does not hold it.

use std::collections::BTreeSet;

use super::line::{end, may_have_happened};
use super::operation::{Action, Naming, Operation, Outcome};

/// One connection of one client.
type Connection = (u32, u32);

/// What becomes of a writer that took a lock before, while another one holds.
pub(super) struct Fence<'a> {
    /// Whether it may be stopped: somebody else may have removed its lock.
    pub(super) may_stop: bool,
    /// The locks that certainly stop it.
    pub(super) stopped_by: Vec<&'a str>,
}

impl<'a> Fence<'a> {
    /// Of a writer that took the lock `took` on its connection.
    pub(super) fn of(write: &Operation, took: &str, history: &[&'a Operation]) -> Self {
        let takings = history.iter().filter(|one| takes(one, took) && may_have_happened(one));
        let since = takings.map(|one| one.start_micros).min().unwrap_or(0);
        let may_be_it = |one: &&Operation| end(one) >= since && may_have_removed(one, took, write);
        let removals: Vec<&Operation> = history.iter().copied().filter(may_be_it).collect();
        let own = connection(write);
        let may_stop = removals.iter().any(|one| connection(one) != own);
        // The server notes who removed and who took a lock after that happened, and before it says so.
        let is_noted =
            |one: &Operation| one.outcome == Outcome::Done && end(one) < write.start_micros;
        let removers: BTreeSet<Connection> = removals.iter().map(|one| connection(one)).collect();
        let is_certain = !removals.is_empty()
            && removals.iter().all(|one| is_noted(one))
            && !removers.contains(&own);
        if !is_certain {
            return Self { may_stop, stopped_by: Vec::new() };
        }
        let mut stopped_by = BTreeSet::new();
        let mut doubtful = BTreeSet::new();
        for one in history {
            let Action::Acquire { lock, .. } = &one.action else { continue };
            if may_have_happened(one) && lock != took {
                let taken_by_another = is_noted(one) && !removers.contains(&connection(one));
                let judged = if taken_by_another { &mut stopped_by } else { &mut doubtful };
                judged.insert(lock.as_str());
            }
        }
        Self { may_stop, stopped_by: stopped_by.difference(&doubtful).copied().collect() }
    }
}

fn takes(one: &Operation, lock: &str) -> bool {
    matches!(&one.action, Action::Acquire { lock: of, .. } if of == lock)
}

/// Whether this can be how the lock `took` ended before `write`.
fn may_have_removed(one: &Operation, took: &str, write: &Operation) -> bool {
    let is_meant = match &one.action {
        Action::ForceUnlock => true,
        Action::Release { lock, naming, .. } => lock == took || *naming == Naming::Blind,
        Action::Acquire { .. }
        | Action::Look { .. }
        | Action::Read { .. }
        | Action::ReadDigest
        | Action::Write { .. }
        | Action::Delete { .. } => false,
    };
    is_meant && may_have_happened(one) && one.start_micros <= end(write)
}

fn connection(operation: &Operation) -> Connection {
    (operation.client, operation.connection)
}
