//! The workspaces of a backend that have a state.

use statelock_client::StateBackend;
use statelock_client::StoreError;
use statelock_client::listing::{
    Listing, ListingError, ListingFailure, ListingQuery, ListingScope, ListingSelection,
};
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::Refusal;
use statelock_protocol::state::{StateAddress, WorkspaceName};

/// Workspaces, and whether that is all of them.
#[derive(Debug)]
pub(super) struct Workspaces {
    /// The names, the default one first. Never none: a backend without a state has the default one.
    pub(super) names: Vec<WorkspaceName>,
    /// Why there may be more.
    pub(super) unlisted: Option<ListingError>,
}

/// Lists them, as Terraform does. Where that is not permitted, Terraform goes on with the default one, and so
/// does this.
///
/// # Errors
/// The store refuses otherwise, or does not answer.
pub(super) async fn of(backend: &StateBackend) -> Result<Workspaces, ListingError> {
    let address = &backend.settings().address;
    let (key, prefix) = (address.state_key().clone(), address.workspace_key_prefix().clone());
    let query = ListingQuery {
        bucket: address.bucket().clone(),
        scope: ListingScope::Workspaces { key, prefix },
        mode: LockMode::Lockfile,
        selection: ListingSelection::Objects,
        reads_locks: false,
    };
    let mut listing = Listing::new(backend.connection().clone(), query);
    let mut names = Vec::new();
    let unlisted = loop {
        match listing.next().await {
            Ok(Some(state)) if state.object.is_some() => {
                names.extend(name(address, state.key.as_str()));
            }
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) if is_denied(&error) => break Some(error),
            Err(error) => return Err(error),
        }
    };
    names.sort_by_key(|name: &WorkspaceName| (!name.is_default(), name.clone()));
    names.dedup();
    if names.is_empty() {
        names.push(WorkspaceName::default());
    }
    Ok(Workspaces { names, unlisted })
}

/// The workspace of this backend whose state has this object key, if there is one.
pub(super) fn name(address: &StateAddress, object_key: &str) -> Option<WorkspaceName> {
    let key = address.state_key().as_str();
    if object_key == key {
        return Some(WorkspaceName::default());
    }
    let prefix = address.workspace_key_prefix().as_str();
    let below = match prefix {
        "" => object_key,
        prefix => object_key.strip_prefix(prefix)?.strip_prefix('/')?,
    };
    WorkspaceName::parse(below.strip_suffix(key)?.strip_suffix('/')?).ok()
}

fn is_denied(error: &ListingError) -> bool {
    match &error.cause {
        ListingFailure::Objects(StoreError::Refused { refusal, .. }) => *refusal == Refusal::Denied,
        ListingFailure::Objects(StoreError::Unknown(_))
        | ListingFailure::Table(_)
        | ListingFailure::OutOfOrder { .. }
        | ListingFailure::NoContinuation
        | ListingFailure::Key(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use statelock_protocol::state::{StateKey, WorkspaceKeyPrefix};
    use statelock_protocol::store::BucketName;

    use super::*;

    fn named(prefix: &str, object_key: &str) -> Option<String> {
        let address = StateAddress::new(BucketName::new("b"), StateKey::parse("a/x").unwrap());
        let prefix = WorkspaceKeyPrefix::parse(prefix).unwrap();
        let address = address.in_workspace(WorkspaceName::default(), prefix);
        name(&address, object_key).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_state_names_its_workspace() {
        assert_eq!(named("env:", "a/x").as_deref(), Some("default"));
        assert_eq!(named("env:", "env:/dev/a/x").as_deref(), Some("dev"));
        assert_eq!(named("", "dev/a/x").as_deref(), Some("dev"));
        assert_eq!(named("deep/er", "deep/er/dev/a/x").as_deref(), Some("dev"));
        for other in ["env:/dev/x", "env:/dev/b/a/x", "other/dev/a/x", "env:dev/a/x"] {
            assert_eq!(named("env:", other), None, "{other}");
        }
    }
}
