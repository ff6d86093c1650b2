//! The history of one address, prepared for the search: names are numbers, and what must come before what
//! is a set of bits.

use std::collections::BTreeMap;

use statelock_protocol::lock::unified::Facet;

use super::model::Answer;
use super::operation::{Action, Naming, Operation, Outcome, StateValue, Writer};

/// A lock ID, a state or a call, by its number.
pub(super) type Number = u16;

/// The longest history of one address that is searched.
pub(super) const OPERATIONS_MAX: usize = 128;

/// What is to be explained.
pub(super) struct Problem {
    pub(super) steps: Vec<Step>,
    pub(super) states: Vec<StateValue>,
    pub(super) locks: Vec<String>,
    /// The steps that must be explained; the others may have happened.
    pub(super) known: u128,
}

/// One operation.
pub(super) struct Step {
    pub(super) effect: Effect,
    /// What its sender was told; `None` if nothing.
    pub(super) answer: Option<Answer>,
    pub(super) hung_up: bool,
    pub(super) start: u64,
    /// `u64::MAX` if there is none.
    pub(super) end: u64,
    /// The known steps that ended before this one began.
    pub(super) before: u128,
    /// The unknown steps that have no effect any more once this one had its own.
    pub(super) buries: u128,
}

/// What a step asks, and what it read.
pub(super) enum Effect {
    Acquire {
        facet: Facet,
        lock: Number,
        /// Only if the call comes again.
        call: Option<Number>,
        /// Whether somebody else wanted the lock meanwhile.
        contended: bool,
    },
    Release {
        facet: Facet,
        lock: Number,
        naming: Naming,
        /// What makes two releases the same, if there are two.
        once: Option<Number>,
    },
    ForceUnlock,
    Look {
        facet: Facet,
        found: Option<Number>,
        /// Whether what it found may be the next in line, who holds nothing.
        may_be_next: bool,
    },
    Read {
        found: Option<Number>,
    },
    ReadDigest {
        found: Option<String>,
    },
    Write {
        state: Number,
        gate: Gate,
    },
    Delete {
        gate: Gate,
    },
}

/// What a writer shows to the write guard.
pub(super) enum Gate {
    S3 { took: Option<Number> },
    Http { claim: Option<Number> },
}

impl Effect {
    /// Whether a request that is answered so can change anything, in whatever situation.
    pub(super) fn may_change(&self, answer: Answer) -> bool {
        match (self, answer) {
            // A refused call is remembered, if it comes again.
            (Self::Acquire { call, .. }, Answer::Refused) => call.is_some(),
            (Self::Look { .. } | Self::Read { .. } | Self::ReadDigest { .. }, _)
            | (
                Self::Release { .. } | Self::ForceUnlock | Self::Write { .. } | Self::Delete { .. },
                Answer::Refused,
            ) => false,
            (_, Answer::Done) => true,
        }
    }
}

impl Problem {
    /// Prepares a history; `None` if it is too long.
    pub(super) fn new(history: &[Operation]) -> Option<Self> {
        let told: Vec<&Operation> = history.iter().filter(|one| constrains(one)).collect();
        if told.len() > OPERATIONS_MAX {
            return None;
        }
        let mut names = Names::of(&told);
        let mut steps: Vec<Step> = told.iter().map(|one| step(one, &told, &mut names)).collect();
        let spans: Vec<_> =
            steps.iter().map(|step| (step.start, step.end, step.answer.is_some())).collect();
        let all = |wanted: &dyn Fn(&(u64, u64, bool)) -> bool| {
            let bits = spans.iter().enumerate().filter(|(_, span)| wanted(span));
            bits.fold(0, |bits, (at, _)| bits | bit(at))
        };
        for step in &mut steps {
            step.before = all(&|(_, end, is_known)| *is_known && *end < step.start);
            step.buries = all(&|(_, end, is_known)| !*is_known && *end < step.start);
        }
        let known = all(&|(_, _, is_known)| *is_known);
        Some(Self { steps, states: names.states.names, locks: names.locks.names, known })
    }

    /// Whether a state may replace another: the same lineage, and a serial that grows.
    pub(super) fn may_follow(&self, stored: Number, offered: Number) -> bool {
        let state = |number| self.states.get(usize::from(number));
        state(stored).zip(state(offered)).is_some_and(|(stored, offered)| {
            stored.lineage == offered.lineage && stored.serial < offered.serial
        })
    }
}

/// The bit of a step.
pub(super) fn bit(at: usize) -> u128 {
    1 << at
}

/// Whether an operation can rule anything out, or explain anything.
pub(super) fn constrains(operation: &Operation) -> bool {
    let reads = match operation.action {
        Action::Look { .. } | Action::Read { .. } | Action::ReadDigest => true,
        Action::Acquire { .. }
        | Action::Release { .. }
        | Action::ForceUnlock
        | Action::Write { .. }
        | Action::Delete { .. } => false,
    };
    operation.outcome != Outcome::NotSent && (operation.outcome.is_known() || !reads)
}

fn step(operation: &Operation, all: &[&Operation], names: &mut Names) -> Step {
    let (answer, hung_up) = match operation.outcome {
        Outcome::Done | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
            (Some(Answer::Done), false)
        }
        Outcome::Refused | Outcome::NotSent => (Some(Answer::Refused), false),
        Outcome::Unknown { hung_up } => (None, hung_up),
    };
    Step {
        effect: effect(operation, all, names),
        answer,
        hung_up,
        start: operation.start_micros,
        end: operation.end_micros.unwrap_or(u64::MAX),
        before: 0,
        buries: 0,
    }
}

fn effect(operation: &Operation, all: &[&Operation], names: &mut Names) -> Effect {
    match &operation.action {
        Action::Acquire { facet, lock, call } => Effect::Acquire {
            facet: *facet,
            lock: names.locks.number(lock),
            call: call.as_ref().and_then(|call| names.call(call)),
            contended: all.iter().any(|other| competes(operation, lock, other)),
        },
        Action::Release { facet, lock, naming, call } => Effect::Release {
            facet: *facet,
            lock: names.locks.number(lock),
            naming: *naming,
            once: same_release(*facet, lock, call.as_ref()).and_then(|same| names.call(&same)),
        },
        Action::ForceUnlock => Effect::ForceUnlock,
        Action::Look { facet, after_refusal } => {
            let lock = operation.outcome.holder();
            let may_be_next = *after_refusal
                && lock.is_some_and(|lock| all.iter().any(|one| wants(one, lock, operation)));
            let found = lock.map(|lock| names.locks.number(lock));
            Effect::Look { facet: *facet, found, may_be_next }
        }
        Action::Read { .. } => {
            let state = operation.outcome.state();
            Effect::Read { found: state.map(|state| names.states.number(state)) }
        }
        Action::ReadDigest => Effect::ReadDigest { found: operation.outcome.digest().cloned() },
        Action::Write { writer, value } => {
            Effect::Write { state: names.states.number(value), gate: gate(writer, names) }
        }
        Action::Delete { writer } => Effect::Delete { gate: gate(writer, names) },
    }
}

fn gate(writer: &Writer, names: &mut Names) -> Gate {
    match writer {
        Writer::S3 { took } => Gate::S3 { took: took.as_ref().map(|id| names.locks.number(id)) },
        Writer::Http { claim } => {
            Gate::Http { claim: claim.as_ref().map(|id| names.locks.number(id)) }
        }
    }
}

/// Whether `other` wanted the lock while `operation` did, under another lock ID.
fn competes(operation: &Operation, lock: &str, other: &Operation) -> bool {
    let Action::Acquire { lock: of_other, .. } = &other.action else { return false };
    let ends_after = |one: &Operation, start| one.end_micros.is_none_or(|end| end >= start);
    of_other != lock
        && ends_after(operation, other.start_micros)
        && ends_after(other, operation.start_micros)
}

/// Whether `one` asked for this lock before `reader` had its answer.
fn wants(one: &Operation, lock: &str, reader: &Operation) -> bool {
    let Action::Acquire { lock: wanted, .. } = &one.action else { return false };
    wanted == lock && reader.end_micros.is_none_or(|end| one.start_micros <= end)
}

/// What two attempts of one release have in common: the id of the call, or over `http` the lock ID.
fn same_release(facet: Facet, lock: &str, call: Option<&String>) -> Option<String> {
    match (call, facet) {
        (Some(call), _) => Some(call.clone()),
        (None, Facet::Http) => Some(format!("release of {lock}")),
        (None, Facet::Lockfile | Facet::LockTable) => None,
    }
}

/// Numbers of things, in the order in which they came.
struct Numbers<T> {
    names: Vec<T>,
}

impl<T: Clone + PartialEq> Numbers<T> {
    fn number(&mut self, name: &T) -> Number {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        Number::try_from(at).unwrap_or(Number::MAX)
    }
}

struct Names {
    locks: Numbers<String>,
    states: Numbers<StateValue>,
    /// How often each call comes.
    calls: BTreeMap<String, usize>,
}

impl Names {
    fn of(history: &[&Operation]) -> Self {
        let mut calls = BTreeMap::new();
        for operation in history {
            let call = match &operation.action {
                Action::Acquire { call, .. } => call.clone(),
                Action::Release { facet, lock, call, .. } => {
                    same_release(*facet, lock, call.as_ref())
                }
                Action::ForceUnlock
                | Action::Look { .. }
                | Action::Read { .. }
                | Action::ReadDigest
                | Action::Write { .. }
                | Action::Delete { .. } => None,
            };
            if let Some(call) = call {
                *calls.entry(call).or_insert(0) += 1;
            }
        }
        Self { locks: Numbers { names: Vec::new() }, states: Numbers { names: Vec::new() }, calls }
    }

    /// The number of a call that comes again.
    fn call(&self, call: &str) -> Option<Number> {
        let at = self.calls.keys().position(|known| known == call)?;
        let comes_again = self.calls.get(call).is_some_and(|times| *times > 1);
        Number::try_from(at).ok().filter(|_| comes_again)
    }
}
