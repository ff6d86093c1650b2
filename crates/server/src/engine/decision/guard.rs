//! May this write replace a state, and may it be its sender's?
//!
//! In order: a lock that stands must be able to be the writer's; a state gives way to a state only,
//! of its own lineage and with a larger serial. An exception lifts the second part, never the first.

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{Facet, FacetSet, Hold};
use statelock_protocol::state::{
    WriteRefusal as RuleRefusal, WriteVerdict as RuleVerdict, judge_write,
};

use crate::engine::guard::{GuardMode, GuardPolicy, WriteClaim};
use crate::engine::{Protocol, Sender};
use crate::records::{BodyFacts, BodyKind, HolderRecord};

/// What is asked, with everything that is known.
#[derive(Clone, Debug)]
pub(crate) struct GuardQuestion<'a> {
    /// The current object; `None` if there is none.
    pub(crate) stored: Option<&'a BodyFacts>,
    pub(crate) offered: Offered<'a>,
    pub(crate) lock: Option<StandingLock<'a>>,
    pub(crate) sender: &'a Sender,
    pub(crate) claim: &'a WriteClaim,
    /// The lock that the sender's connection took, and lost to the one that stands.
    pub(crate) lost: Option<LockId>,
    /// Whether one write is permitted that the rule would refuse.
    pub(crate) is_excepted: bool,
    pub(crate) policy: GuardPolicy,
}

/// What is to stand in the place of the current object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Offered<'a> {
    /// A body.
    Body(&'a BodyFacts),
    /// Nothing: a delete.
    Nothing,
}

/// The lock that stands on the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandingLock<'a> {
    pub(crate) hold: &'a Hold,
    /// Who took it; unknown of a lock that was stored before that was kept.
    pub(crate) holder: Option<&'a HolderRecord>,
}

/// What the guard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuardVerdict {
    /// Nothing speaks against it.
    Allowed,
    /// It would be refused, and is permitted once.
    AllowedByException(GuardRefusal),
    /// It would be refused, and the guard only records.
    Audited(GuardRefusal),
    /// It is refused.
    Refused(GuardRefusal),
}

/// Why a write is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuardRefusal {
    /// The sender does not hold the lock.
    NotHolder(NotHolder),
    /// The offered state must not replace the stored one.
    Rule(RuleRefusal),
    /// The stored bytes are a state and the offered ones are none.
    NoState(BodyKind),
}

/// How it is known that a sender does not hold the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotHolder {
    /// It names no lock, in a protocol in which holders do.
    NamesNone,
    /// It names this lock, and another one stands.
    NamesOther(LockId),
    /// It names this lock, and none stands.
    NamesFree(LockId),
    /// Its access key is not the one that took the lock.
    OtherPrincipal,
    /// The lock was taken through `http` alone, and its holder writes there too.
    OtherProtocol,
    /// Its connection took this lock, and lost it to the one that stands.
    LostItsLock(LockId),
    /// It comes from another address than the lock.
    OtherAddress,
    /// Clients delete a state after they released its lock.
    Deletes,
}

/// Judges a write or a delete.
pub(crate) fn decide_guard(question: &GuardQuestion<'_>) -> GuardVerdict {
    let refusal = match question.policy.mode {
        GuardMode::Off => return GuardVerdict::Allowed,
        GuardMode::Audit | GuardMode::Refuse => refusal(question),
    };
    match (refusal, question.policy.mode) {
        (None, _) => GuardVerdict::Allowed,
        (Some(refusal), _) if question.is_excepted && refusal.can_be_excepted() => {
            GuardVerdict::AllowedByException(refusal)
        }
        (Some(refusal), GuardMode::Refuse) => GuardVerdict::Refused(refusal),
        (Some(refusal), GuardMode::Audit | GuardMode::Off) => GuardVerdict::Audited(refusal),
    }
}

impl GuardRefusal {
    fn can_be_excepted(&self) -> bool {
        match self {
            Self::NotHolder(_) => false,
            Self::Rule(_) | Self::NoState(_) => true,
        }
    }
}

fn refusal(question: &GuardQuestion<'_>) -> Option<GuardRefusal> {
    not_holder(question).map(GuardRefusal::NotHolder).or_else(|| breaks_rule(question))
}

fn not_holder(question: &GuardQuestion<'_>) -> Option<NotHolder> {
    match (question.claim, question.lock) {
        (WriteClaim::Http(None) | WriteClaim::Unnamed, None) => None,
        (WriteClaim::Http(Some(id)), None) => Some(NotHolder::NamesFree(id.clone())),
        (WriteClaim::Http(Some(id)), Some(lock)) => {
            (!lock.hold.is_held_by(Some(id))).then(|| NotHolder::NamesOther(id.clone()))
        }
        (WriteClaim::Http(None), Some(_)) => Some(NotHolder::NamesNone),
        (WriteClaim::Unnamed, Some(lock)) => match question.offered {
            Offered::Nothing => Some(NotHolder::Deletes),
            Offered::Body(_) => seen_not_to_hold(question, lock),
        },
    }
}

/// The signs by which a writer that names no lock is known not to be its holder. Each is sound: no
/// stock client that holds the lock shows it.
fn seen_not_to_hold(question: &GuardQuestion<'_>, lock: StandingLock<'_>) -> Option<NotHolder> {
    let sender = question.sender;
    if lock.holder.is_some_and(|holder| holder.principal != sender.principal) {
        return Some(NotHolder::OtherPrincipal);
    }
    let writes_elsewhere = match sender.protocol {
        Protocol::S3 => lock.hold.facets == FacetSet::of(Facet::Http),
        Protocol::Http | Protocol::DynamoDb | Protocol::Admin => false,
    };
    if writes_elsewhere {
        return Some(NotHolder::OtherProtocol);
    }
    if let Some(lost) = &question.lost {
        return Some(NotHolder::LostItsLock(lost.clone()));
    }
    let addresses_count = question.policy.direct_clients && !sender.proxied;
    let elsewhere =
        |holder: &HolderRecord| !holder.proxied && holder.peer != sender.connection.peer;
    if addresses_count && lock.holder.is_some_and(elsewhere) {
        return Some(NotHolder::OtherAddress);
    }
    None
}

fn breaks_rule(question: &GuardQuestion<'_>) -> Option<GuardRefusal> {
    let Offered::Body(offered) = question.offered else { return None };
    let stored_facts = question.stored?;
    let stored = stored_facts.state()?;
    let Some(offered_state) = offered.state() else {
        return Some(GuardRefusal::NoState(offered.kind.clone()));
    };
    let (stored, state) = (stored.header(), offered_state.header());
    match judge_write(Some((&stored, &stored_facts.digest)), (&state, &offered.digest)) {
        RuleVerdict::Allowed | RuleVerdict::Identical => None,
        RuleVerdict::Refused(refusal) => Some(GuardRefusal::Rule(refusal)),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
