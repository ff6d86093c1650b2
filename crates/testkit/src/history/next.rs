//! Whether somebody was shown the wrong one as next in line: `docs/operations/waiting.md`.
//!
//! Of those who are between two tries the earliest is next, and of those who wait in an open request. So who is
//! certainly between two tries is not shown while somebody stands in line who certainly came before.

use super::line::{end, may_have_happened};
use super::operation::{Action, Claim, Operation, Outcome};
use super::order::{PLACE_MICROS, acquires, is_only_attempt};
use super::table::table;

/// Who was passed over, with a table.
pub(super) fn passed_over(history: &[Operation]) -> Option<String> {
    let acquires = acquires(history);
    history.iter().find_map(|look| {
        let shown = look.shown.as_ref().filter(|shown| shown.says == Some(Claim::IsNext))?;
        if !matches!(look.action, Action::Look { .. }) {
            return None;
        }
        let of_shown = || acquires.iter().filter(|(_, lock)| *lock == shown.lock);
        // In an open request it may be next before those who are away.
        if of_shown().any(|(one, _)| one.start_micros <= end(look) && end(one) >= look.start_micros)
        {
            return None;
        }
        let came = of_shown().map(|(one, _)| one).min_by_key(|one| one.start_micros)?;
        let (refused, lock) = acquires.iter().find(|(one, lock)| {
            *lock != shown.lock
                && end(one) < came.start_micros
                && stands_in_line(one, lock, look, &acquires)
                && is_of_one_life(one, look, history)
        })?;
        let rows = [*refused, *came, look].map(Operation::clone);
        let told = format!("{lock} came before {}, which was shown as next\n", shown.lock);
        Some(format!("{}{told}", table(&rows)))
    })
}

/// Whether the lock ID that was refused so certainly had a place in line while `reader` looked.
fn stands_in_line(
    refused: &Operation,
    lock: &str,
    reader: &Operation,
    acquires: &[(&Operation, &str)],
) -> bool {
    let mut of_lock = acquires.iter().filter(|(_, of)| *of == lock);
    refused.outcome == Outcome::Refused
        && end(refused) < reader.start_micros
        && end(reader).saturating_sub(end(refused)) < PLACE_MICROS
        && is_only_attempt(refused, acquires)
        && !of_lock.any(|(one, _)| may_have_happened(one) && one.start_micros <= end(reader))
}

/// Whether one process of the server answered both, and all in between: a connection shows that.
fn is_of_one_life(first: &Operation, last: &Operation, history: &[Operation]) -> bool {
    let is_heard = |one: &&Operation| one.outcome.is_known() && one.outcome != Outcome::NotSent;
    let connection = |one: &Operation| (one.client, one.connection);
    let mut before =
        history.iter().filter(is_heard).filter(|one| one.start_micros <= first.start_micros);
    before.any(|one| {
        let mut later = history.iter().filter(is_heard);
        later.any(|other| connection(other) == connection(one) && end(other) >= end(last))
    })
}
