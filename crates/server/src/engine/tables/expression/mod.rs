//! Expressions of the lock table's API: parsed, bound to names and values, evaluated. Pure.
//!
//! A text becomes tokens ([`token`]), then a tree that is what was written ([`tree`], by the grammars
//! in [`grammar`] and [`update_grammar`]). Binding replaces placeholders and checks what the syntax
//! does not ([`binding`], [`update_binding`]); only then is there something to evaluate
//! ([`condition`], [`update`]). Errors have the words of DynamoDB.

mod binding;
mod condition;
mod document;
mod grammar;
mod key_condition;
mod projection;
mod reserved;
mod token;
mod tree;
mod update;
mod update_binding;
mod update_grammar;

pub use binding::Placeholders;
pub use condition::{Comparator, Condition, Operand};
pub use key_condition::{KeyCondition, RangeCondition};
pub use projection::Projection;
pub use tree::{Element, Path};
pub use update::{SetOperand, SetValue, Update, UpdateError};

use token::Token;

/// The largest expression, in bytes.
const EXPRESSION_SIZE_BYTES_MAX: usize = 4096;
/// Nested parentheses and negations that an expression may have. DynamoDB's own bound is on the
/// number of operators; this one keeps the parser's stack small.
const NESTING_MAX: usize = 64;

/// Which expression of a request a text is; it begins every message about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpressionKind {
    /// ConditionExpression.
    Condition,
    /// FilterExpression.
    Filter,
    /// KeyConditionExpression.
    KeyCondition,
    /// ProjectionExpression.
    Projection,
    /// UpdateExpression.
    Update,
}

impl ExpressionKind {
    /// The name of the request's member.
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Projection => "ProjectionExpression",
            Self::Update => "UpdateExpression",
        }
    }

    fn error(self, why: impl std::fmt::Display) -> ExpressionError {
        ExpressionError(format!("Invalid {}: {why}", self.name()))
    }
}

/// Why an expression was refused, in the words of DynamoDB.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub String);

/// Cuts an expression into tokens, after the checks that need no grammar.
fn tokens(kind: ExpressionKind, text: &str) -> Result<Vec<Token>, ExpressionError> {
    if text.is_empty() {
        return Err(kind.error("The expression can not be empty;"));
    }
    if text.len() > EXPRESSION_SIZE_BYTES_MAX {
        return Err(kind.error("Expression size has exceeded the maximum allowed size;"));
    }
    let tokens = token::tokenize(text);
    if token::nesting(&tokens) > NESTING_MAX {
        let why = format!("The expression is nested too deeply; levels allowed: {NESTING_MAX}");
        return Err(kind.error(why));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests;
