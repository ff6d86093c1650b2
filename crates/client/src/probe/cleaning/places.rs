//! Cleans at every endpoint: they may be nodes that do not share what they store.

use statelock_protocol::store::TableName;

use super::{Cleaned, Cleaning};
use crate::bucket::Bucket;
use crate::probe::written::Written;

/// The bucket as one endpoint shows it.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Place {
    pub(in crate::probe) bucket: Bucket,
    /// `Some(false)`: it is certain that the bucket never kept versions.
    pub(in crate::probe) keeps_versions: Option<bool>,
    /// Whether it is another address of an endpoint that has a place already: mostly of the same store.
    pub(in crate::probe) is_further: bool,
}

/// Removes all that is below one probe's prefix, at each of the places. The first one is the last to be cleaned: there
/// is the journal.
pub(in crate::probe) async fn everywhere(
    places: &[Place],
    (base, knows_written): (&str, bool),
    (written, table): (&Written, Option<&TableName>),
) -> Cleaned {
    let mut all = Cleaned::default();
    for Place { bucket, keeps_versions, is_further } in places.iter().rev() {
        let cleaning = Cleaning {
            bucket,
            base,
            keeps_versions: *keeps_versions,
            knows_written,
            is_further: *is_further,
        };
        let is_journal_needed = !all.left.is_empty();
        all.join(cleaning.run((written, table), is_journal_needed).await);
    }
    all
}

impl Cleaned {
    /// Adds what was done at another endpoint to the same things, or to such that have the same names.
    fn join(&mut self, other: Self) {
        self.objects += other.objects;
        self.uploads += other.uploads;
        // An item counts where it was not there too.
        self.items = self.items.max(other.items);
        for left in other.left {
            if !self.left.iter().any(|one| one.what == left.what) {
                self.left.push(left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::cleaning::{Left, LeftThing};

    #[test]
    fn what_is_left_at_any_endpoint_is_left() {
        let left = |prefix: &str, why: &str| Left {
            what: LeftThing::Everything { prefix: prefix.to_owned() },
            why: why.to_owned(),
        };
        let one = |objects, items, left| Cleaned { objects, uploads: 1, items, left };
        let mut all = one(3, 5, vec![left("a", "first")]);
        all.join(one(4, 5, vec![left("a", "second"), left("b", "second")]));
        let both = vec![left("a", "first"), left("b", "second")];
        assert_eq!(all, Cleaned { objects: 7, uploads: 2, items: 5, left: both });
    }
}
