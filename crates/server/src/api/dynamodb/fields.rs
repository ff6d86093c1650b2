//! Members of a request, read with their types.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The members of a JSON object. A member that is null is not there.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    members: Map<String, Value>,
}

impl Fields {
    /// Reads the body of a request.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::serialization(format!("The body is not JSON: {error}")))?;
        Self::of(&value)
    }

    /// Reads an object inside a request.
    pub(super) fn of(value: &Value) -> Result<Self, Refusal> {
        Ok(Self { members: object(value)?.clone() })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.get(name).map(text).transpose()
    }

    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name).map(truth).transpose()
    }

    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)
            .map(|value| {
                value.as_i64().ok_or_else(|| Refusal::serialization(mistyped(value, "Integer")))
            })
            .transpose()
    }

    pub(super) fn map(&self, name: &str) -> Result<Option<&Map<String, Value>>, Refusal> {
        self.get(name).map(object).transpose()
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&Vec<Value>>, Refusal> {
        self.get(name).map(list).transpose()
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        self.get(name).map(Self::of).transpose()
    }

    /// One of the texts that the API's model allows, or none.
    pub(super) fn one_of<'a>(
        &self,
        name: &str,
        allowed: &[&'a str],
    ) -> Result<Option<&'a str>, Refusal> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        match allowed.iter().find(|each| **each == given) {
            Some(found) => Ok(Some(found)),
            None => Err(Refusal::constraints(&[format!(
                "Value '{given}' at '{}' failed to satisfy constraint: Member must satisfy enum \
                 value set: [{}]",
                lower_first(name),
                allowed.join(", ")
            )])),
        }
    }

    /// A number with a smallest and a largest value.
    pub(super) fn bounded(
        &self,
        name: &str,
        least: i64,
        most: i64,
    ) -> Result<Option<u64>, Refusal> {
        let Some(given) = self.whole(name)? else { return Ok(None) };
        let rule = if given < least {
            format!("greater than or equal to {least}")
        } else if given > most {
            format!("less than or equal to {most}")
        } else {
            return Ok(u64::try_from(given).ok());
        };
        Err(Refusal::constraints(&[format!(
            "Value '{given}' at '{}' failed to satisfy constraint: Member must have value {rule}",
            lower_first(name)
        )]))
    }

    /// Refuses members that would change what the request means and are not done here.
    pub(super) fn refuse(&self, unsupported: &[&str]) -> Result<(), Refusal> {
        match unsupported.iter().find(|name| self.has(name)) {
            Some(name) => Err(Refusal::unsupported(name)),
            None => Ok(()),
        }
    }

    /// A member without which the request means nothing.
    pub(super) fn required(&self, name: &str) -> Result<&Value, Refusal> {
        self.get(name).ok_or_else(|| Refusal::constraints(&[missing(&lower_first(name))]))
    }
}

/// What is said of a member that must not be null.
pub(super) fn missing(path: &str) -> String {
    format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
}

pub(super) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

pub(super) fn text(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::serialization(mistyped(value, "String")))
}

pub(super) fn truth(value: &Value) -> Result<bool, Refusal> {
    value.as_bool().ok_or_else(|| Refusal::serialization(mistyped(value, "Boolean")))
}

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| Refusal::serialization("Unexpected field type"))
}

pub(super) fn list(value: &Value) -> Result<&Vec<Value>, Refusal> {
    value.as_array().ok_or_else(|| Refusal::serialization("Unexpected field type"))
}

fn mistyped(value: &Value, wanted: &str) -> String {
    match value {
        Value::Array(_) => "Unrecognized collection type class java.lang.String".to_owned(),
        Value::Object(_) => "Start of structure or map found where not expected".to_owned(),
        Value::Null => format!("NULL_VALUE cannot be converted to {wanted}"),
        Value::Bool(true) => format!("TRUE_VALUE cannot be converted to {wanted}"),
        Value::Bool(false) => format!("FALSE_VALUE cannot be converted to {wanted}"),
        Value::Number(_) => format!("NUMBER_VALUE cannot be converted to {wanted}"),
        Value::String(_) => format!("STRING_VALUE cannot be converted to {wanted}"),
    }
}
