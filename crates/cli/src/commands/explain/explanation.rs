//! An error that was recognised.

use serde::Serialize;
use serde_json::{Map, Value};

use super::facts::Facts;
use super::rule::Rule;
use super::template;

/// A rule with what the text said.
#[derive(Debug)]
pub(super) struct Explanation {
    pub(super) rule: &'static Rule,
    pub(super) facts: Facts,
    /// The line at which it begins, from 1.
    pub(super) line: usize,
}

/// How it looks in JSON. Members are added without a new schema.
#[derive(Serialize)]
pub(super) struct Document {
    id: &'static str,
    title: &'static str,
    line: usize,
    cause: &'static str,
    /// Whether `cause` is all that it can be.
    certain: bool,
    possible_causes: Vec<Possible>,
    #[serde(skip_serializing_if = "Option::is_none")]
    danger: Option<&'static str>,
    facts: Map<String, Value>,
    next: Vec<Next>,
}

#[derive(Serialize)]
struct Possible {
    cause: &'static str,
    how_to_tell: &'static str,
}

/// A step, with its command filled.
#[derive(Serialize)]
pub(super) struct Next {
    pub(super) step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
}

impl Explanation {
    /// What to do, with what the text says in the commands.
    pub(super) fn next(&self) -> Vec<Next> {
        let steps = self.rule.next.iter();
        let filled = steps.map(|step| Next {
            step: step.what,
            command: step.command.map(|command| template::fill(command, &self.facts)),
        });
        filled.collect()
    }

    /// The explanation as JSON.
    pub(super) fn document(&self) -> Document {
        let possible = self.rule.possible.iter();
        Document {
            id: self.rule.id,
            title: self.rule.title,
            line: self.line,
            cause: self.rule.cause,
            certain: self.rule.possible.is_empty(),
            possible_causes: possible
                .map(|it| Possible { cause: it.cause, how_to_tell: it.tell })
                .collect(),
            danger: self.rule.danger,
            facts: self.facts.iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
            next: self.next(),
        }
    }
}
