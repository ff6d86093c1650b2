//! Who can have stood in line for the lock: what `docs/operations/waiting.md` promises, as far as a history
//! can show it.
//!
//! The line is in no history, and is lost when the server dies. So nothing here says who did wait: it says who
//! certainly did not.

use std::collections::{BTreeMap, BTreeSet};

use statelock_protocol::lock::line::AWAY_MICROS_MAX;
use statelock_protocol::lock::unified::{Facet, GIVE_BACK_GRACE_MICROS};

use super::operation::{Action, Naming, Operation, Outcome, Refusal};

/// How much longer than promised something may last: a request may have looked at the clock before it
/// waited for its turn.
pub(super) const SLACK_MICROS: u64 = 2_000_000;
/// How long the rest of a lock may stand after its first half was given back.
const GIVE_BACK_MICROS_MAX: u64 = GIVE_BACK_GRACE_MICROS + SLACK_MICROS;

/// For how long a refused client is shown who is next.
const REFUSAL_MICROS: u64 = 10_000_000;

/// Within so long before a request its connection was made, if it is a new one.
const CONNECTING_MICROS_MAX: u64 = 100_000;

/// What can have waited in one history.
pub(super) struct Line<'a> {
    acquires: Vec<Acquire<'a>>,
}

struct Acquire<'a> {
    operation: &'a Operation,
    lock: &'a str,
    may_wait: bool,
}

impl<'a> Line<'a> {
    pub(super) fn of(history: &[&'a Operation]) -> Self {
        let given_back = given_back(history);
        let acquires = || history.iter().filter_map(|one| Some((*one, one.action.acquired()?.0)));
        let may_wait = |operation: &Operation, lock: &str| {
            let comes_back = |(other, of_other): (&Operation, &str)| {
                of_other == lock
                    && !std::ptr::eq(other, operation)
                    && other.start_micros <= end(operation)
                    && leaves_a_place(&other.outcome)
            };
            let meets =
                |(from, to): &(u64, u64)| *from <= end(operation) && operation.start_micros <= *to;
            operation.comes_twice || given_back.iter().any(meets) || acquires().any(comes_back)
        };
        let judged = acquires().map(|(operation, lock)| Acquire {
            operation,
            lock,
            may_wait: may_wait(operation, lock),
        });
        Self { acquires: judged.collect() }
    }

    /// Whether this request for the lock can have been held open. A first attempt is not: unless it met a
    /// lock that was being given back, or a copy of it came.
    pub(super) fn may_wait(&self, request: &Operation) -> bool {
        let mut acquires = self.acquires.iter();
        acquires.any(|one| std::ptr::eq(one.operation, request) && one.may_wait)
    }

    /// The other lock IDs that may have waited while `request` was under way: who asks for a free lock then
    /// is refused, because it does not overtake.
    pub(super) fn may_be_before(
        &self,
        request: &Operation,
        lock: &str,
    ) -> impl Iterator<Item = &'a str> {
        let may_have_waited = |one: &&Acquire<'a>| {
            one.may_wait
                && one.lock != lock
                && end(request) >= one.operation.start_micros
                && end(one.operation) >= request.start_micros
        };
        let ahead: BTreeSet<&str> =
            self.acquires.iter().filter(may_have_waited).map(|one| one.lock).collect();
        ahead.into_iter()
    }

    /// Whether `reader` may be shown who is next though nothing was refused on its connection: a client that
    /// calls itself the same was refused.
    pub(super) fn may_be_refused_elsewhere(&self, reader: &Operation) -> bool {
        reader.program.is_some()
            && self.acquires.iter().any(|one| {
                let Operation { program, outcome, start_micros, .. } = one.operation;
                let until = end(one.operation).saturating_add(REFUSAL_MICROS + SLACK_MICROS);
                *program == reader.program
                    && leaves_a_place(outcome)
                    && *start_micros <= end(reader)
                    && reader.start_micros <= until
            })
    }

    /// Whether `reader` must be shown somebody, for its refusal is remembered: until its connection or its
    /// lock ID gets the lock or gives it back, and for ten seconds.
    pub(super) fn shows_somebody(&self, reader: &Operation, refusal: &Refusal) -> bool {
        let may_be_granted = |one: &Acquire<'_>| {
            one.lock == refusal.lock
                && may_have_happened(one.operation)
                && end(one.operation) >= refusal.at_micros
                && one.operation.start_micros <= end(reader)
        };
        let age = end(reader).saturating_sub(refusal.at_micros);
        refusal.is_fresh
            && age.saturating_add(SLACK_MICROS) < REFUSAL_MICROS
            && !self.acquires.iter().any(may_be_granted)
    }

    /// Whether this lock ID may have been next in line when `reader` looked.
    pub(super) fn may_be_next(&self, lock: &str, reader: &Operation) -> bool {
        let of_lock = || self.acquires.iter().filter(|one| one.lock == lock);
        of_lock().any(|one| {
            let Operation { start_micros, outcome, .. } = one.operation;
            // Who has the lock stands in line no more.
            let was_granted_since = || {
                of_lock().any(|later| {
                    later.operation.outcome == Outcome::Done
                        && later.operation.start_micros > end(one.operation)
                        && end(later.operation) < reader.start_micros
                })
            };
            let stays_until = if *outcome == Outcome::Done {
                end(one.operation)
            } else {
                end(one.operation).saturating_add(AWAY_MICROS_MAX + SLACK_MICROS)
            };
            *start_micros <= end(reader)
                && reader.start_micros <= stays_until
                && !was_granted_since()
        })
    }
}

/// Whether the server may take this request for a copy of one whose time is over. It does so with Terraform
/// and OpenTofu only: if something ended for their lock ID after they can have sent it.
pub(super) fn may_be_late(request: &Operation, lock: &str, history: &[&Operation]) -> bool {
    let is_another_of_it = |one: &&&Operation| {
        !std::ptr::eq::<Operation>(**one, request)
            && one.start_micros <= end(request)
            && one.action.acquired().is_some_and(|(of, _)| of == lock)
    };
    let mut others = history.iter().filter(is_another_of_it).filter(|one| !one.outcome.is_known());
    let is_meanwhile = |one: &Operation| {
        one.start_micros <= end(request)
            && end(one).saturating_add(CONNECTING_MICROS_MAX) >= request.start_micros
    };
    let is_ended = || {
        history.iter().any(|one| match &one.action {
            Action::Release { .. } | Action::ForceUnlock => {
                may_have_happened(one) && is_meanwhile(one)
            }
            Action::Acquire { .. }
            | Action::Look { .. }
            | Action::Read { .. }
            | Action::ReadDigest
            | Action::Write { .. }
            | Action::Delete { .. } => false,
        })
    };
    request.program.is_some() && others.any(|one| is_meanwhile(one) || is_ended())
}

/// Whether a request that ended so can have left a place in line, for its lock ID to come back to.
fn leaves_a_place(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused | Outcome::Unknown { .. } => true,
        Outcome::Done
        | Outcome::Holder(_)
        | Outcome::State(_)
        | Outcome::Digest(_)
        | Outcome::NotSent => false,
    }
}

/// Between which moments a lock may have been on its way to be free: one half given back, the other not yet.
fn given_back(history: &[&Operation]) -> Vec<(u64, u64)> {
    let mut halves: BTreeMap<&str, BTreeSet<Facet>> = BTreeMap::new();
    for one in history {
        if let Action::Acquire { facet, lock, .. } = &one.action
            && may_have_happened(one)
        {
            halves.entry(lock).or_default().insert(*facet);
        }
    }
    halves.retain(|_, facets| facets.len() > 1);
    let of_each = halves.iter().filter_map(|(lock, facets)| giving_back(history, lock, facets));
    // Who names nothing may have met any of them.
    let blind = history.iter().filter(|one| match &one.action {
        Action::Release { naming, .. } => {
            *naming == Naming::Blind && !halves.is_empty() && may_have_happened(one)
        }
        Action::Acquire { .. }
        | Action::Look { .. }
        | Action::ForceUnlock
        | Action::Read { .. }
        | Action::ReadDigest
        | Action::Write { .. }
        | Action::Delete { .. } => false,
    });
    let of_blind =
        blind.map(|one| (one.start_micros, end(one).saturating_add(GIVE_BACK_MICROS_MAX)));
    of_each.chain(of_blind).collect()
}

/// Between which moments a lock of several facets may have been given back.
fn giving_back(history: &[&Operation], lock: &str, facets: &BTreeSet<Facet>) -> Option<(u64, u64)> {
    let mut releases = Vec::new();
    for one in history {
        if let Action::Release { facet, lock: of, .. } = &one.action
            && of == lock
            && may_have_happened(one)
        {
            releases.push((*facet, *one));
        }
    }
    let from = releases.iter().map(|(_, one)| one.start_micros).min()?;
    let at_most =
        releases.iter().map(|(_, one)| end(one)).max()?.saturating_add(GIVE_BACK_MICROS_MAX);
    let is_taken_again = history.iter().any(|one| {
        matches!(&one.action, Action::Acquire { lock: of, .. } if of == lock)
            && may_have_happened(one)
            && end(one) >= from
    });
    let given = |facet: &Facet| {
        let done = releases.iter().filter(|(of, one)| of == facet && one.outcome == Outcome::Done);
        done.map(|(_, one)| end(one)).min()
    };
    let all: Option<Vec<u64>> = facets.iter().map(given).collect();
    let to = all.filter(|_| !is_taken_again).and_then(|ends| ends.into_iter().max());
    Some((from, to.unwrap_or(at_most)))
}

/// Whether an operation that changes something may have changed it.
pub(super) fn may_have_happened(operation: &Operation) -> bool {
    match operation.outcome {
        Outcome::Done | Outcome::Unknown { .. } => true,
        Outcome::Holder(_)
        | Outcome::State(_)
        | Outcome::Digest(_)
        | Outcome::Refused
        | Outcome::NotSent => false,
    }
}

/// When an operation ended at the latest.
pub(super) fn end(operation: &Operation) -> u64 {
    operation.end_micros.unwrap_or(u64::MAX)
}
