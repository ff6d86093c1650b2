//! The part of a failing history that fails by itself.
//!
//! Nothing is taken away that could explain the rest. The end may be cut off, and what only reads may go,
//! because each of these only rules orders out. Everything else becomes an operation that may have
//! happened at any time or not at all; what is left of those is shown only if it is about the same locks.

use std::collections::BTreeSet;

use super::check::{Stuck, Verdict, check, check_within};
use super::operation::{Action, Operation, Outcome};
use super::problem::constrains;

/// What cannot be shown to fail in so many situations is left as it is: a report is not to take minutes.
const SITUATIONS_MAX: usize = 30_000;

/// A history that no order explains, with little in it that does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The operations, by their start.
    pub operations: Vec<Operation>,
    /// So many more may have happened at any time or never, and explain nothing.
    pub others: usize,
    /// How far an explanation gets.
    pub stuck: Stuck,
}

/// Shrinks a history for which [`check`] says that it is impossible.
pub fn shrunk(history: &[Operation]) -> Shrunk {
    let mut left: Vec<Operation> = history.iter().filter(|one| constrains(one)).cloned().collect();
    left.sort_by_key(|operation| operation.start_micros);
    left = cut(&left);
    let mut at = left.len();
    while at > 0 {
        at -= 1;
        if let Some(less) = without(&left, at).filter(|less| fails(less)) {
            left = less;
        }
    }
    let stuck = match check(&left) {
        Verdict::Impossible(stuck) => stuck,
        Verdict::Linearizable | Verdict::Undecided => {
            Stuck { explained: 0, place: "unknown".to_owned() }
        }
    };
    let before = left.len();
    let mentioned = mentioned(&left);
    left.retain(|operation| operation.outcome.is_known() || is_about(operation, &mentioned));
    Shrunk { others: before - left.len(), operations: left, stuck }
}

fn fails(history: &[Operation]) -> bool {
    matches!(check_within(history, SITUATIONS_MAX), Verdict::Impossible(_))
}

/// The shortest beginning that fails.
fn cut(history: &[Operation]) -> Vec<Operation> {
    let mut ends: Vec<u64> = history
        .iter()
        .filter(|operation| operation.outcome.is_known())
        .filter_map(|operation| operation.end_micros)
        .collect();
    ends.sort_unstable();
    let too_short = ends.partition_point(|end| !fails(&until(history, *end)));
    let found = ends.get(too_short).map(|end| until(history, *end));
    found.filter(|beginning| fails(beginning)).unwrap_or_else(|| history.to_vec())
}

/// What was known at a moment.
fn until(history: &[Operation], moment: u64) -> Vec<Operation> {
    let begun = history.iter().filter(|operation| operation.start_micros <= moment);
    let as_known = begun.map(|operation| {
        let ended = operation.end_micros.is_some_and(|end| end <= moment);
        if ended || !operation.outcome.is_known() { operation.clone() } else { maybe(operation) }
    });
    as_known.filter(constrains).collect()
}

/// The operation as if nothing were known of what became of it.
fn maybe(operation: &Operation) -> Operation {
    Operation { end_micros: None, outcome: Outcome::Unknown { hung_up: true }, ..operation.clone() }
}

/// The history with less of the operation at `at`; `None` if there is nothing less.
fn without(history: &[Operation], at: usize) -> Option<Vec<Operation>> {
    let mut less = history.to_vec();
    let operation = less.get_mut(at).filter(|operation| operation.outcome.is_known())?;
    *operation = maybe(operation);
    less.retain(constrains);
    Some(less)
}

/// The lock IDs in what is known, and whether states are.
struct Mentioned {
    locks: BTreeSet<String>,
    states: bool,
}

fn mentioned(history: &[Operation]) -> Mentioned {
    let mut mentioned = Mentioned { locks: BTreeSet::new(), states: false };
    for operation in history.iter().filter(|operation| operation.outcome.is_known()) {
        match &operation.action {
            Action::Acquire { lock, .. } | Action::Release { lock, .. } => {
                mentioned.locks.insert(lock.clone());
            }
            Action::Look { .. } => {
                mentioned.locks.extend(operation.outcome.holder().cloned());
            }
            Action::ForceUnlock => {}
            Action::Read { .. }
            | Action::ReadDigest
            | Action::Write { .. }
            | Action::Delete { .. } => mentioned.states = true,
        }
    }
    mentioned
}

fn is_about(operation: &Operation, mentioned: &Mentioned) -> bool {
    match &operation.action {
        Action::Acquire { lock, .. } | Action::Release { lock, .. } => {
            mentioned.locks.contains(lock)
        }
        Action::ForceUnlock => !mentioned.locks.is_empty(),
        Action::Write { .. } | Action::Delete { .. } => mentioned.states,
        Action::Look { .. } | Action::Read { .. } | Action::ReadDigest => false,
    }
}
