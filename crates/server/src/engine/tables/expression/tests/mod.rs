//! Expressions from their text to their effect.

mod conditions;
mod messages;
mod projections;
mod updates;

use std::collections::BTreeMap;

use super::Placeholders;
use crate::records::{AttributeValue, Item};

/// An item, or a map of values, in the API's JSON.
fn item(json: &str) -> Item {
    serde_json::from_str(json).unwrap()
}

fn placeholders(names: &[(&str, &str)], values: &str) -> Placeholders {
    let names = names.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect();
    let values: BTreeMap<String, AttributeValue> = item(values);
    Placeholders::new(names, values)
}
