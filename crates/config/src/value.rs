//! Values of backend arguments.

use std::collections::BTreeMap;
use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;

/// A number as Terraform would write it as text: `5`, `-1`, `1.5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(String);

impl Number {
    /// A float if it can be told apart from its neighbours; beyond 2^53 digits would be lost.
    pub(crate) fn from_float(value: f64) -> Option<Self> {
        const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
        (value.is_finite() && value.abs() < EXACT_BELOW).then(|| Self(value.to_string()))
    }

    /// Reads what stands in a text where a number is wanted.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(whole) = text.parse::<i64>() {
            return Some(Self::from(whole));
        }
        let looks_decimal = text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'));
        if looks_decimal { Self::from_float(text.parse().ok()?) } else { None }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an argument is set to. Whether it is a secret its name decides, so `Debug` shows the kind only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A text, in Unicode's form NFC.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A list or a set.
    List(Vec<Self>),
    /// An object, a map or a nested block. What is `null` in it is not there.
    Map(BTreeMap<String, Self>),
}

impl Value {
    /// A text, brought to NFC as Terraform does with every text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(normalised(text.as_ref()))
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// The text in NFC.
pub(crate) fn normalised(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_terraform_writes_them() {
        for (value, expected) in [(1.5, "1.5"), (1000.0, "1000"), (-0.25, "-0.25")] {
            assert_eq!(Number::from_float(value).expect("exact").as_str(), expected);
        }
        assert_eq!(Number::from(u64::MAX).as_str(), "18446744073709551615");
        assert_eq!(Number::from_float(1e23), None);
        assert_eq!(Number::from_float(f64::NAN), None);
    }

    #[test]
    fn numbers_in_texts_are_decimal() {
        for (text, expected) in [("5", "5"), ("-5", "-5"), ("1.50", "1.5"), ("1e3", "1000")] {
            assert_eq!(Number::parse(text).expect(text).as_str(), expected);
        }
        for text in ["", "x", "0x5", "inf", "NaN", "1_000", " 5"] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn two_forms_of_a_letter_are_one_text() {
        assert_eq!(Value::text("e\u{301}"), Value::text("\u{e9}"));
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Value::text("hunter2")), "a text");
        assert_eq!(format!("{:?}", Value::List(vec![Value::text("hunter2")])), "a list");
    }
}
