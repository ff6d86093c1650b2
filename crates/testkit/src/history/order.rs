//! Whether somebody got the lock who came later than somebody who waited: the order of
//! `docs/operations/waiting.md`.
//!
//! A request that is held open until its time is over says when it certainly waited: for nobody knows when it
//! arrived, but it did so that long before its answer. Whoever asked for the first time after the waiting
//! lock ID had been refused, and took the lock then, overtook it.

use super::line::{end, may_have_happened};
use super::operation::{Operation, Outcome};
use super::table::table;

/// For how long the servers that are tortured hold a request open.
pub const HOLD_MICROS: u64 = 1_000_000;
/// Within so long a refused client keeps its place for certain.
const PLACE_MICROS: u64 = 10_000_000;

/// A lock ID that certainly waited.
struct Waiter<'a> {
    lock: &'a str,
    /// The attempt by which it has its place, and the one that waited.
    refused: &'a Operation,
    held: &'a Operation,
}

/// Who was overtaken, with a table.
pub(super) fn overtaken(history: &[Operation]) -> Option<String> {
    let acquires = acquires(history);
    let mut waiters = acquires.iter().filter_map(|(held, lock)| waiter(held, lock, &acquires));
    waiters.find_map(|waiter| {
        let (first, _) =
            acquires.iter().find(|(one, lock)| overtakes(&waiter, one, lock, &acquires))?;
        let rows = [waiter.refused.clone(), waiter.held.clone(), (*first).clone()];
        Some(format!(
            "{}{} waited in its second attempt, and who came later got the lock\n",
            table(&rows),
            waiter.lock
        ))
    })
}

fn acquires(history: &[Operation]) -> Vec<(&Operation, &str)> {
    history.iter().filter_map(|one| Some((one, one.action.acquired()?.0))).collect()
}

/// The waiter that this request was, if it certainly waited.
fn waiter<'a>(
    held: &'a Operation,
    lock: &'a str,
    acquires: &[(&'a Operation, &'a str)],
) -> Option<Waiter<'a>> {
    let took = held.end_micros?.saturating_sub(held.start_micros);
    if held.outcome != Outcome::Refused || took < HOLD_MICROS {
        return None;
    }
    let of_lock = || acquires.iter().filter(|(_, of)| *of == lock).map(|(one, _)| *one);
    // Granted by another attempt, it would have had to stand in line anew.
    let until = end(held);
    if of_lock().any(|one| may_have_happened(one) && one.start_micros <= until) {
        return None;
    }
    // On one connection, so of one process. A copy of an earlier call gives no place.
    let mut earlier = of_lock().filter(|one| {
        one.outcome == Outcome::Refused
            && (one.client, one.connection) == (held.client, held.connection)
            && end(one) < held.start_micros
            && held.start_micros - end(one) < PLACE_MICROS
            && is_only_attempt(one, acquires)
    });
    earlier.next().map(|refused| Waiter { lock, refused, held })
}

/// Whether no other request is of the same call.
fn is_only_attempt(one: &Operation, acquires: &[(&Operation, &str)]) -> bool {
    let call = |operation: &Operation| {
        operation.action.acquired().and_then(|(_, call)| call.map(str::to_owned))
    };
    let own = call(one);
    own.is_none() || acquires.iter().filter(|(other, _)| call(other) == own).count() == 1
}

/// Whether this request took the free lock while `waiter` waited, and came later.
fn overtakes(
    waiter: &Waiter<'_>,
    taking: &Operation,
    lock: &str,
    acquires: &[(&Operation, &str)],
) -> bool {
    let waits_from = end(waiter.held).saturating_sub(HOLD_MICROS);
    let waits_until = waiter.held.start_micros.saturating_add(HOLD_MICROS);
    let mut others = acquires.iter().filter(|(one, of)| *of == lock && !std::ptr::eq(*one, taking));
    lock != waiter.lock
        && taking.outcome == Outcome::Done
        && taking.start_micros > waits_from
        && end(taking) < waits_until
        && taking.start_micros > end(waiter.refused)
        // It had the lock by no other request, and no place before.
        && others.all(|(one, _)| {
            one.start_micros > end(taking)
                || (one.start_micros > end(waiter.refused) && !may_have_happened(one))
        })
}
