//! The pages of a listing: a store that leads back to where it was would be asked for ever.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::{StoreError, Trouble};

/// From where on pages were asked for.
#[derive(Debug)]
pub(crate) struct AskedPages<M>(HashSet<M>);

impl<M> Default for AskedPages<M> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<M: Eq + Hash> AskedPages<M> {
    /// Whether nothing was asked for from this mark on; it is from now on.
    pub(crate) fn is_new(&mut self, mark: M) -> bool {
        self.0.insert(mark)
    }

    /// The same as an error of a request.
    ///
    /// # Errors
    /// It was seen before.
    pub(crate) fn goes_on(
        &mut self,
        (service, operation): (&'static str, &'static str),
        mark: M,
    ) -> Result<(), StoreError> {
        if self.is_new(mark) {
            return Ok(());
        }
        Err(StoreError::Unknown(Trouble {
            service,
            operation,
            endpoint: None,
            status: Some(200),
            code: None,
            message: "it says that there is more, and leads back to what it has told already"
                .to_owned(),
            request_id: None,
            was_sent: true,
        }))
    }
}

/// The mark of a key of a table, whatever attributes it has.
pub(crate) fn of_key(key: &HashMap<String, AttributeValue>) -> String {
    let mut attributes: Vec<_> = key.iter().map(|one| format!("{one:?}")).collect();
    attributes.sort_unstable();
    attributes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_seen() {
        let mut asked = AskedPages::default();
        let mut goes = |mark| asked.goes_on(("S3", "ListObjectVersions"), mark).is_ok();
        assert!(goes("a") && goes("b"));
        assert!(!goes("a") && !goes("b"), "however long it is");
    }

    #[test]
    fn keys_of_any_table_are_told_apart() {
        let key = |name: &str, value: &str| {
            of_key(&HashMap::from([(name.to_owned(), AttributeValue::S(value.to_owned()))]))
        };
        assert_eq!(key("LockID", "a"), key("LockID", "a"));
        assert_ne!(key("LockID", "a"), key("LockID", "b"));
        assert_ne!(key("id", "a"), key("id", "b"));
    }
}
