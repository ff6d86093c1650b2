//! Whether the lock was free while somebody waited for it: the server forgot to wake who is next.
//!
//! Nobody knows when exactly a lock became free, but often by when it certainly was. A machine may be slow: so a
//! waiter counts as forgotten only if somebody who asked later, for the lock or to give it back, was answered
//! long before the waiter was.

use std::collections::{BTreeMap, BTreeSet};

use statelock_protocol::lock::unified::Facet;

use super::line::{end, may_have_happened};
use super::operation::{Action, Claim, Naming, Operation, Outcome};
use super::order::{Waiter, acquires, waiters};
use super::table::table;

/// So much later than the waiter, and than the lock became free, must another one have asked.
const LATER_MICROS: u64 = 20_000;
/// So long after a client went away it is granted nothing more.
const GONE_MICROS: u64 = 200_000;
/// So long before the waiter must it have been answered.
const SOONER_MICROS: u64 = 400_000;

/// Who was forgotten, with a table.
pub(super) fn forgotten(history: &[Operation]) -> Option<String> {
    let acquires = acquires(history);
    waiters(&acquires).find_map(|waiter| {
        let free_from = free_from(&waiter, history)?;
        let from = free_from.max(waiter.held.sent_micros?).saturating_add(LATER_MICROS);
        let until = end(waiter.held).saturating_sub(SOONER_MICROS);
        let sooner = history.iter().find(|one| {
            changes_locks(&one.action)
                && one.outcome.is_known()
                && one.outcome != Outcome::NotSent
                && one.client != waiter.held.client
                && one.start_micros > from
                && end(one) < until
        })?;
        let rows = [waiter.refused.clone(), waiter.held.clone(), sooner.clone()];
        Some(format!(
            "{}{} waited, and the lock was certainly free from {}.{:03} ms on\n",
            table(&rows),
            waiter.lock,
            free_from / 1000,
            free_from % 1000
        ))
    })
}

/// Whether the server answers this only after it wrote, or could have.
fn changes_locks(action: &Action) -> bool {
    match action {
        Action::Acquire { .. } | Action::Release { .. } | Action::ForceUnlock => true,
        Action::Look { .. }
        | Action::Read { .. }
        | Action::ReadDigest
        | Action::Write { .. }
        | Action::Delete { .. } => false,
    }
}

/// From when on nobody but the waiter can have held the lock, until it was answered.
fn free_from(waiter: &Waiter<'_>, history: &[Operation]) -> Option<u64> {
    let mut last: BTreeMap<&str, Last> = BTreeMap::new();
    for one in history {
        let Action::Acquire { facet, lock, .. } = &one.action else { continue };
        if may_have_happened(one) && one.start_micros < end(waiter.held) && lock != waiter.lock {
            let last = last.entry(lock).or_default();
            last.facets.insert(*facet);
            last.asked_until = last.asked_until.max(asks_until(one));
        }
    }
    let mut free_from = 0;
    for (lock, last) in &last {
        free_from = free_from.max(gone_by(lock, last, history)?);
    }
    Some(free_from)
}

/// Until when the server may grant this: it notices that a client went away.
fn asks_until(acquire: &Operation) -> u64 {
    let gone = acquire.gave_up_micros.map(|at| at.saturating_add(GONE_MICROS));
    end(acquire).min(gone.unwrap_or(u64::MAX))
}

/// How a lock ID was asked for.
#[derive(Default)]
struct Last {
    facets: BTreeSet<Facet>,
    /// It cannot have been granted later.
    asked_until: u64,
}

/// By when this lock certainly was gone for good, if that is certain at all.
fn gone_by(lock: &str, last: &Last, history: &[Operation]) -> Option<u64> {
    let frees = |one: &&Operation| {
        one.outcome == Outcome::Done
            && one.start_micros > last.asked_until
            && match &one.action {
                Action::Acquire { lock: other, .. } => other != lock,
                Action::Release { lock: of, facet, naming, .. } => {
                    let is_all = last.facets.len() == 1 || !last.facets.contains(facet);
                    of == lock && is_all && *naming != Naming::Blind
                }
                Action::ForceUnlock => true,
                Action::Look { .. }
                | Action::Read { .. }
                | Action::ReadDigest
                | Action::Write { .. }
                | Action::Delete { .. } => false,
            }
    };
    // The rest of a lock of two facets is not shown through the one that was given back.
    let is_seen_free = |one: &&Operation| {
        let says = one.shown.as_ref().and_then(|shown| shown.says);
        let nobody = one.outcome == Outcome::Holder(None) || says == Some(Claim::IsNext);
        nobody && last.facets.len() == 1 && one.start_micros > last.asked_until
    };
    let frees = |one: &&Operation| frees(one) || is_seen_free(one);
    history.iter().filter(frees).map(end).min()
}
