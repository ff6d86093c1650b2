//! Words of a command line that a user can paste.

use std::ffi::OsStr;

/// A word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,…".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word that need be no text, as a shell reads it back.
pub(crate) fn quoted_os(word: &OsStr) -> String {
    if let Some(text) = word.to_str() {
        return quoted(text);
    }
    let bytes = word.as_encoded_bytes().iter().map(|byte| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:03o}"),
    });
    format!("$'{}'", bytes.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_os};

    #[cfg(unix)]
    #[test]
    fn words_that_are_no_text_survive_a_shell() {
        use std::os::unix::ffi::OsStrExt as _;

        let of = |bytes| quoted_os(std::ffi::OsStr::from_bytes(bytes));
        assert_eq!(of(b"s3://b"), "s3://b");
        assert_eq!(of(b"it's"), r"'it'\''s'");
        assert_eq!(of(b"a b\xff7'\\\n"), r"$'a b\3777\'\\\012'");
    }

    #[test]
    fn words_survive_a_shell() {
        for plain in ["s3://b/env:/dev/k", "d0d7fbe6-e907", "name=…"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("a;touch b"), "'a;touch b'");
        assert_eq!(quoted("-force"), "'-force'");
        assert_eq!(quoted(""), "''");
    }
}
