//! Items of tables: attributes by name, in the JSON of the DynamoDB API.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Family, Number, RowKey};

/// Attributes by name.
pub type Item = BTreeMap<String, AttributeValue>;

/// One value with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// A string.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Blob),
    /// A truth value.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// Nothing, said explicitly; always `true`.
    #[serde(rename = "NULL")]
    Null(bool),
    /// A list of any values.
    L(Vec<AttributeValue>),
    /// Values by name.
    M(BTreeMap<String, AttributeValue>),
    /// A set of strings.
    #[serde(rename = "SS")]
    StringSet(BTreeSet<String>),
    /// A set of numbers.
    #[serde(rename = "NS")]
    NumberSet(BTreeSet<Number>),
    /// A set of byte strings.
    #[serde(rename = "BS")]
    BlobSet(BTreeSet<Blob>),
}

/// Bytes, written as base64.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Blob(pub Vec<u8>);

/// A text is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64")]
pub struct NotBase64;

impl From<Blob> for String {
    fn from(blob: Blob) -> Self {
        STANDARD.encode(blob.0)
    }
}

impl TryFrom<String> for Blob {
    type Error = NotBase64;

    fn try_from(text: String) -> Result<Self, NotBase64> {
        STANDARD.decode(text).map(Self).map_err(|_| NotBase64)
    }
}

impl AttributeValue {
    /// The name of the type in requests and answers.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null(_) => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::StringSet(_) => "SS",
            Self::NumberSet(_) => "NS",
            Self::BlobSet(_) => "BS",
        }
    }

    /// Bytes that count towards the size of an item.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size_bytes(),
            Self::B(blob) => blob.0.len(),
            Self::Bool(_) | Self::Null(_) => 1,
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size_bytes()).sum::<usize>(),
            Self::M(map) => 3 + map.len() + item_size_bytes(map),
            Self::StringSet(set) => set.iter().map(String::len).sum(),
            Self::NumberSet(set) => set.iter().map(Number::size_bytes).sum(),
            Self::BlobSet(set) => set.iter().map(|blob| blob.0.len()).sum(),
        }
    }

    /// A text whose byte order is the order of values of one key type; nothing for other types.
    pub(crate) fn sort_text(&self) -> Option<String> {
        match self {
            Self::S(text) => Some(text.clone()),
            Self::N(number) => Some(number.sort_text()),
            // Two characters a byte, in the order of the bytes.
            Self::B(blob) => Some(hex(&blob.0)),
            Self::Bool(_)
            | Self::Null(_)
            | Self::L(_)
            | Self::M(_)
            | Self::StringSet(_)
            | Self::NumberSet(_)
            | Self::BlobSet(_) => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes of an item: its names and its values.
pub fn item_size_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size_bytes()).sum()
}

/// The rows of a table's items.
pub(crate) fn items_of(table: &str) -> RowKey {
    RowKey::new(Family::Item).text(table)
}

#[cfg(test)]
mod tests {
    use super::{AttributeValue, Item, item_size_bytes};

    const EVERY_TYPE: &str = concat!(
        r#"{"a":{"S":"x"},"b":{"N":"12.5"},"c":{"B":"AQI="},"d":{"BOOL":false},"e":{"NULL":true},"#,
        r#""f":{"L":[{"S":"y"},{"N":"1"}]},"g":{"M":{"h":{"S":""}}},"i":{"SS":["p","q"]},"#,
        r#""j":{"NS":["-1","2"]},"k":{"BS":["AQ==","Ag=="]}}"#
    );

    #[test]
    fn every_type_is_stored_as_the_api_writes_it() {
        let item: Item = serde_json::from_str(EVERY_TYPE).unwrap();
        assert_eq!(serde_json::to_string(&item).unwrap(), EVERY_TYPE);
        let types: String = item.values().map(AttributeValue::type_name).collect();
        assert_eq!(types, "SNBBOOLNULLLMSSNSBS");
    }

    #[test]
    fn damaged_values_do_not_parse() {
        for text in [r#"{"a":{"X":"x"}}"#, r#"{"a":{"N":"x"}}"#, r#"{"a":{"B":"*"}}"#, r#"{"a":1}"#]
        {
            assert!(serde_json::from_str::<Item>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_count_names_and_values() {
        let size = |text| item_size_bytes(&serde_json::from_str::<Item>(text).unwrap());
        assert_eq!(size(r#"{"LockID":{"S":"bkt/key"}}"#), 13);
        assert_eq!(size(r#"{"n":{"N":"100"}}"#), 3);
        assert_eq!(size(r#"{"l":{"L":[{"S":"abc"}]}}"#), 8);
    }
}
