//! A policy as it was read.

use super::condition::Condition;
use super::json::Position;
use super::pattern::Pattern;
use super::principal::Principal;

/// A policy: statements.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) statements: Vec<Statement>,
    /// What is right, and probably not meant.
    pub(crate) remarks: Vec<String>,
}

/// Whether a statement permits or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) at: Position,
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// Who it is about, in the policy of a resource.
    pub(super) principal: Option<Principal>,
    pub(crate) actions: Values,
    pub(crate) resources: Values,
    pub(crate) conditions: Vec<Condition>,
}

/// Patterns, and whether they say what it is about or what it is not about.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    /// `NotAction`, `NotResource`.
    pub(crate) is_negated: bool,
    pub(crate) patterns: Vec<Named>,
}

/// A pattern of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) pattern: Pattern,
}

impl Statement {
    /// Its name for people.
    pub(crate) fn name(&self) -> String {
        match &self.sid {
            Some(sid) => format!("statement `{sid}` (line {})", self.at.line),
            None => format!("the statement in line {}", self.at.line),
        }
    }
}
