//! The history of one address, prepared for the search: names are numbers, and what must come before what
//! is a set of bits.

use statelock_protocol::lock::unified::Facet;

use super::fence::Fence;
use super::line::{Line, may_be_late};
use super::model::Answer;
use super::names::{Names, same_release, shown_after};
use super::operation::{Action, Claim, Naming, Operation, Outcome, Refusal, StateValue, Writer};

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
        /// What surrounds it.
        line: Around,
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
        found: Found,
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

/// What surrounds a request for the lock.
pub(super) struct Around {
    /// The locks of others who may have waited for it meanwhile.
    pub(super) ahead: Vec<Number>,
    /// Whether it may have been held open.
    pub(super) may_wait: bool,
    /// Whether the server may take it for a copy of one whose time is over.
    pub(super) may_be_late: bool,
    /// The lock ID in the refusal, if there is one.
    pub(super) shown: Option<Number>,
}

/// What a look found.
pub(super) struct Found {
    pub(super) lock: Option<Number>,
    /// What it says of the lock ID, if anything.
    pub(super) says: Option<Claim>,
    /// Who is next in line, if its sender may be shown that.
    pub(super) next: Option<Next>,
}

/// Who is next in line, where nobody holds.
pub(super) struct Next {
    /// The refusal after which it is shown once; only if somebody looks again.
    pub(super) once: Option<Number>,
    /// Whether what was found may be that.
    pub(super) may_be_shown: bool,
    /// Whether nobody is no answer.
    pub(super) must_be_shown: bool,
}

/// What a writer shows to the write guard.
pub(super) enum Gate {
    S3 { took: Option<Took> },
    Http { claim: Option<Number> },
}

/// A lock that a writer took before on its connection.
pub(super) struct Took {
    pub(super) lock: Number,
    /// Whether another one may stop it, and which ones certainly do.
    pub(super) may_be_stopped: bool,
    pub(super) stopped_by: Vec<Number>,
}

impl Effect {
    /// Whether a request that is answered so can change anything, in whatever situation.
    pub(super) fn may_change(&self, answer: Answer) -> bool {
        match (self, answer) {
            // A refused call is remembered, if it comes again.
            (Self::Acquire { call, .. }, Answer::Refused) => call.is_some(),
            (Self::Release { naming, once, .. }, Answer::Refused) => {
                *naming != Naming::Named && once.is_some()
            }
            // Who is next is shown once.
            (Self::Look { found, .. }, _) => {
                found.lock.is_some() && found.next.as_ref().is_some_and(|next| next.once.is_some())
            }
            (Self::Read { .. } | Self::ReadDigest { .. }, _)
            | (Self::ForceUnlock | Self::Write { .. } | Self::Delete { .. }, Answer::Refused) => {
                false
            }
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
        let context = Context { all: &told, line: Line::of(&told) };
        let mut steps: Vec<Step> = told.iter().map(|one| step(one, &context, &mut names)).collect();
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

/// What surrounds an operation.
struct Context<'a> {
    all: &'a [&'a Operation],
    line: Line<'a>,
}

fn step(operation: &Operation, context: &Context<'_>, names: &mut Names) -> Step {
    let (answer, hung_up) = match operation.outcome {
        Outcome::Done | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
            (Some(Answer::Done), false)
        }
        Outcome::Refused | Outcome::NotSent => (Some(Answer::Refused), false),
        Outcome::Unknown { hung_up } => (None, hung_up),
    };
    Step {
        effect: effect(operation, context, names),
        answer,
        hung_up,
        start: operation.start_micros,
        end: operation.end_micros.unwrap_or(u64::MAX),
        before: 0,
        buries: 0,
    }
}

fn effect(operation: &Operation, context: &Context<'_>, names: &mut Names) -> Effect {
    match &operation.action {
        Action::Acquire { facet, lock, call } => Effect::Acquire {
            facet: *facet,
            lock: names.locks.number(lock),
            call: call.as_ref().and_then(|call| names.call(call)),
            line: around(operation, lock, context, names),
        },
        Action::Release { facet, lock, naming, call } => Effect::Release {
            facet: *facet,
            lock: names.locks.number(lock),
            naming: *naming,
            once: same_release(*facet, lock, call.as_ref()).and_then(|same| names.call(&same)),
        },
        Action::ForceUnlock => Effect::ForceUnlock,
        Action::Look { facet, refusal } => Effect::Look {
            facet: *facet,
            found: found(operation, refusal.as_ref(), context, names),
        },
        Action::Read { .. } => {
            let state = operation.outcome.state();
            Effect::Read { found: state.map(|state| names.states.number(state)) }
        }
        Action::ReadDigest => Effect::ReadDigest { found: operation.outcome.digest().cloned() },
        Action::Write { writer, value } => {
            let state = names.states.number(value);
            Effect::Write { state, gate: gate(operation, writer, context, names) }
        }
        Action::Delete { writer } => {
            Effect::Delete { gate: gate(operation, writer, context, names) }
        }
    }
}

fn around(operation: &Operation, lock: &str, context: &Context<'_>, names: &mut Names) -> Around {
    let mut number = |lock: &str| names.locks.number(&lock.to_owned());
    Around {
        ahead: context.line.may_be_before(operation, lock).map(&mut number).collect(),
        may_wait: context.line.may_wait(operation),
        may_be_late: may_be_late(operation, lock, context.all),
        shown: operation.shown.as_ref().map(|shown| number(&shown.lock)),
    }
}

fn found(
    look: &Operation,
    refusal: Option<&Refusal>,
    context: &Context<'_>,
    names: &mut Names,
) -> Found {
    let told = look.outcome.holder();
    let may_be_shown = || told.is_some_and(|lock| context.line.may_be_next(lock, look));
    let next = match refusal {
        Some(refusal) => Some(Next {
            once: names.call(&shown_after(look.client, refusal)),
            may_be_shown: may_be_shown(),
            must_be_shown: context.line.shows_somebody(look, refusal),
        }),
        // On another connection it is known by what it calls itself.
        None if context.line.may_be_refused_elsewhere(look) => {
            Some(Next { once: None, may_be_shown: may_be_shown(), must_be_shown: false })
        }
        None => None,
    };
    let says = look.shown.as_ref().and_then(|shown| shown.says);
    Found { lock: told.map(|lock| names.locks.number(lock)), says, next }
}

fn gate(operation: &Operation, writer: &Writer, context: &Context<'_>, names: &mut Names) -> Gate {
    match writer {
        Writer::S3 { took: None } => Gate::S3 { took: None },
        Writer::S3 { took: Some(took) } => {
            let fence = Fence::of(operation, took, context.all);
            let mut number = |lock: &str| names.locks.number(&lock.to_owned());
            let lock = number(took);
            let stopped_by = fence.stopped_by.into_iter().map(number).collect();
            let took = Took { lock, may_be_stopped: fence.may_stop, stopped_by };
            Gate::S3 { took: Some(took) }
        }
        Writer::Http { claim } => {
            Gate::Http { claim: claim.as_ref().map(|id| names.locks.number(id)) }
        }
    }
}
