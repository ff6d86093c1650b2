//! What policies say to a request.

use std::collections::BTreeMap;

use super::document::{Effect, Policy, Statement, Values};
use super::pattern::{Matched, Pattern, Subject};
use super::principal::Caller;

/// A request: what, to what, by whom, and what else is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    action: Subject,
    resource: Subject,
    caller: Option<Caller>,
    /// By key, in small letters; without values if the key is not in the request.
    pub(super) context: BTreeMap<String, Vec<Subject>>,
}

impl Request {
    /// An action, as `s3:GetObject`, on a resource by its ARN. Of all condition keys nothing is known.
    pub(crate) fn new(action: &str, resource: Subject) -> Self {
        let action = Subject::exactly(action).lower();
        Self { action, resource, caller: None, context: BTreeMap::new() }
    }

    /// The action, in small letters.
    pub(super) fn action(&self) -> String {
        self.action.shown()
    }

    /// Sent by somebody.
    #[must_use]
    pub(crate) fn by(mut self, caller: Option<Caller>) -> Self {
        self.caller = caller;
        self
    }

    /// With this value of a condition key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: Subject) -> Self {
        self.context.insert(key.to_ascii_lowercase(), vec![value]);
        self
    }

    /// Certainly without this condition key.
    #[must_use]
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.context.insert(key.to_ascii_lowercase(), Vec::new());
        self
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    No,
    Perhaps,
    Yes,
}

impl From<bool> for Truth {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Perhaps => Self::Perhaps,
            Self::Yes => Self::No,
        }
    }
}

/// Which statement: number of the policy, and of the statement in it, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Which {
    pub(crate) policy: usize,
    pub(crate) statement: usize,
}

/// What policies say to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is allowed, whatever else is.
    Allowed,
    /// This statement denies it.
    Denied(Which),
    /// No statement allows it.
    NotAllowed,
    /// That hangs on something.
    Depends(Vec<Dependence>),
}

/// What an answer hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependence {
    pub(crate) statement: Which,
    pub(crate) effect: Effect,
    pub(crate) cause: Cause,
}

/// Why it cannot be said whether a statement is about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It is about some of the objects that the request is about.
    PartOfResources,
    /// It is about some of the values that the request may have.
    PartOfValues { operator: String, key: String },
    /// A condition about something that only the service knows.
    Condition { operator: String, key: String },
    /// A policy variable in the resource.
    Variable,
    /// It is about other people, perhaps.
    Principal,
    /// It permits something to the caller's account, and what that passes on to the caller is said elsewhere.
    Delegation,
}

impl Cause {
    /// Whether the statement is certainly about some, and certainly not about all.
    pub(crate) fn is_part(&self) -> bool {
        match self {
            Self::PartOfResources | Self::PartOfValues { .. } => true,
            Self::Condition { .. } | Self::Variable | Self::Principal | Self::Delegation => false,
        }
    }
}

/// Asks all policies that count for somebody at once.
pub(crate) fn evaluate(policies: &[&Policy], request: &Request) -> Answer {
    let (mut allowed, mut perhaps_allowed, mut perhaps_denied) = (false, Vec::new(), Vec::new());
    for (policy, document) in policies.iter().enumerate() {
        for (number, statement) in document.statements.iter().enumerate() {
            let which = Which { policy, statement: number };
            let (truth, causes) = about(statement, request);
            let dependences = causes.into_iter().map(|cause| Dependence {
                statement: which,
                effect: statement.effect,
                cause,
            });
            match (statement.effect, truth) {
                (Effect::Deny, Truth::Yes) => return Answer::Denied(which),
                (Effect::Allow, Truth::Yes) => allowed = true,
                (Effect::Allow, Truth::Perhaps) => perhaps_allowed.extend(dependences),
                (Effect::Deny, Truth::Perhaps) => perhaps_denied.extend(dependences),
                (Effect::Allow | Effect::Deny, Truth::No) => {}
            }
        }
    }
    match (allowed, perhaps_allowed.is_empty()) {
        (true, _) if perhaps_denied.is_empty() => Answer::Allowed,
        (true, _) => Answer::Depends(perhaps_denied),
        (false, true) => Answer::NotAllowed,
        (false, false) => {
            perhaps_allowed.extend(perhaps_denied);
            Answer::Depends(perhaps_allowed)
        }
    }
}

/// Whether a statement is about a request, and what that hangs on.
fn about(statement: &Statement, request: &Request) -> (Truth, Vec<Cause>) {
    let action = any(&statement.actions, |pattern| pattern.without_case().matches(&request.action));
    if action == Truth::No {
        return (Truth::No, Vec::new());
    }
    let mut causes = Vec::new();
    let resource = any(&statement.resources, |pattern| pattern.matches_arn(&request.resource));
    let principal = statement.principal.as_ref();
    let caller = request.caller.as_ref();
    let (principal, of_principal) =
        principal.map_or((Truth::Yes, None), |p| p.includes(caller, statement.effect));
    let mut truth = action.min(resource).min(principal);
    if resource == Truth::Perhaps {
        let varies = statement.resources.patterns.iter().any(|named| named.pattern.has_variable());
        causes.push(if varies { Cause::Variable } else { Cause::PartOfResources });
    }
    causes.extend(of_principal);
    for condition in &statement.conditions {
        let (holds, cause) = condition.holds(request);
        truth = truth.min(holds);
        causes.extend(cause);
    }
    if truth == Truth::Perhaps { (truth, causes) } else { (truth, Vec::new()) }
}

fn any(values: &Values, matches: impl Fn(&Pattern) -> Matched) -> Truth {
    let best = values.patterns.iter().map(|named| matches(&named.pattern)).max();
    let truth = Truth::from(best.unwrap_or(Matched::None));
    if values.is_negated { truth.not() } else { truth }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
