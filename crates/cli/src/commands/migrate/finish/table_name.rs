//! The names of lock tables, of which some are ARNs.

/// A table as a configuration, a record or an option names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NamedTable<'a> {
    /// Its name alone.
    pub(super) name: &'a str,
    /// Its region, as far as it is known.
    pub(super) region: Option<&'a str>,
    /// The account that an ARN names.
    account: Option<&'a str>,
}

impl<'a> NamedTable<'a> {
    /// Reads a name or an ARN; `region` is that of the backend.
    pub(super) fn new(text: &'a str, region: Option<&'a str>) -> Self {
        Self::of_arn(text).unwrap_or(Self { name: text, region, account: None })
    }

    fn of_arn(text: &'a str) -> Option<Self> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", _, "dynamodb", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let name = resource.strip_prefix("table/")?.split('/').next()?;
        let filled = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Some(Self { name, region: filled(region), account: filled(account) })
    }

    /// Whether the two may be one table. What is not known is not said to differ.
    pub(super) fn may_be(&self, other: &NamedTable<'_>) -> bool {
        let agree = |one: Option<&str>, other: Option<&str>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            (Some(_) | None, None) | (None, Some(_)) => true,
        };
        self.name == other.name
            && agree(self.region, other.region)
            && agree(self.account, other.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/locks";

    #[test]
    fn an_arn_is_the_table_that_it_names() {
        let arn = NamedTable::new(ARN, Some("us-east-1"));
        assert_eq!((arn.name, arn.region), ("locks", Some("eu-west-1")));
        let is = |text: &str, region| arn.may_be(&NamedTable::new(text, region));
        assert!(is("locks", Some("eu-west-1")) && is("locks", None) && is(ARN, None));
        assert!(is("arn:aws:dynamodb:eu-west-1:123456789012:table/locks/index/x", None));
        assert!(!is("locks", Some("us-east-1")));
        assert!(!is("others", Some("eu-west-1")));
        assert!(!is(&ARN.replace("123456789012", "210987654321"), None));
        assert!(!is(&ARN.replace("eu-west-1", "us-east-1"), None));
        assert!(!is("arn:aws:s3:::locks", None));
    }
}
