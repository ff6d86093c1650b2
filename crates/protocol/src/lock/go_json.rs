//! JSON strings as Go's `encoding/json` writes and reads them.
//!
//! OpenTofu removes a lock only if the stored text equals its own re-marshalling of what it read
//! (`internal/backend/remote-state/s3/client.go`, `dynamoDBUnlock`), so each byte counts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// Appends `text` in quotes, escaped as `json.Marshal` does with its default HTML escaping.
///
/// Backspace and form feed get their short forms `\b` and `\f`, as Go writes them since 1.22 (before
/// that `\u0008` and `\u000c`): every client that knows lockfiles was built with a newer Go.
/// Bytes that are not UTF-8 become the six characters `\ufffd`, one per byte; a U+FFFD that was
/// already there stands for itself.
pub(super) fn append_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            append_character(out, character);
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn append_character(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            let escaped = format!("\\u{:04x}", u32::from(character));
            out.extend_from_slice(escaped.as_bytes());
            return;
        }
        plain => {
            out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A JSON string read as Go reads it: whatever is not UTF-8, and every lone surrogate, becomes
/// U+FFFD instead of an error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GoString(pub(super) String);

impl<'de> Deserialize<'de> for GoString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes, because only then does serde_json let through what is not UTF-8.
        deserializer.deserialize_bytes(GoStringVisitor).map(Self)
    }
}

struct GoStringVisitor;

impl Visitor<'_> for GoStringVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(decode(bytes))
    }
}

/// One U+FFFD per byte that is not UTF-8, as Go counts; but one for a whole surrogate, which
/// serde_json hands over as three bytes.
fn decode(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while let Some(chunk) = bytes.utf8_chunks().next() {
        let (valid, invalid) = (chunk.valid(), chunk.invalid());
        text.push_str(valid);
        let rest = bytes.get(valid.len()..).unwrap_or_default();
        let consumed = match rest {
            [] => return text,
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => {
                text.push(char::REPLACEMENT_CHARACTER);
                3
            }
            _ => {
                text.extend(invalid.iter().map(|_| char::REPLACEMENT_CHARACTER));
                invalid.len()
            }
        };
        bytes = rest.get(consumed..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GoString, append_string};

    fn written(text: &[u8]) -> String {
        let mut out = Vec::new();
        append_string(&mut out, text);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn read(json: &[u8]) -> String {
        serde_json::from_slice::<GoString>(json).expect("a JSON string").0
    }

    #[test]
    fn strings_are_written_as_go_marshals_them() {
        for (text, json) in [
            ("", r#""""#),
            ("plain/path", r#""plain/path""#),
            ("<a>&\"b\"\\", r#""\u003ca\u003e\u0026\"b\"\\""#),
            ("\u{8}\u{c}\n\r\t", r#""\b\f\n\r\t""#),
            ("\0\u{1}\u{b}\u{1f}", r#""\u0000\u0001\u000b\u001f""#),
            ("\u{7f}", "\"\u{7f}\""),
            ("\u{2027}\u{2028}\u{2029}", "\"\u{2027}\\u2028\\u2029\""),
            ("ü😀", "\"ü😀\""),
            ("\u{fffd}", "\"\u{fffd}\""),
            ("'`", "\"'`\""),
        ] {
            assert_eq!(written(text.as_bytes()), json);
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_written_as_one_escape_each() {
        assert_eq!(written(b"a\xffb"), r#""a\ufffdb""#);
        assert_eq!(written(b"\xe2\x82"), r#""\ufffd\ufffd""#);
        assert_eq!(written(b"\xed\xa0\x80"), r#""\ufffd\ufffd\ufffd""#);
    }

    #[test]
    fn what_is_not_utf_8_is_read_as_replacement_characters() {
        assert_eq!(read(b"\"a\xffb\""), "a\u{fffd}b");
        assert_eq!(read(b"\"\xe2\x82\""), "\u{fffd}\u{fffd}");
        assert_eq!(read(br#""\ud800""#), "\u{fffd}");
        assert_eq!(read(br#""\udc00x""#), "\u{fffd}x");
        assert_eq!(read(br#""\ud83d\ude00""#), "😀");
        assert_eq!(read(br#""\u003ca\u003E\/""#), "<a>/");
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(text: String) {
            prop_assert_eq!(read(written(text.as_bytes()).as_bytes()), text);
        }

        #[test]
        fn arbitrary_bytes_are_written_as_json(bytes: Vec<u8>) {
            let json = written(&bytes);
            prop_assert!(serde_json::from_str::<String>(&json).is_ok(), "{}", json);
        }
    }
}
