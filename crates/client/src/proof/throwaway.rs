//! States that are only locked for a proof.

use statelock_protocol::state::{StateAddress, StateKey};
use statelock_protocol::store::ObjectKey;

use crate::backend::StateBackend;
use crate::listing::{Listing, ListingError, ListingQuery, ListingSelection};
use crate::system;

/// What the last part of a throw-away state's key begins with.
const PREFIX: &str = ".statelock-verify-";

/// Whether a state with this key is one that was made for a proof.
pub fn is_throwaway(key: &ObjectKey) -> bool {
    let (_, name) = key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()));
    name.starts_with(PREFIX)
}

impl StateBackend {
    /// A state that nobody uses, beside the real one, with the same settings. Only its lock is ever stored.
    ///
    /// # Errors
    /// The operating system has no random bytes for its name.
    pub fn throwaway(&self) -> Result<Self, std::io::Error> {
        let name = system::new_lock_id()?;
        let key = format!("{}{name}", self.throwaway_prefix());
        let key = StateKey::parse(&key).map_err(std::io::Error::other)?;
        Ok(self.at(StateAddress::new(self.settings().address.bucket().clone(), key)))
    }

    /// What the keys of all throw-away states beside this one begin with.
    pub(super) fn throwaway_prefix(&self) -> String {
        let key = self.settings().address.object_key();
        match key.as_str().rsplit_once('/') {
            Some((directory, _)) => format!("{directory}/{PREFIX}"),
            None => PREFIX.to_owned(),
        }
    }

    /// The throw-away states beside this one that have a lockfile: of proofs that go on, or that were killed.
    ///
    /// # Errors
    /// The store did not list them.
    pub async fn throwaways(&self) -> Result<Vec<Self>, ListingError> {
        let bucket = self.settings().address.bucket().clone();
        let mut query = ListingQuery::prefix(bucket.clone(), self.throwaway_prefix());
        query.selection = ListingSelection::Locked;
        let mut listing = Listing::new(self.connection().clone(), query);
        let mut found = Vec::new();
        while let Some(state) = listing.next().await? {
            // A key that is no state key was not made here.
            if let Ok(key) = StateKey::parse(state.key.as_str()) {
                found.push(self.at(StateAddress::new(bucket.clone(), key)));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throwaway_states_are_known_by_their_name() {
        for (key, is) in [
            (".statelock-verify-1", true),
            ("env:/dev/app/.statelock-verify-1", true),
            ("app/terraform.tfstate", false),
            (".statelock-verify-1/terraform.tfstate", false),
            ("app/x.statelock-verify-1", false),
        ] {
            assert_eq!(is_throwaway(&ObjectKey::new(key)), is, "{key}");
        }
    }
}
