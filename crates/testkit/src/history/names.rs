//! Names of locks, states and calls as numbers, so that situations are small.

use std::collections::BTreeMap;

use statelock_protocol::lock::unified::Facet;

use super::operation::{Action, Operation, Refusal, StateValue};
use super::problem::Number;

/// What two attempts of one release have in common: the id of the call, or over `http` the lock ID.
pub(super) fn same_release(facet: Facet, lock: &str, call: Option<&String>) -> Option<String> {
    match (call, facet) {
        (Some(call), _) => Some(call.clone()),
        (None, Facet::Http) => Some(format!("release of {lock}")),
        (None, Facet::Lockfile | Facet::LockTable) => None,
    }
}

/// What two looks after one refusal have in common.
pub(super) fn shown_after(client: u32, refusal: &Refusal) -> String {
    format!("refusal of {} to {client} at {}", refusal.lock, refusal.at_micros)
}

/// Numbers of things, in the order in which they came.
pub(super) struct Numbers<T> {
    pub(super) names: Vec<T>,
}

impl<T: Clone + PartialEq> Numbers<T> {
    pub(super) fn number(&mut self, name: &T) -> Number {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        Number::try_from(at).unwrap_or(Number::MAX)
    }
}

/// The names of one history.
pub(super) struct Names {
    pub(super) locks: Numbers<String>,
    pub(super) states: Numbers<StateValue>,
    /// How often each call comes.
    calls: BTreeMap<String, usize>,
}

impl Names {
    pub(super) fn of(history: &[&Operation]) -> Self {
        let mut calls = BTreeMap::new();
        for operation in history {
            let call = match &operation.action {
                Action::Acquire { call, .. } => call.clone(),
                Action::Release { facet, lock, call, .. } => {
                    same_release(*facet, lock, call.as_ref())
                }
                Action::Look { refusal, .. } => {
                    refusal.as_ref().map(|refusal| shown_after(operation.client, refusal))
                }
                Action::ForceUnlock
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
    pub(super) fn call(&self, call: &str) -> Option<Number> {
        let at = self.calls.keys().position(|known| known == call)?;
        let comes_again = self.calls.get(call).is_some_and(|times| *times > 1);
        Number::try_from(at).ok().filter(|_| comes_again)
    }
}
