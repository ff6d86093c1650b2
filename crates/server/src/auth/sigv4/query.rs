//! Query strings, decoded once and the same way everywhere.
//!
//! Names and values are decoded as HTML forms are (`+` is a space), because the S3 framework and the
//! AWS signers decode them so. Two readers that disagree about a parameter's name would disagree
//! about which parameters are signed.

use percent_encoding::percent_decode;

/// The decoded parameters of a query string, in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Query {
    /// Decodes what stands after the `?`. Every string is a query; empty parts do not count.
    pub fn parse(query: &str) -> Self {
        let parts = query.split('&').filter(|part| !part.is_empty());
        let pairs = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        });
        Self { pairs: pairs.collect() }
    }

    /// The parameters as bytes: they need not be UTF-8.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Whether there is a parameter of this name, in any case of its letters.
    pub fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    /// How many parameters have this name, in any case of their letters.
    pub fn count(&self, name: &str) -> usize {
        self.pairs().filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).count()
    }

    /// The value of the only parameter of exactly this name, if it is UTF-8.
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs().filter(|(found, _)| *found == name.as_bytes());
        match (values.next(), values.next()) {
            (Some((_, value)), None) => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }
}

fn decode(text: &str) -> Vec<u8> {
    let spaces = text.replace('+', " ");
    percent_decode(spaces.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_before_they_are_compared() {
        let query = Query::parse("X%2DAmz-Date=1&a+b=%2B&&empty&empty=");
        assert_eq!(query.only("X-Amz-Date"), Some("1"));
        assert_eq!(query.only("a b"), Some("+"));
        assert_eq!(query.count("empty"), 2);
        assert_eq!(query.only("empty"), None, "not the only one");
        assert!(query.has("x-amz-date"));
        assert_eq!(query.only("x-amz-date"), None, "exact when read");
    }
}
