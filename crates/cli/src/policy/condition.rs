//! Conditions of statements, and whether a request meets them.

use super::decide::{Cause, Request, Truth};
use super::json::Position;
use super::keys::never_has;
use super::operator::{Operator, Quantifier, Test};
use super::pattern::{Matched, Pattern, Subject};

/// One key of a condition. All of a statement's have to be met.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) at: Position,
    /// The operator's name.
    pub(crate) name: String,
    /// The operator, if it is known.
    pub(super) operator: Option<Operator>,
    /// As it is written; keys know no capitals.
    pub(crate) key: String,
    /// One of them has to be right.
    pub(crate) values: Vec<Pattern>,
}

/// What is known of a key of a request.
enum Known<'a> {
    Values(&'a [Subject]),
    /// It is not in the request.
    Absent,
    /// Only the service knows.
    No,
}

impl Condition {
    /// Whether a request meets it, and what that hangs on.
    pub(super) fn holds(&self, request: &Request) -> (Truth, Option<Cause>) {
        let truth = self.truth(request);
        let cause = (truth == Truth::Perhaps).then(|| {
            let is_known = request.context.contains_key(&self.key.to_ascii_lowercase());
            let varies = self.values.iter().any(Pattern::has_variable);
            let (operator, key) = (self.name.clone(), self.key.clone());
            if is_known && !varies && self.operator.is_some_and(|o| o.test != Test::OfService) {
                Cause::PartOfValues { operator, key }
            } else {
                Cause::Condition { operator, key }
            }
        });
        (truth, cause)
    }

    /// Whether the statement is about these values of a key alone: what its values take in is the whole of
    /// what is permitted.
    pub(crate) fn restricts(&self, key: &str) -> bool {
        let is_positive = self.operator.is_some_and(|operator| {
            let compares = match operator.test {
                Test::Text | Test::TextWithoutCase | Test::TextLike | Test::Arn => true,
                Test::Bool | Test::Null | Test::Number(_) | Test::OfService => false,
            };
            compares && !operator.is_negated
        });
        is_positive && self.key.eq_ignore_ascii_case(key)
    }

    fn truth(&self, request: &Request) -> Truth {
        let Some(operator) = self.operator else { return Truth::Perhaps };
        match (operator.test, known(request, &self.key)) {
            (_, Known::No) => Truth::Perhaps,
            (Test::Null, Known::Absent) => self.wants("true"),
            (Test::Null, Known::Values(_)) => self.wants("false"),
            (_, Known::Absent) => Truth::from(
                operator.if_exists
                    || match operator.quantifier {
                        Some(Quantifier::All) => true,
                        Some(Quantifier::Any) => false,
                        None => operator.is_negated,
                    },
            ),
            (_, Known::Values(values)) => {
                let each = values.iter().map(|value| self.is_right(operator, value));
                match operator.quantifier {
                    Some(Quantifier::All) => each.min().unwrap_or(Truth::Yes),
                    Some(Quantifier::Any) | None => each.max().unwrap_or(Truth::No),
                }
            }
        }
    }

    fn wants(&self, word: &str) -> Truth {
        Truth::from(self.values.iter().any(|value| value.text().eq_ignore_ascii_case(word)))
    }

    fn is_right(&self, operator: Operator, value: &Subject) -> Truth {
        let one = |pattern: &Pattern| match operator.test {
            Test::Text | Test::TextLike => pattern.matches(value).into(),
            Test::TextWithoutCase | Test::Bool => {
                pattern.without_case().matches(&value.lower()).into()
            }
            Test::Arn => pattern.matches_arn(value).into(),
            Test::Number(comparison) => {
                comparison.holds(&value.shown(), pattern.text()).map_or(Truth::Perhaps, Truth::from)
            }
            Test::Null | Test::OfService => Truth::Perhaps,
        };
        let right = self.values.iter().map(one).max().unwrap_or(Truth::No);
        if operator.is_negated { right.not() } else { right }
    }
}

impl From<Matched> for Truth {
    fn from(matched: Matched) -> Self {
        match matched {
            Matched::None => Self::No,
            Matched::Part => Self::Perhaps,
            Matched::Whole => Self::Yes,
        }
    }
}

fn known<'a>(request: &'a Request, key: &str) -> Known<'a> {
    let key = key.to_ascii_lowercase();
    match request.context.get(&key) {
        None if never_has(&request.action(), &key) => Known::Absent,
        None => Known::No,
        Some(values) if values.is_empty() => Known::Absent,
        Some(values) => Known::Values(values),
    }
}
