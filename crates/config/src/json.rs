//! JSON that keeps what `serde_json::Value` loses: names that stand twice, and their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::value::{Number, Value};

/// A JSON value. Nothing of it is shown by `Debug`: it may hold secrets.
#[derive(Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// `None`: a number whose digits a float cannot hold.
    Number(Option<Number>),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Why a JSON value is no value of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    NullInList,
    LargeNumber,
    NameTwice,
}

impl Unfit {
    /// The end of a sentence that begins with the argument's name.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NullInList => "has `null` in a list",
            Self::LargeNumber => "has a number with more digits than are kept; write it as a text",
            Self::NameTwice => "has a name twice",
        }
    }
}

impl Json {
    /// Parses a whole document.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The last value by that name, which is the one that counts for Go's decoder.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The value of an argument; `None` for `null`.
    pub(crate) fn to_value(&self) -> Result<Option<Value>, Unfit> {
        Ok(Some(match self {
            Self::Null => return Ok(None),
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone().ok_or(Unfit::LargeNumber)?),
            Self::Text(text) => Value::text(text),
            Self::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| item.to_value()?.ok_or(Unfit::NullInList))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(members) => {
                let mut map = std::collections::BTreeMap::new();
                for (name, value) in members {
                    let Some(value) = value.to_value()? else { continue };
                    if map.insert(crate::value::normalised(name), value).is_some() {
                        return Err(Unfit::NameTwice);
                    }
                }
                Value::Map(map)
            }
        }))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(Some(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(Some(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(Number::from_float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_kept_twice() {
        let json = Json::parse(r#"{"a": 1, "b": null, "a": 2}"#).expect("JSON");
        let Json::Object(members) = &json else { panic!("an object") };
        assert_eq!(
            members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["a", "b", "a"]
        );
        assert_eq!(json.member("a"), Some(&Json::Number(Some(2_u64.into()))));
        assert_eq!(json.to_value(), Err(Unfit::NameTwice));
    }

    #[test]
    fn values_are_told_apart() {
        let json = Json::parse(r#"[true, "x", 1.5, -1, [], {"n": null}]"#).expect("JSON");
        let number = |text| Value::Number(Number::parse(text).expect("number"));
        assert_eq!(
            json.to_value(),
            Ok(Some(Value::List(vec![
                Value::Bool(true),
                Value::text("x"),
                number("1.5"),
                number("-1"),
                Value::List(vec![]),
                Value::Map(std::collections::BTreeMap::new()),
            ])))
        );
    }

    #[test]
    fn what_has_no_value_is_refused() {
        for (text, expected) in [
            ("[null]", Unfit::NullInList),
            ("1e300", Unfit::LargeNumber),
            ("123456789012345678901234", Unfit::LargeNumber),
        ] {
            assert_eq!(Json::parse(text).expect("JSON").to_value(), Err(expected), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_crash() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
