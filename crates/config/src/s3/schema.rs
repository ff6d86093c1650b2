//! The names and types of an `s3` backend's arguments, Terraform's and OpenTofu's together.

use std::collections::BTreeMap;

use crate::value::{Number, Value, normalised};

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bool,
    Number,
    /// A set: without order or repetition.
    Texts,
    /// A map with names of the user's own.
    TextMap,
    /// An object with exactly these attributes.
    Object(&'static [(&'static str, Type)]),
}

/// Where in a value the wrong thing is, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The path below the argument: `.s3`, or nothing.
    pub(crate) path: String,
    pub(crate) expected: &'static str,
    pub(crate) found: &'static str,
}

const ENDPOINTS: &[(&str, Type)] = &[
    ("dynamodb", Type::Text),
    ("iam", Type::Text),
    ("s3", Type::Text),
    ("sso", Type::Text),
    ("sts", Type::Text),
];

const ASSUME_ROLE: &[(&str, Type)] = &[
    ("duration", Type::Text),
    ("external_id", Type::Text),
    ("policy", Type::Text),
    ("policy_arns", Type::Texts),
    ("role_arn", Type::Text),
    ("session_name", Type::Text),
    ("source_identity", Type::Text),
    ("tags", Type::TextMap),
    ("transitive_tag_keys", Type::Texts),
];

const WEB_IDENTITY: &[(&str, Type)] = &[
    ("duration", Type::Text),
    ("policy", Type::Text),
    ("policy_arns", Type::Texts),
    ("role_arn", Type::Text),
    ("session_name", Type::Text),
    ("web_identity_token", Type::Text),
    ("web_identity_token_file", Type::Text),
];

const ARGUMENTS: &[(&str, Type)] = &[
    ("access_key", Type::Text),
    ("acl", Type::Text),
    ("allowed_account_ids", Type::Texts),
    ("assume_role", Type::Object(ASSUME_ROLE)),
    ("assume_role_duration_seconds", Type::Number),
    ("assume_role_policy", Type::Text),
    ("assume_role_policy_arns", Type::Texts),
    ("assume_role_tags", Type::TextMap),
    ("assume_role_transitive_tag_keys", Type::Texts),
    ("assume_role_with_web_identity", Type::Object(WEB_IDENTITY)),
    ("bucket", Type::Text),
    ("custom_ca_bundle", Type::Text),
    ("dynamodb_endpoint", Type::Text),
    ("dynamodb_table", Type::Text),
    ("ec2_metadata_service_endpoint", Type::Text),
    ("ec2_metadata_service_endpoint_mode", Type::Text),
    ("encrypt", Type::Bool),
    ("endpoint", Type::Text),
    ("endpoints", Type::Object(ENDPOINTS)),
    ("external_id", Type::Text),
    ("forbidden_account_ids", Type::Texts),
    ("force_path_style", Type::Bool),
    ("http_proxy", Type::Text),
    ("https_proxy", Type::Text),
    ("iam_endpoint", Type::Text),
    ("insecure", Type::Bool),
    ("key", Type::Text),
    ("kms_key_id", Type::Text),
    ("lock_tags", Type::TextMap),
    ("max_retries", Type::Number),
    ("no_proxy", Type::Text),
    ("profile", Type::Text),
    ("region", Type::Text),
    ("retry_mode", Type::Text),
    ("role_arn", Type::Text),
    ("secret_key", Type::Text),
    ("session_name", Type::Text),
    ("shared_config_files", Type::Texts),
    ("shared_credentials_file", Type::Text),
    ("shared_credentials_files", Type::Texts),
    ("skip_credentials_validation", Type::Bool),
    ("skip_metadata_api_check", Type::Bool),
    ("skip_region_validation", Type::Bool),
    ("skip_requesting_account_id", Type::Bool),
    ("skip_s3_checksum", Type::Bool),
    ("sse_customer_key", Type::Text),
    ("state_tags", Type::TextMap),
    ("sts_endpoint", Type::Text),
    ("sts_region", Type::Text),
    ("token", Type::Text),
    ("use_dualstack_endpoint", Type::Bool),
    ("use_fips_endpoint", Type::Bool),
    ("use_lockfile", Type::Bool),
    ("use_path_style", Type::Bool),
    ("workspace_key_prefix", Type::Text),
];

/// The type of an argument; `None` if no version has it.
pub(crate) fn type_of(name: &str) -> Option<Type> {
    ARGUMENTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

impl Type {
    /// What it takes, for messages.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bool => "`true` or `false`",
            Self::Number => "a number",
            Self::Texts => "a list of texts",
            Self::TextMap => "a map of texts",
            Self::Object(_) => "an object",
        }
    }

    /// The value in the argument's own type, converted as Terraform converts: `"true"` and `"1"` are
    /// bools where one is wanted, `5` is a text where one is wanted. Sets are sorted.
    pub(crate) fn convert(self, value: &Value) -> Result<Value, Mismatch> {
        let wrong =
            || Mismatch { path: String::new(), expected: self.expected(), found: value.kind() };
        match (self, value) {
            (Self::Text, _) => text_of(value).map(Value::Text).ok_or_else(wrong),
            (Self::Bool, Value::Bool(_)) | (Self::Number, Value::Number(_)) => Ok(value.clone()),
            (Self::Bool, Value::Text(text)) => bool_of(text).map(Value::Bool).ok_or_else(wrong),
            (Self::Number, Value::Text(text)) => {
                Number::parse(text).map(Value::Number).ok_or_else(wrong)
            }
            (Self::Texts, Value::List(items)) => {
                let mut texts: Vec<_> = items
                    .iter()
                    .map(|item| Self::Text.convert(item))
                    .collect::<Result<_, _>>()
                    .map_err(|_| wrong())?;
                texts.sort();
                texts.dedup();
                Ok(Value::List(texts))
            }
            (Self::TextMap, Value::Map(entries)) => {
                convert_entries(entries, |_| Some(Self::Text)).map(Value::Map)
            }
            (Self::Object(attributes), Value::Map(entries)) => {
                let attribute = |name: &str| {
                    attributes.iter().find(|(known, _)| *known == name).map(|(_, t)| *t)
                };
                convert_entries(entries, attribute).map(Value::Map)
            }
            (Self::Bool | Self::Number | Self::Texts | Self::TextMap | Self::Object(_), _) => {
                Err(wrong())
            }
        }
    }
}

/// Terraform drops attributes that an object's type does not have.
fn convert_entries(
    entries: &BTreeMap<String, Value>,
    type_of: impl Fn(&str) -> Option<Type>,
) -> Result<BTreeMap<String, Value>, Mismatch> {
    let mut converted = BTreeMap::new();
    for (name, value) in entries {
        if let Some(kind) = type_of(name) {
            let value = kind
                .convert(value)
                .map_err(|inner| Mismatch { path: format!(".{name}{}", inner.path), ..inner })?;
            converted.insert(name.clone(), value);
        }
    }
    Ok(converted)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(normalised(text)),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::List(_) | Value::Map(_) => None,
    }
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_stand_once() {
        for names in [ARGUMENTS, ENDPOINTS, ASSUME_ROLE, WEB_IDENTITY] {
            assert!(names.is_sorted_by(|(a, _), (b, _)| a < b));
        }
    }

    #[test]
    fn values_are_converted_as_terraform_does() {
        let number = |text| Value::Number(Number::parse(text).expect("number"));
        for (kind, value, expected) in [
            (Type::Text, number("5"), Value::text("5")),
            (Type::Text, Value::Bool(true), Value::text("true")),
            (Type::Bool, Value::text("true"), Value::Bool(true)),
            (Type::Bool, Value::text("0"), Value::Bool(false)),
            (Type::Number, Value::text("5"), number("5")),
            (
                Type::Texts,
                Value::List(vec![Value::text("2"), number("1"), Value::text("1")]),
                Value::List(vec![Value::text("1"), Value::text("2")]),
            ),
        ] {
            assert_eq!(kind.convert(&value), Ok(expected), "{kind:?} {value:?}");
        }
    }

    #[test]
    fn other_types_are_refused_with_their_path() {
        for (kind, value) in [
            (Type::Text, Value::List(vec![])),
            (Type::Bool, Value::text("yes")),
            (Type::Bool, Value::Number(1_u64.into())),
            (Type::Number, Value::text("x")),
            (Type::Number, Value::Bool(true)),
            (Type::Texts, Value::text("1")),
            (Type::Texts, Value::List(vec![Value::List(vec![])])),
            (Type::TextMap, Value::List(vec![])),
            (Type::Object(ENDPOINTS), Value::text("x")),
        ] {
            let mismatch = kind.convert(&value).expect_err("refused");
            assert_eq!((mismatch.path.as_str(), mismatch.found), ("", value.kind()), "{kind:?}");
        }
        let endpoints = Value::Map(BTreeMap::from([("s3".to_owned(), Value::List(vec![]))]));
        let mismatch = Type::Object(ENDPOINTS).convert(&endpoints).expect_err("refused");
        assert_eq!(
            (mismatch.path.as_str(), mismatch.expected, mismatch.found),
            (".s3", "a text", "a list")
        );
    }

    #[test]
    fn attributes_that_an_object_does_not_have_are_dropped() {
        let endpoints = Value::Map(BTreeMap::from([("zz".to_owned(), Value::text("x"))]));
        assert_eq!(Type::Object(ENDPOINTS).convert(&endpoints), Ok(Value::Map(BTreeMap::new())));
    }
}
