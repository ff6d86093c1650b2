//! What a query says about keys: one partition, and perhaps a range in it.

use super::condition::{Comparator, Condition, Operand};
use super::tree::Path;
use super::{ExpressionError, ExpressionKind};
use crate::records::AttributeValue;

/// Conditions on key attributes, by name, in the order written; at most one for each.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KeyCondition {
    /// The conditions.
    pub attributes: Vec<(String, RangeCondition)>,
}

/// A condition on one key attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeCondition {
    /// `=`, `<` and the like; never `<>`.
    Compare(Comparator, AttributeValue),
    /// At least the first and at most the second.
    Between(AttributeValue, AttributeValue),
    /// Begins with.
    BeginsWith(AttributeValue),
}

impl RangeCondition {
    /// Whether a key attribute's value fulfils the condition.
    pub fn holds(&self, value: &AttributeValue) -> bool {
        match self {
            Self::Compare(comparator, bound) => comparator.holds(Some(value), Some(bound)),
            Self::Between(low, high) => {
                Comparator::GreaterOrEqual.holds(Some(value), Some(low))
                    && Comparator::LessOrEqual.holds(Some(value), Some(high))
            }
            Self::BeginsWith(start) => match (value, start) {
                (AttributeValue::S(value), AttributeValue::S(start)) => value.starts_with(start),
                (AttributeValue::B(value), AttributeValue::B(start)) => {
                    value.0.starts_with(&start.0)
                }
                _ => false,
            },
        }
    }

    /// The values that it compares with.
    pub fn values(&self) -> Vec<&AttributeValue> {
        match self {
            Self::Compare(_, value) | Self::BeginsWith(value) => vec![value],
            Self::Between(low, high) => vec![low, high],
        }
    }
}

type Why = String;

impl KeyCondition {
    /// Takes a condition apart that is a conjunction of conditions on single attributes.
    pub(super) fn from_condition(condition: Condition) -> Result<Self, ExpressionError> {
        let mut taken = Self::default();
        taken.take(condition).map_err(|why| ExpressionKind::KeyCondition.error(why))?;
        Ok(taken)
    }

    fn take(&mut self, condition: Condition) -> Result<(), Why> {
        let (path, range) = match condition {
            Condition::And(left, right) => {
                self.take(*left)?;
                return self.take(*right);
            }
            Condition::Compare(left, comparator, right) => compare(left, comparator, right)?,
            Condition::Between(Operand::Path(path), low, high) => {
                (path, RangeCondition::Between(literal(low)?, literal(high)?))
            }
            Condition::BeginsWith(Operand::Path(path), start) => {
                (path, RangeCondition::BeginsWith(literal(start)?))
            }
            Condition::Between(..) => return Err(first_operand("BETWEEN")),
            Condition::BeginsWith(..) => return Err(first_operand("begins_with")),
            Condition::Or(..) => return Err(operator("OR")),
            Condition::Not(_) => return Err(operator("NOT")),
            Condition::In(..) => return Err(operator("IN")),
            Condition::Exists(_) => return Err(operator("attribute_exists")),
            Condition::NotExists(_) => return Err(operator("attribute_not_exists")),
            Condition::HasType(..) => return Err(operator("attribute_type")),
            Condition::Contains(..) => return Err(operator("contains")),
        };
        if !path.rest.is_empty() {
            let why = "KeyConditionExpressions cannot have conditions on nested attributes";
            return Err(why.to_owned());
        }
        if self.attributes.iter().any(|(name, _)| *name == path.attribute) {
            let why = "KeyConditionExpressions must only contain one condition per key";
            return Err(why.to_owned());
        }
        self.attributes.push((path.attribute, range));
        Ok(())
    }
}

fn operator(name: &str) -> Why {
    format!("Invalid operator used in KeyConditionExpression: {name}")
}

fn first_operand(name: &str) -> Why {
    format!(
        "Invalid condition in KeyConditionExpression: {name} operator must have the key attribute \
         as its first operand"
    )
}

fn literal(operand: Operand) -> Result<AttributeValue, Why> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Path(_) => Err("Invalid condition in KeyConditionExpression: Multiple attribute \
                                 names used in one condition"
            .to_owned()),
        Operand::Size(_) => Err(nested()),
    }
}

fn nested() -> Why {
    "KeyConditionExpressions cannot contain nested operations".to_owned()
}

fn compare(
    left: Operand,
    comparator: Comparator,
    right: Operand,
) -> Result<(Path, RangeCondition), Why> {
    let (path, comparator, value) = match (left, right) {
        (Operand::Size(_), _) | (_, Operand::Size(_)) => return Err(nested()),
        (Operand::Path(path), right) => (path, comparator, literal(right)?),
        (Operand::Value(value), Operand::Path(path)) => (path, mirrored(comparator), value),
        (Operand::Value(_), Operand::Value(_)) => {
            return Err("Invalid condition in KeyConditionExpression: No key attribute specified"
                .to_owned());
        }
    };
    if comparator == Comparator::NotEqual {
        return Err(operator("<>"));
    }
    Ok((path, RangeCondition::Compare(comparator, value)))
}

/// The comparator with its sides exchanged.
fn mirrored(comparator: Comparator) -> Comparator {
    match comparator {
        Comparator::Equal => Comparator::Equal,
        Comparator::NotEqual => Comparator::NotEqual,
        Comparator::Less => Comparator::Greater,
        Comparator::LessOrEqual => Comparator::GreaterOrEqual,
        Comparator::Greater => Comparator::Less,
        Comparator::GreaterOrEqual => Comparator::LessOrEqual,
    }
}
