//! Updates with their values, and what they make of an item.

use super::document;
use super::projection::Projection;
use super::tree::Path;
use crate::records::{AttributeValue, Item, NumberError};

/// What an update does. No two of its paths overlap.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Update {
    /// Puts values at paths.
    pub set: Vec<(Path, SetValue)>,
    /// Removes what stands at paths.
    pub remove: Vec<Path>,
    /// Adds a number to a number, or members to a set; starts from nothing where nothing is.
    pub add: Vec<(Path, AttributeValue)>,
    /// Takes members out of sets; a set without members is removed.
    pub delete: Vec<(Path, AttributeValue)>,
    /// Whether it came as AttributeUpdates, whose errors have other words.
    pub is_legacy: bool,
}

/// A value that is computed from the item as it was before the update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetValue {
    /// As it is.
    Operand(SetOperand),
    /// The sum of two numbers.
    Plus(SetOperand, SetOperand),
    /// The difference of two numbers.
    Minus(SetOperand, SetOperand),
}

/// A part of such a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOperand {
    /// What stands there.
    Path(Path),
    /// This value.
    Value(AttributeValue),
    /// What stands there, or else the operand.
    IfNotExists(Path, Box<SetOperand>),
    /// One list after another.
    ListAppend(Box<SetOperand>, Box<SetOperand>),
    /// What stood between parentheses.
    Group(Box<SetValue>),
}

/// Why an update does not fit the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// A value of another type is needed.
    #[error("An operand in the update expression has an incorrect data type")]
    OperandType,
    /// In the older form of updates: what stands there has another type.
    #[error("Type mismatch for attribute to update")]
    AttributeType,
    /// A path is read where nothing stands.
    #[error("The provided expression refers to an attribute that does not exist in the item")]
    NoSuchAttribute,
    /// A path leads through something that is no map or list.
    #[error("The document path provided in the update expression is invalid for update")]
    NoSuchParent,
    /// A sum is no number that can be kept.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl From<document::NoSuchParent> for UpdateError {
    fn from(_: document::NoSuchParent) -> Self {
        Self::NoSuchParent
    }
}

impl Update {
    /// Every path that the update may change.
    pub fn targets(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let sets = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(sets)
    }

    /// The part of an item that the update is about.
    pub fn touched(&self, item: &Item) -> Item {
        Projection::of_paths(self.targets().cloned().collect()).of(item)
    }

    /// The item after the update.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn applied(&self, before: &Item) -> Result<Item, UpdateError> {
        self.apply(before).map_err(|error| match error {
            UpdateError::OperandType if self.is_legacy => UpdateError::AttributeType,
            UpdateError::OperandType
            | UpdateError::AttributeType
            | UpdateError::NoSuchAttribute
            | UpdateError::NoSuchParent
            | UpdateError::Number(_) => error,
        })
    }

    fn apply(&self, before: &Item) -> Result<Item, UpdateError> {
        let values = self.set.iter().map(|(path, value)| Ok((path, value.evaluate(before)?)));
        let mut assignments = values.collect::<Result<Vec<_>, UpdateError>>()?;
        // What is set beyond the end of a list is appended in the order of the positions.
        assignments.sort_by_key(|(path, _)| *path);
        let mut after = before.clone();
        for (path, value) in assignments {
            document::set(&mut after, path, value)?;
        }
        // The last position first: removing a member moves those behind it.
        let mut removed: Vec<&Path> = self.remove.iter().collect();
        removed.sort();
        for path in removed.into_iter().rev() {
            document::remove(&mut after, path)?;
        }
        for (path, value) in &self.add {
            let sum = match document::get(&after, path) {
                Some(present) => added(present, value)?,
                None => value.clone(),
            };
            document::set(&mut after, path, sum)?;
        }
        for (path, value) in &self.delete {
            let Some(present) = document::get(&after, path) else { continue };
            match without(present, value)? {
                Some(rest) => document::set(&mut after, path, rest)?,
                None => document::remove(&mut after, path)?,
            }
        }
        Ok(after)
    }
}

impl SetValue {
    fn evaluate(&self, item: &Item) -> Result<AttributeValue, UpdateError> {
        let (sum, left, right) = match self {
            Self::Operand(operand) => return operand.evaluate(item),
            Self::Plus(left, right) => (true, left, right),
            Self::Minus(left, right) => (false, left, right),
        };
        match (left.evaluate(item)?, right.evaluate(item)?) {
            (AttributeValue::N(left), AttributeValue::N(right)) => {
                let number = if sum { left.plus(&right)? } else { left.minus(&right)? };
                Ok(AttributeValue::N(number))
            }
            _ => Err(UpdateError::OperandType),
        }
    }
}

impl SetOperand {
    fn evaluate(&self, item: &Item) -> Result<AttributeValue, UpdateError> {
        match self {
            Self::Path(path) => {
                document::get(item, path).cloned().ok_or(UpdateError::NoSuchAttribute)
            }
            Self::Value(value) => Ok(value.clone()),
            Self::IfNotExists(path, fallback) => match document::get(item, path) {
                Some(value) => Ok(value.clone()),
                None => fallback.evaluate(item),
            },
            Self::ListAppend(first, second) => {
                match (first.evaluate(item)?, second.evaluate(item)?) {
                    (AttributeValue::L(mut first), AttributeValue::L(second)) => {
                        first.extend(second);
                        Ok(AttributeValue::L(first))
                    }
                    _ => Err(UpdateError::OperandType),
                }
            }
            Self::Group(value) => value.evaluate(item),
        }
    }
}

/// A number plus a number, or the union of two sets.
fn added(present: &AttributeValue, value: &AttributeValue) -> Result<AttributeValue, UpdateError> {
    match (present, value) {
        (AttributeValue::N(present), AttributeValue::N(value)) => {
            Ok(AttributeValue::N(present.plus(value)?))
        }
        (AttributeValue::StringSet(present), AttributeValue::StringSet(value)) => {
            Ok(AttributeValue::StringSet(present | value))
        }
        (AttributeValue::NumberSet(present), AttributeValue::NumberSet(value)) => {
            Ok(AttributeValue::NumberSet(present | value))
        }
        (AttributeValue::BlobSet(present), AttributeValue::BlobSet(value)) => {
            Ok(AttributeValue::BlobSet(present | value))
        }
        _ => Err(UpdateError::OperandType),
    }
}

/// A set without the members of another; nothing if none is left.
fn without(
    present: &AttributeValue,
    value: &AttributeValue,
) -> Result<Option<AttributeValue>, UpdateError> {
    let (rest, is_empty) = match (present, value) {
        (AttributeValue::StringSet(present), AttributeValue::StringSet(value)) => {
            let rest = present - value;
            let is_empty = rest.is_empty();
            (AttributeValue::StringSet(rest), is_empty)
        }
        (AttributeValue::NumberSet(present), AttributeValue::NumberSet(value)) => {
            let rest = present - value;
            let is_empty = rest.is_empty();
            (AttributeValue::NumberSet(rest), is_empty)
        }
        (AttributeValue::BlobSet(present), AttributeValue::BlobSet(value)) => {
            let rest = present - value;
            let is_empty = rest.is_empty();
            (AttributeValue::BlobSet(rest), is_empty)
        }
        _ => return Err(UpdateError::OperandType),
    };
    Ok((!is_empty).then_some(rest))
}
