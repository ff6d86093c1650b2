//! Values inside items, by document path.

use super::tree::{Element, Path};
use crate::records::{AttributeValue, Item};

/// The value at a path.
pub(super) fn get<'a>(item: &'a Item, path: &Path) -> Option<&'a AttributeValue> {
    path.rest.iter().try_fold(item.get(&path.attribute)?, |value, element| member(value, element))
}

fn member<'a>(value: &'a AttributeValue, element: &Element) -> Option<&'a AttributeValue> {
    match (value, element) {
        (AttributeValue::M(map), Element::Name(name)) => map.get(name),
        (AttributeValue::L(list), Element::Index(index)) => list.get(*index),
        _ => None,
    }
}

/// There is no map or list where a path leads through one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchParent;

/// Puts a value at a path. Beyond the end of a list it is appended.
pub(super) fn set(item: &mut Item, path: &Path, value: AttributeValue) -> Result<(), NoSuchParent> {
    let Some((leaf, parents)) = path.rest.split_last() else {
        item.insert(path.attribute.clone(), value);
        return Ok(());
    };
    match (parent(item, path, parents)?, leaf) {
        (AttributeValue::M(map), Element::Name(name)) => {
            map.insert(name.clone(), value);
        }
        (AttributeValue::L(list), Element::Index(at)) => match list.get_mut(*at) {
            Some(slot) => *slot = value,
            None => list.push(value),
        },
        _ => return Err(NoSuchParent),
    }
    Ok(())
}

/// Removes what stands at a path, if anything does.
pub(super) fn remove(item: &mut Item, path: &Path) -> Result<(), NoSuchParent> {
    let Some((leaf, parents)) = path.rest.split_last() else {
        item.remove(&path.attribute);
        return Ok(());
    };
    match (parent(item, path, parents)?, leaf) {
        (AttributeValue::M(map), Element::Name(name)) => {
            map.remove(name);
        }
        (AttributeValue::L(list), Element::Index(at)) => {
            if *at < list.len() {
                list.remove(*at);
            }
        }
        _ => return Err(NoSuchParent),
    }
    Ok(())
}

fn parent<'a>(
    item: &'a mut Item,
    path: &Path,
    parents: &[Element],
) -> Result<&'a mut AttributeValue, NoSuchParent> {
    let top = item.get_mut(&path.attribute).ok_or(NoSuchParent)?;
    parents.iter().try_fold(top, |value, element| match (value, element) {
        (AttributeValue::M(map), Element::Name(name)) => map.get_mut(name).ok_or(NoSuchParent),
        (AttributeValue::L(list), Element::Index(at)) => list.get_mut(*at).ok_or(NoSuchParent),
        _ => Err(NoSuchParent),
    })
}
