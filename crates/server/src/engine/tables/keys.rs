//! Keys of items: taken from requests, checked against the table, put into rows.

use super::TableError;
use super::expression::{Condition, Projection};
use crate::records::{AttributeValue, Item, KeyAttribute, KeySchema, KeyType, RowKey, items_of};

const HASH_SIZE_BYTES_MAX: usize = 2048;
const RANGE_SIZE_BYTES_MAX: usize = 1024;
/// What is answered to a key that is not of the table's form.
const NO_MATCH: &str = "The provided key element does not match the schema";

/// The key of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ItemKey {
    pub(super) hash: AttributeValue,
    pub(super) range: Option<AttributeValue>,
}

impl ItemKey {
    /// The key of an item that is to be stored whole.
    pub(super) fn of_item(schema: &KeySchema, item: &Item) -> Result<Self, TableError> {
        let part = |attribute: &KeyAttribute, is_hash| {
            let name = &attribute.name;
            let value = item.get(name).ok_or_else(|| {
                TableError::invalid(format!(
                    "One or more parameter values were invalid: Missing the key {name} in the item"
                ))
            })?;
            if value.type_name() != attribute.key_type.name() {
                return Err(TableError::invalid(format!(
                    "One or more parameter values were invalid: Type mismatch for key {name} \
                     expected: {} actual: {}",
                    attribute.key_type.name(),
                    value.type_name()
                )));
            }
            check(name, value, is_hash)?;
            Ok::<_, TableError>(value.clone())
        };
        let hash = part(&schema.hash, true)?;
        let range = schema.range.as_ref().map(|attribute| part(attribute, false)).transpose()?;
        Ok(Self { hash, range })
    }

    /// The key that a request gives alone.
    pub(super) fn of_request(schema: &KeySchema, key: &Item) -> Result<Self, TableError> {
        if key.len() != schema.attributes().count() {
            return Err(TableError::invalid(NO_MATCH));
        }
        let part = |attribute: &KeyAttribute, is_hash| {
            let value = key
                .get(&attribute.name)
                .filter(|value| value.type_name() == attribute.key_type.name())
                .ok_or_else(|| TableError::invalid(NO_MATCH))?;
            check(&attribute.name, value, is_hash)?;
            Ok::<_, TableError>(value.clone())
        };
        let hash = part(&schema.hash, true)?;
        let range = schema.range.as_ref().map(|attribute| part(attribute, false)).transpose()?;
        Ok(Self { hash, range })
    }

    /// The attributes of the key, by name.
    pub(super) fn item(&self, schema: &KeySchema) -> Item {
        let hash = (schema.hash.name.clone(), self.hash.clone());
        let range = schema.range.as_ref().zip(self.range.as_ref());
        let range = range.map(|(attribute, value)| (attribute.name.clone(), value.clone()));
        std::iter::once(hash).chain(range).collect()
    }

    /// The row of the item.
    pub(super) fn row(&self, table: &str) -> RowKey {
        let partition = partition(table, &self.hash);
        match &self.range {
            Some(range) => partition.text(&range.sort_text().unwrap_or_default()),
            None => partition,
        }
    }
}

/// What the rows of a partition begin with.
pub(super) fn partition(table: &str, hash: &AttributeValue) -> RowKey {
    items_of(table).text(&hash.sort_text().unwrap_or_default())
}

/// A value of a key is not empty and not too long.
pub(super) fn check(name: &str, value: &AttributeValue, is_hash: bool) -> Result<(), TableError> {
    let empty = match value {
        AttributeValue::S(text) if text.is_empty() => Some("string"),
        AttributeValue::B(blob) if blob.0.is_empty() => Some("binary"),
        _ => None,
    };
    if let Some(kind) = empty {
        return Err(TableError::invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute \
             cannot contain an empty {kind} value. Key: {name}"
        )));
    }
    let size = value.size_bytes();
    if is_hash && size > HASH_SIZE_BYTES_MAX {
        return Err(TableError::invalid(
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum \
             size limit of2048 bytes",
        ));
    }
    if !is_hash && size > RANGE_SIZE_BYTES_MAX {
        return Err(TableError::invalid(
            "One or more parameter values were invalid: Aggregated size of all range keys has \
             exceeded the size limit of 1024 bytes",
        ));
    }
    Ok(())
}

/// Whether a value has the type of a key attribute.
pub(super) fn has_type(value: &AttributeValue, key_type: KeyType) -> bool {
    value.type_name() == key_type.name()
}

/// Refuses paths into key attributes, which have nothing inside.
pub(super) fn check_paths(
    schema: &KeySchema,
    condition: Option<&Condition>,
    projection: Option<&Projection>,
) -> Result<(), TableError> {
    let conditions = condition.map(Condition::paths).unwrap_or_default();
    let projected = projection.map(Projection::paths).unwrap_or_default();
    let nested = conditions.into_iter().chain(projected).find(|path| {
        !path.rest.is_empty()
            && schema.attributes().any(|attribute| attribute.name == path.attribute)
    });
    match nested {
        None => Ok(()),
        Some(path) => Err(TableError::invalid(format!(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not \
             allowed: Key: {}",
            path.attribute
        ))),
    }
}
