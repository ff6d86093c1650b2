//! What a write does to one item: pure functions of the item and the request.

use super::expression::{Condition, Update};
use super::{ITEM_SIZE_BYTES_MAX, TableError};
use crate::records::{Item, item_size_bytes};

/// What becomes of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is this from now on.
    Store(Item),
    /// It is gone.
    Remove,
    /// There was none, and there is none.
    Nothing,
}

/// Whether the item is as the request demands.
fn check(current: Option<&Item>, condition: Option<&Condition>) -> Result<(), TableError> {
    let absent = Item::new();
    match condition {
        Some(condition) if !condition.holds(current.unwrap_or(&absent)) => {
            Err(TableError::ConditionFailed(current.cloned().map(Box::new)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Replaces the item.
pub(super) fn put(
    current: Option<&Item>,
    item: &Item,
    condition: Option<&Condition>,
) -> Result<Change, TableError> {
    check(current, condition)?;
    Ok(Change::Store(item.clone()))
}

/// Removes the item.
pub(super) fn delete(
    current: Option<&Item>,
    condition: Option<&Condition>,
) -> Result<Change, TableError> {
    check(current, condition)?;
    Ok(if current.is_some() { Change::Remove } else { Change::Nothing })
}

/// Changes the item, or makes it from its key.
pub(super) fn update(
    current: Option<&Item>,
    key: Item,
    update: &Update,
    condition: Option<&Condition>,
) -> Result<Change, TableError> {
    check(current, condition)?;
    let before = current.cloned().unwrap_or(key);
    let after = update.applied(&before).map_err(|error| TableError::Invalid(error.to_string()))?;
    if item_size_bytes(&after) > ITEM_SIZE_BYTES_MAX {
        return Err(TableError::invalid(
            "Item size to update has exceeded the maximum allowed size",
        ));
    }
    Ok(Change::Store(after))
}
