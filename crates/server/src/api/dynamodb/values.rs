//! Items and attribute values as requests write them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields;
use super::refusal::Refusal;
use crate::records::{AttributeValue, Blob, Item, Number, NumberError};

/// How deeply lists and maps may be nested.
const LEVELS_MAX: usize = 32;
const INVALID: &str = "One or more parameter values were invalid:";

/// Reads an item, or a key.
pub(super) fn item(value: &Value) -> Result<Item, Refusal> {
    members(value, 0)
}

/// Reads one value.
pub(super) fn attribute_value(value: &Value) -> Result<AttributeValue, Refusal> {
    nested(value, 0)
}

fn members(value: &Value, level: usize) -> Result<Item, Refusal> {
    fields::object(value)?
        .iter()
        .map(|(name, member)| Ok((name.clone(), nested(member, level)?)))
        .collect()
}

fn nested(value: &Value, level: usize) -> Result<AttributeValue, Refusal> {
    if level > LEVELS_MAX {
        return Err(Refusal::validation("Nesting Levels have exceeded supported limits"));
    }
    let members = fields::object(value)?;
    let mut read = None;
    for (type_name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
        if let Some(value) = typed(type_name, member, level)? {
            if read.is_some() {
                return Err(Refusal::validation(
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly \
                     one of the supported datatypes",
                ));
            }
            read = Some(value);
        }
    }
    read.ok_or_else(|| {
        Refusal::validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        )
    })
}

/// A value of the type that is named; nothing if there is no such type.
fn typed(type_name: &str, member: &Value, level: usize) -> Result<Option<AttributeValue>, Refusal> {
    let below = level.saturating_add(1);
    Ok(Some(match type_name {
        "S" => AttributeValue::S(fields::text(member)?.to_owned()),
        "N" => AttributeValue::N(number(member)?),
        "B" => AttributeValue::B(blob(member)?),
        "BOOL" => AttributeValue::Bool(fields::truth(member)?),
        "NULL" => {
            if !fields::truth(member)? {
                return Err(Refusal::validation(format!(
                    "{INVALID} Null attribute value types must have the value of true"
                )));
            }
            AttributeValue::Null(true)
        }
        "L" => {
            let values = fields::list(member)?.iter().map(|value| nested(value, below));
            AttributeValue::L(values.collect::<Result<_, _>>()?)
        }
        "M" => AttributeValue::M(members(member, below)?),
        "SS" => {
            let duplicates =
                |texts: &str| format!("{INVALID} Input collection {texts} contains duplicates.");
            let text = |value: &Value| fields::text(value).map(str::to_owned);
            AttributeValue::StringSet(set(
                member,
                "An string set  may not be empty",
                text,
                duplicates,
            )?)
        }
        "NS" => {
            let duplicates = |_: &str| "Input collection contains duplicates".to_owned();
            let empty = "An number set  may not be empty";
            AttributeValue::NumberSet(set(member, empty, number, duplicates)?)
        }
        "BS" => {
            let duplicates = |texts: &str| {
                format!("{INVALID} Input collection {texts}of type BS contains duplicates.")
            };
            AttributeValue::BlobSet(set(
                member,
                "Binary sets should not be empty",
                blob,
                duplicates,
            )?)
        }
        _ => return Ok(None),
    }))
}

fn set<T: Ord>(
    members: &Value,
    when_empty: &str,
    read: impl Fn(&Value) -> Result<T, Refusal>,
    duplicates: impl Fn(&str) -> String,
) -> Result<BTreeSet<T>, Refusal> {
    let members = fields::list(members)?;
    if members.is_empty() {
        return Err(Refusal::validation(format!("{INVALID} {when_empty}")));
    }
    let set: BTreeSet<T> = members.iter().map(read).collect::<Result<_, _>>()?;
    if set.len() < members.len() {
        let texts: Vec<&str> = members.iter().filter_map(Value::as_str).collect();
        return Err(Refusal::validation(duplicates(&format!("[{}]", texts.join(", ")))));
    }
    Ok(set)
}

fn number(value: &Value) -> Result<Number, Refusal> {
    let text = fields::text(value)?;
    text.parse().map_err(|error: NumberError| {
        let message = match error {
            NumberError::NotNumeric if !text.is_empty() => format!("{error}: {text}"),
            NumberError::NotNumeric
            | NumberError::Overflow
            | NumberError::Underflow
            | NumberError::TooPrecise => error.to_string(),
        };
        Refusal::validation(message)
    })
}

fn blob(value: &Value) -> Result<Blob, Refusal> {
    Blob::try_from(fields::text(value)?.to_owned()).map_err(|_| {
        Refusal::serialization("Base64 encoded length is expected a multiple of 4 bytes, or a character outside of base64 was found")
    })
}
