//! The part of a failing history that fails by itself.
//!
//! Everything that is taken away is something that only rules orders out, so what is left fails for the
//! same reason as the whole. The end is cut off; if the locks alone fail, or the states alone, whoever holds
//! what, the rest is left out; and what does not matter one by one becomes an operation that may have
//! happened while it was asked, or not at all.

use std::collections::BTreeSet;

use super::check::{Stuck, Verdict, check_within};
use super::operation::{Action, Operation, Outcome, Writer};
use super::problem::constrains;

/// What cannot be shown to fail in so many situations is left as it is: a report is not to take minutes.
const SITUATIONS_MAX: usize = 20_000;

/// A history that no order explains, with little in it that does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The operations, by their start; and whether what each was told matters.
    pub operations: Vec<(Operation, bool)>,
    /// So many more do not matter at all.
    pub others: usize,
    /// How far an explanation gets.
    pub stuck: Option<Stuck>,
}

/// Which half of a history is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    /// Locks, whatever is stored.
    Locks,
    /// States, whoever holds the lock.
    States,
    Both,
}

/// A history on its way to become shorter.
#[derive(Clone)]
struct Draft {
    /// With whether what was told still counts.
    operations: Vec<(Operation, bool)>,
    half: Half,
}

/// Shrinks a history for which [`check`](super::check::check) says that it is impossible.
pub fn shrunk(history: &[Operation]) -> Shrunk {
    let mut told: Vec<Operation> = history.iter().filter(|one| constrains(one)).cloned().collect();
    told.sort_by_key(|operation| operation.start_micros);
    let mut draft = Draft::of(told);
    draft.cut();
    draft.loosen();
    let stuck = draft.verdict().err();
    let before = draft.operations.len();
    let needed = Needed::by(&draft);
    let operations = draft.operations.into_iter();
    let operations: Vec<_> =
        operations.filter(|(one, counts)| *counts || needed.has(one)).collect();
    Shrunk { others: before - operations.len(), operations, stuck }
}

/// Whether a half of a history fails already, of which the whole could not be decided.
pub(super) fn fails_by_half(history: &[Operation]) -> bool {
    let half = Draft::of(history.to_vec()).half;
    half != Half::Both
}

impl Draft {
    /// The history, and the simplest half of it that fails.
    fn of(history: Vec<Operation>) -> Self {
        let operations = history.into_iter().map(|one| (one, true)).collect();
        let mut draft = Self { operations, half: Half::Both };
        for half in [Half::Locks, Half::States] {
            let simpler = Self { half, ..draft.clone() };
            if simpler.fails() {
                draft = simpler;
                break;
            }
        }
        draft
    }

    fn fails(&self) -> bool {
        self.verdict().is_err()
    }

    fn verdict(&self) -> Result<(), Stuck> {
        let seen = self.operations.iter().filter_map(|(one, counts)| self.half.of(one, *counts));
        match check_within(&seen.collect::<Vec<_>>(), SITUATIONS_MAX) {
            Verdict::Impossible(stuck) => Err(stuck),
            Verdict::Linearizable | Verdict::Undecided => Ok(()),
        }
    }

    /// Cuts off the end: the shortest beginning that fails.
    fn cut(&mut self) {
        let counted = self.operations.iter().filter(|(one, _)| one.outcome.is_known());
        let mut ends: Vec<u64> = counted.filter_map(|(one, _)| one.end_micros).collect();
        ends.sort_unstable();
        let too_short = ends.partition_point(|end| !self.until(*end).fails());
        let beginning = ends.get(too_short).map(|end| self.until(*end));
        if let Some(beginning) = beginning.filter(Self::fails) {
            *self = beginning;
        }
    }

    /// What was known at a moment.
    fn until(&self, moment: u64) -> Self {
        let begun = self.operations.iter().filter(|(one, _)| one.start_micros <= moment);
        let ended = |one: &Operation| one.end_micros.is_some_and(|end| end <= moment);
        let operations = begun.map(|(one, counts)| (one.clone(), *counts && ended(one))).collect();
        Self { operations, half: self.half }
    }

    /// Lets what was told not count, in ever smaller pieces, as long as the rest fails: what says least
    /// first, and the latest first.
    fn loosen(&mut self) {
        let mut order: Vec<usize> = (0..self.operations.len()).rev().collect();
        order.sort_by_key(|at| self.operations.get(*at).map(|(one, _)| says(&one.outcome)));
        let mut size = order.len().div_ceil(2);
        while size > 0 {
            for piece in order.chunks(size) {
                let mut looser = self.clone();
                for at in piece {
                    if let Some((_, counts)) = looser.operations.get_mut(*at) {
                        *counts = false;
                    }
                }
                if looser.operations != self.operations && looser.fails() {
                    *self = looser;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }
}

/// How much an answer says to people: a refusal says least.
fn says(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Unknown { .. } | Outcome::NotSent | Outcome::Refused => 0,
        Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => 1,
        Outcome::Done => 2,
    }
}

impl Half {
    /// An operation as it is seen in this half; `None` if it is no part of it.
    fn of(self, operation: &Operation, counts: bool) -> Option<Operation> {
        let is_about_lock = match &operation.action {
            Action::Acquire { .. }
            | Action::Look { .. }
            | Action::Release { .. }
            | Action::ForceUnlock => true,
            Action::Read { .. }
            | Action::ReadDigest
            | Action::Write { .. }
            | Action::Delete { .. } => false,
        };
        let mut seen = operation.clone();
        match self {
            Self::Both => {}
            Self::Locks if is_about_lock => {}
            Self::States if !is_about_lock && operation.outcome != Outcome::Refused => {
                // Without any lock in the way, and none that could be named.
                let anybody = Writer::S3 { took: None };
                match &mut seen.action {
                    Action::Write { writer, .. } | Action::Delete { writer } => *writer = anybody,
                    Action::Acquire { .. }
                    | Action::Look { .. }
                    | Action::Release { .. }
                    | Action::ForceUnlock
                    | Action::Read { .. }
                    | Action::ReadDigest => {}
                }
            }
            Self::Locks | Self::States => return None,
        }
        if !counts && seen.outcome.is_known() {
            seen.outcome = Outcome::Unknown { hung_up: false };
        }
        Some(seen).filter(constrains)
    }
}

/// What the operations are about whose answers count.
struct Needed {
    half: Half,
    locks: BTreeSet<String>,
    /// Any lock may be why somebody was refused.
    any_lock: bool,
    states: bool,
}

impl Needed {
    fn by(draft: &Draft) -> Self {
        let mut needed =
            Self { half: draft.half, locks: BTreeSet::new(), any_lock: false, states: false };
        for (operation, _) in draft.operations.iter().filter(|(_, counts)| *counts) {
            needed.any_lock |= operation.outcome == Outcome::Refused;
            match &operation.action {
                Action::Acquire { lock, .. } | Action::Release { lock, .. } => {
                    needed.locks.insert(lock.clone());
                }
                Action::Look { .. } => needed.locks.extend(operation.outcome.holder().cloned()),
                Action::ForceUnlock => {}
                Action::Read { .. }
                | Action::ReadDigest
                | Action::Write { .. }
                | Action::Delete { .. } => needed.states = true,
            }
        }
        needed
    }

    /// Whether an operation whose answer does not count is worth to be shown.
    fn has(&self, operation: &Operation) -> bool {
        let shown = match &operation.action {
            Action::Acquire { lock, .. } | Action::Release { lock, .. } => {
                self.locks.contains(lock)
            }
            Action::ForceUnlock => !self.locks.is_empty(),
            Action::Write { .. } | Action::Delete { .. } => self.states,
            Action::Look { .. } | Action::Read { .. } | Action::ReadDigest => false,
        };
        shown && self.half.of(operation, false).is_some()
    }
}
