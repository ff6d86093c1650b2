//! The hash by which Terraform sees that a backend block was edited since the last init.
//!
//! It is a CRC-32 over one text: `<TYPE;<ARGUMENT;ARGUMENT;…>;>`, with the arguments in the order of
//! their names and `~` for each that is not set. Which names there are depends on the version, but
//! that version wrote them all into `.terraform/terraform.tfstate`. Worked out from files that
//! Terraform 1.11.4 wrote; the tests hold it to them.

use crate::argument::Arguments;
use crate::json::Json;
use crate::s3::{self, Type};
use crate::value::{Number, Value};

/// The hash of a block of `kind` with `written`, for the version that wrote `config`. `None` if it
/// cannot be told: then nothing follows from it.
pub(crate) fn of(kind: &str, written: &Arguments, config: &Json) -> Option<Number> {
    let Json::Object(members) = config else { return None };
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| name);
    let mut text = format!("<{};<", quoted(kind));
    for (name, initialised) in members {
        match written.get(name) {
            None => text.push('~'),
            Some(value) if kind == s3::KIND => {
                let value_type = s3::type_of(name)?;
                typed(&mut text, value_type, &value_type.convert(value).ok()?, initialised)?;
            }
            Some(value) => plain(&mut text, value)?,
        }
        text.push(';');
    }
    text.push_str(">;>");
    Some(Number::from(u64::from(crc32(text.as_bytes()))))
}

fn plain(text: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::Text(value) => text.push_str(&quoted(value)),
        Value::Bool(true) => text.push('T'),
        Value::Bool(false) => text.push('F'),
        // Larger ones are hashed in another notation.
        Value::Number(number) if number.as_str().len() < 10 => text.push_str(number.as_str()),
        Value::Number(_) | Value::List(_) | Value::Map(_) => return None,
    }
    Some(())
}

fn typed(text: &mut String, value_type: Type, value: &Value, initialised: &Json) -> Option<()> {
    match (value_type, value) {
        (Type::Object(attributes), Value::Map(entries)) => {
            let mut names: Vec<&str> = match initialised {
                Json::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                    attributes.iter().map(|(name, _)| *name).collect()
                }
            };
            names.sort_unstable();
            text.push('<');
            for name in names {
                let attribute = attributes.iter().find(|(known, _)| *known == name);
                match (attribute, entries.get(name)) {
                    (Some((_, value_type)), Some(value)) => {
                        typed(text, *value_type, value, &Json::Null)?;
                    }
                    (_, None) => text.push('~'),
                    (None, Some(_)) => return None,
                }
                text.push(';');
            }
            text.push('>');
        }
        (Type::TextMap, Value::Map(entries)) => {
            text.push('{');
            for (name, value) in entries {
                text.push_str(&quoted(name));
                text.push(':');
                plain(text, value)?;
                text.push(';');
            }
            text.push('}');
        }
        (Type::Texts, Value::List(items)) => {
            text.push('[');
            for item in items {
                plain(text, item)?;
                text.push(';');
            }
            text.push(']');
        }
        (
            Type::Text | Type::Bool | Type::Number | Type::Texts | Type::TextMap | Type::Object(_),
            _,
        ) => {
            plain(text, value)?;
        }
    }
    Some(())
}

/// A text in quotes as Go writes it with `%q`.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\0'..='\x1f' | '\x7f' => {
                quoted.extend(["\\x".to_owned(), format!("{:02x}", u32::from(c))]);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// CRC-32 as in zip files.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = crc & 1 == 1;
            crc >>= 1;
            if is_odd {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Json {
        Json::parse(text)
            .expect("JSON")
            .member("backend")
            .expect("a backend")
            .member("config")
            .expect("arguments")
            .clone()
    }

    fn hash(kind: &str, config: &Json, block: &str) -> Option<Number> {
        let text = format!("terraform {{\n backend \"{kind}\" {{\n{block}\n}}\n}}\n");
        let file = crate::written::body::HclFile::new("a.tf".as_ref(), &text);
        let body = file.parse().expect("HCL");
        let terraform = body.get_blocks("terraform").next().expect("a block");
        let backend = terraform.body.get_blocks("backend").next().expect("a block");
        let arguments = file.arguments(kind, &backend.body, &mut Vec::new()).expect("arguments");
        of(kind, &arguments, config)
    }

    /// Each of these numbers was written by terraform 1.11.4.
    #[test]
    fn it_is_the_number_that_terraform_wrote() {
        let config = config(include_str!("../tests/config/initialised/local.json"));
        for (block, expected) in [
            ("", 666_019_178_u64),
            ("path = null", 666_019_178),
            ("path = \"x\"", 173_457_266),
            ("workspace_dir = \"w\"", 3_160_088_771),
            ("path = \"a\\u0000b\"", 863_386_926),
            ("path = <<E\nab\nE", 2_428_065_428),
            (r#"path = "a\"\\\n\t\u00e9\U0001F600$${x}%%{y}$5%""#, 3_809_133_238),
        ] {
            assert_eq!(hash("local", &config, block), Some(expected.into()), "{block}");
        }
    }

    /// So were these.
    #[test]
    fn it_is_the_number_that_terraform_wrote_for_s3() {
        let config = config(include_str!("../tests/config/initialised/s3-partial.json"));
        for (block, expected) in [
            ("", 1_410_938_009_u64),
            ("key = \"k\"\nbucket = \"b\"", 3_659_705_226),
            ("key = \"k\"\nbucket = \"b\"\nencrypt = null", 3_659_705_226),
            ("key = \"k\"\nbucket = \"b\"\nencrypt = true", 3_306_423_793),
            ("key = \"k\"\nbucket = \"b\"\nencrypt = \"1\"", 3_306_423_793),
            ("key = \"k\"\nbucket = \"b\"\nmax_retries = \"5\"", 1_043_385_047),
            ("key = \"k\"\nbucket = \"b\"\nmax_retries = 1.5", 4_235_238_235),
            ("key = \"k\"\nbucket = \"b\"\nallowed_account_ids = []", 3_801_571_156),
            ("key = \"k\"\nbucket = \"b\"\nendpoints = {}", 145_789_712),
            ("key = \"k\"\nbucket = \"b\"\nendpoints = { zz = 1 }", 145_789_712),
            (
                "key = \"k\"\nbucket = \"b\"\nregion = 5\nskip_region_validation = true",
                1_831_642_784,
            ),
            (
                "key = \"k\"\nbucket = \"b\"\nassume_role = {\nrole_arn = \"arn:aws:iam::123456789012:role/state\"\ntags = { a = 1 }\n}",
                1_982_247_711,
            ),
        ] {
            assert_eq!(hash("s3", &config, block), Some(expected.into()), "{block}");
        }
    }

    #[test]
    fn what_cannot_be_hashed_proves_nothing() {
        let local = config(include_str!("../tests/config/initialised/local.json"));
        assert_eq!(hash("local", &local, "path = [1]"), None);
        assert_eq!(of("local", &Arguments::default(), &Json::Null), None);
        let s3 = config(include_str!("../tests/config/initialised/s3-partial.json"));
        assert_eq!(hash("s3", &s3, "encrypt = \"yes\""), None);
    }
}
