//! Conditions with their values, and whether an item fulfils them.

use std::cmp::Ordering;

use super::document;
use super::tree::Path;
use crate::records::{AttributeValue, Item, Number};

/// Something that has a value, or none, in an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// What stands there.
    Path(Path),
    /// This value.
    Value(AttributeValue),
    /// How large what stands there is.
    Size(Path),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`, which is also true if one of the two is missing.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A condition on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A comparison. Values of different types are unequal and in no order.
    Compare(Operand, Comparator, Operand),
    /// At least the first bound and at most the second.
    Between(Operand, Operand, Operand),
    /// Equal to one of these.
    In(Operand, Vec<Operand>),
    /// Something stands there.
    Exists(Path),
    /// Nothing stands there.
    NotExists(Path),
    /// What stands there has this type.
    HasType(Path, String),
    /// A text or bytes that begin with another.
    BeginsWith(Operand, Operand),
    /// A part of a text or of bytes, or a member of a set or list.
    Contains(Operand, Operand),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// At least one.
    Or(Box<Condition>, Box<Condition>),
    /// Not.
    Not(Box<Condition>),
}

impl Comparator {
    /// The comparator of this sign.
    pub(super) fn from_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Whether two values, of which each may be missing, compare so.
    pub fn holds(self, left: Option<&AttributeValue>, right: Option<&AttributeValue>) -> bool {
        let (Some(left), Some(right)) = (left, right) else { return self == Self::NotEqual };
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => order(left, right) == Some(Ordering::Less),
            Self::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
            Self::Greater => order(left, right) == Some(Ordering::Greater),
            Self::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        }
    }
}

/// The order of two texts, numbers or byte strings.
pub(super) fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => {
            Some(left.as_bytes().cmp(right.as_bytes()))
        }
        (AttributeValue::N(left), AttributeValue::N(right)) => Some(left.cmp(right)),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

impl Operand {
    fn value(&self, item: &Item) -> Option<AttributeValue> {
        match self {
            Self::Path(path) => document::get(item, path).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => size(document::get(item, path)?),
        }
    }
}

/// What the function `size` gives.
fn size(value: &AttributeValue) -> Option<AttributeValue> {
    let size = match value {
        // Not bytes: the service counts UTF-16 code units.
        AttributeValue::S(text) => text.encode_utf16().count(),
        AttributeValue::B(blob) => blob.0.len(),
        AttributeValue::L(list) => list.len(),
        AttributeValue::M(map) => map.len(),
        AttributeValue::StringSet(set) => set.len(),
        AttributeValue::NumberSet(set) => set.len(),
        AttributeValue::BlobSet(set) => set.len(),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null(_) => return None,
    };
    Some(AttributeValue::N(Number::from(u32::try_from(size).unwrap_or(u32::MAX))))
}

impl Condition {
    /// Whether `item` fulfils the condition. An item that does not exist is an empty one.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Compare(left, comparator, right) => {
                comparator.holds(left.value(item).as_ref(), right.value(item).as_ref())
            }
            Self::Between(operand, low, high) => {
                let value = operand.value(item);
                Comparator::GreaterOrEqual.holds(value.as_ref(), low.value(item).as_ref())
                    && Comparator::LessOrEqual.holds(value.as_ref(), high.value(item).as_ref())
            }
            Self::In(operand, candidates) => operand.value(item).is_some_and(|value| {
                candidates.iter().any(|candidate| candidate.value(item).as_ref() == Some(&value))
            }),
            Self::Exists(path) => document::get(item, path).is_some(),
            Self::NotExists(path) => document::get(item, path).is_none(),
            Self::HasType(path, name) => {
                document::get(item, path).is_some_and(|value| value.type_name() == name)
            }
            Self::BeginsWith(whole, start) => match (whole.value(item), start.value(item)) {
                (Some(AttributeValue::S(whole)), Some(AttributeValue::S(start))) => {
                    whole.starts_with(&start)
                }
                (Some(AttributeValue::B(whole)), Some(AttributeValue::B(start))) => {
                    whole.0.starts_with(&start.0)
                }
                _ => false,
            },
            Self::Contains(whole, part) => match (whole.value(item), part.value(item)) {
                (Some(whole), Some(part)) => contains(&whole, &part),
                _ => false,
            },
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Or(left, right) => left.holds(item) || right.holds(item),
            Self::Not(inner) => !inner.holds(item),
        }
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// Either condition.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// Every path that the condition looks at.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut paths);
        paths
    }

    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        let mut operand = |operand: &'a Operand| match operand {
            Operand::Path(path) | Operand::Size(path) => paths.push(path),
            Operand::Value(_) => {}
        };
        match self {
            Self::Compare(a, _, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => {
                operand(a);
                operand(b);
            }
            Self::Between(a, b, c) => [a, b, c].into_iter().for_each(operand),
            Self::In(a, candidates) => std::iter::once(a).chain(candidates).for_each(operand),
            Self::Exists(path) | Self::NotExists(path) | Self::HasType(path, _) => paths.push(path),
            Self::And(left, right) | Self::Or(left, right) => {
                left.collect_paths(paths);
                right.collect_paths(paths);
            }
            Self::Not(inner) => inner.collect_paths(paths),
        }
    }
}

fn contains(whole: &AttributeValue, part: &AttributeValue) -> bool {
    match (whole, part) {
        (AttributeValue::S(text), AttributeValue::S(part)) => text.contains(part),
        (AttributeValue::B(bytes), AttributeValue::B(part)) => {
            part.0.is_empty() || bytes.0.windows(part.0.len()).any(|window| window == part.0)
        }
        (AttributeValue::StringSet(set), AttributeValue::S(member)) => set.contains(member),
        (AttributeValue::NumberSet(set), AttributeValue::N(member)) => set.contains(member),
        (AttributeValue::BlobSet(set), AttributeValue::B(member)) => set.contains(member),
        (AttributeValue::L(list), member) => list.contains(member),
        _ => false,
    }
}
