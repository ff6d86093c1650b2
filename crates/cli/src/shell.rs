//! Words of a command line that a user can paste.

/// A word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,…".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

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
