//! Whether somebody got the lock who came later than somebody who waited: the order of
//! `docs/operations/waiting.md`.
//!
//! A request that is held open until its time is over says when it certainly waited: for nobody knows when it
//! arrived, but it did so that long before its answer. Of any other it is known when it was sent, and that no
//! machine is so slow that others who send theirs much later are answered before. Whoever asked for the first
//! time after the waiting lock ID had been refused, and took the lock then, overtook it.

use super::line::{end, may_have_happened};
use super::operation::{Action, Naming, Operation, Outcome};
use super::table::table;

/// For how long the servers that are tortured hold a request open.
pub const HOLD_MICROS: u64 = 1_000_000;
/// Within so long a refused client keeps its place for certain.
pub(super) const PLACE_MICROS: u64 = 10_000_000;

/// Within so long a request that was sent is at its place in line.
const ARRIVAL_MICROS: u64 = 250_000;
/// So long before its sender notes an answer it was given at the earliest.
const ANSWER_MICROS: u64 = 250_000;

/// A lock ID that came back, and was held open until it was answered.
pub(super) struct Waiter<'a> {
    pub(super) lock: &'a str,
    /// The attempt by which it has its place, and the one that waited.
    pub(super) refused: &'a Operation,
    pub(super) held: &'a Operation,
}

/// Those who certainly had a place in line when they came back.
pub(super) fn waiters<'a>(
    acquires: &'a [(&'a Operation, &'a str)],
) -> impl Iterator<Item = Waiter<'a>> {
    acquires.iter().filter_map(|(held, lock)| waiter(held, lock, acquires))
}

/// Who was overtaken, with a table.
pub(super) fn overtaken(history: &[Operation]) -> Option<String> {
    let acquires = acquires(history);
    waiters(&acquires).find_map(|waiter| {
        let (waits_from, waits_until) = waited(&waiter, history)?;
        let in_vain = |one: &Operation, lock: &str| {
            end(one) < waits_until && granted_from(one, lock, &acquires, history) > waits_from
        };
        let (first, _) = acquires
            .iter()
            .find(|(one, lock)| overtakes(&waiter, one, lock, &acquires) && in_vain(one, lock))?;
        let rows = [waiter.refused.clone(), waiter.held.clone(), (*first).clone()];
        Some(format!(
            "{}{} waited in its second attempt, and who came later got the lock\n",
            table(&rows),
            waiter.lock
        ))
    })
}

pub(super) fn acquires(history: &[Operation]) -> Vec<(&Operation, &str)> {
    history.iter().filter_map(|one| Some((one, one.action.acquired()?.0))).collect()
}

/// The waiter that this request was, if it certainly waited.
fn waiter<'a>(
    held: &'a Operation,
    lock: &'a str,
    acquires: &[(&'a Operation, &'a str)],
) -> Option<Waiter<'a>> {
    held.end_micros?;
    if !held.outcome.is_known() || held.outcome == Outcome::NotSent {
        return None;
    }
    let of_lock = || acquires.iter().filter(|(_, of)| *of == lock).map(|(one, _)| *one);
    // Granted by another attempt, it would have had to stand in line anew.
    let until = end(held);
    let is_another = |one: &Operation| !std::ptr::eq(one, held);
    if of_lock().any(|one| is_another(one) && may_have_happened(one) && one.start_micros <= until) {
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

/// From when until when it certainly waited, if that is certain at all.
fn waited(waiter: &Waiter<'_>, history: &[Operation]) -> Option<(u64, u64)> {
    let held = waiter.held;
    let took = end(held).saturating_sub(held.start_micros);
    if held.outcome == Outcome::Refused && took >= HOLD_MICROS {
        let from = end(held).saturating_sub(HOLD_MICROS);
        return Some((from, held.start_micros.saturating_add(HOLD_MICROS)));
    }
    // It may have got the lock and lost it before its answer was there.
    if history.iter().any(|one| may_remove(one, waiter.lock) && overlap(one, held)) {
        return None;
    }
    let from = held.sent_micros?.saturating_add(ARRIVAL_MICROS);
    Some((from, end(held).saturating_sub(ANSWER_MICROS)))
}

/// The earliest moment at which this request can have been granted: not while somebody held who certainly had
/// the lock when it was sent.
fn granted_from(
    taking: &Operation,
    lock: &str,
    acquires: &[(&Operation, &str)],
    history: &[Operation],
) -> u64 {
    let is_held = |one: &Operation| one.outcome == Outcome::Done && end(one) < taking.start_micros;
    let holders = acquires.iter().filter(|(one, of)| *of != lock && is_held(one));
    let held_until = holders.map(|(one, of)| {
        let ends = history.iter().filter(|other| may_remove(other, of));
        let ends = ends.filter(|other| end(other) >= one.start_micros);
        ends.map(|other| other.start_micros).min().unwrap_or(0)
    });
    held_until.max().unwrap_or(0).max(taking.start_micros)
}

fn may_remove(one: &Operation, lock: &str) -> bool {
    may_have_happened(one)
        && match &one.action {
            Action::ForceUnlock => true,
            Action::Release { lock: of, naming, .. } => of == lock || *naming == Naming::Blind,
            Action::Acquire { .. }
            | Action::Look { .. }
            | Action::Read { .. }
            | Action::ReadDigest
            | Action::Write { .. }
            | Action::Delete { .. } => false,
        }
}

fn overlap(one: &Operation, other: &Operation) -> bool {
    one.start_micros <= end(other) && other.start_micros <= end(one)
}

/// Whether no other request is of the same call.
pub(super) fn is_only_attempt(one: &Operation, acquires: &[(&Operation, &str)]) -> bool {
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
    let mut others = acquires.iter().filter(|(one, of)| *of == lock && !std::ptr::eq(*one, taking));
    lock != waiter.lock
        && taking.outcome == Outcome::Done
        && taking.start_micros > end(waiter.refused)
        // It had the lock by no other request, and no place before.
        && others.all(|(one, _)| {
            one.start_micros > end(taking)
                || (one.start_micros > end(waiter.refused) && !may_have_happened(one))
        })
}
