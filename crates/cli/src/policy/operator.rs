//! The operators of conditions.

/// What an operator compares, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Text,
    TextWithoutCase,
    TextLike,
    Arn,
    Bool,
    /// Whether the key is there at all.
    Null,
    Number(Comparison),
    /// Dates, addresses and bytes, which only the service can compare.
    OfService,
}

/// Which numbers are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How the values of a key that has many are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Any,
}

/// An operator, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Option<Quantifier>,
    pub(crate) test: Test,
    /// `…Not…`
    pub(crate) is_negated: bool,
    /// `…IfExists`: a key that is not there is fine.
    pub(crate) if_exists: bool,
}

impl Operator {
    /// Reads its name; `None` for one that is not known.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (test, is_negated) = test(rest)?;
        // Whether a key is there does not depend on its being there.
        if test == Test::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Self { quantifier, test, is_negated, if_exists })
    }

    /// Whether `*` and `?` in its values are special.
    pub(super) fn has_wildcards(self) -> bool {
        match self.test {
            Test::TextLike | Test::Arn => true,
            Test::Text
            | Test::TextWithoutCase
            | Test::Bool
            | Test::Null
            | Test::Number(_)
            | Test::OfService => false,
        }
    }
}

fn test(name: &str) -> Option<(Test, bool)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match name {
        "StringEquals" => (Test::Text, false),
        "StringNotEquals" => (Test::Text, true),
        "StringEqualsIgnoreCase" => (Test::TextWithoutCase, false),
        "StringNotEqualsIgnoreCase" => (Test::TextWithoutCase, true),
        "StringLike" => (Test::TextLike, false),
        "StringNotLike" => (Test::TextLike, true),
        "ArnEquals" | "ArnLike" => (Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
        "Bool" => (Test::Bool, false),
        "Null" => (Test::Null, false),
        "NumericEquals" => (Test::Number(Equal), false),
        "NumericNotEquals" => (Test::Number(Equal), true),
        "NumericLessThan" => (Test::Number(Less), false),
        "NumericLessThanEquals" => (Test::Number(LessOrEqual), false),
        "NumericGreaterThan" => (Test::Number(Greater), false),
        "NumericGreaterThanEquals" => (Test::Number(GreaterOrEqual), false),
        "DateEquals"
        | "DateNotEquals"
        | "DateLessThan"
        | "DateLessThanEquals"
        | "DateGreaterThan"
        | "DateGreaterThanEquals"
        | "BinaryEquals"
        | "IpAddress"
        | "NotIpAddress" => (Test::OfService, false),
        _ => return None,
    })
}

impl Comparison {
    /// Whether a number of a request is right; `None` if one of them is no whole number.
    pub(super) fn holds(self, is: &str, wanted: &str) -> Option<bool> {
        let (is, wanted) = (is.parse::<i64>().ok()?, wanted.parse::<i64>().ok()?);
        Some(match self {
            Self::Equal => is == wanted,
            Self::Less => is < wanted,
            Self::LessOrEqual => is <= wanted,
            Self::Greater => is > wanted,
            Self::GreaterOrEqual => is >= wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_taken_apart() {
        let read =
            |name| Operator::read(name).map(|o| (o.quantifier, o.test, o.is_negated, o.if_exists));
        assert_eq!(read("StringEquals"), Some((None, Test::Text, false, false)));
        assert_eq!(
            read("ForAllValues:StringNotLikeIfExists"),
            Some((Some(Quantifier::All), Test::TextLike, true, true))
        );
        assert_eq!(read("Null"), Some((None, Test::Null, false, false)));
        for unknown in ["NullIfExists", "stringequals", "ForSome:StringEquals", "StringMatches", ""]
        {
            assert_eq!(read(unknown), None, "{unknown}");
        }
        assert_eq!(Comparison::Less.holds("9", "10"), Some(true));
        assert_eq!(Comparison::Less.holds("9", "1e1"), None);
    }
}
