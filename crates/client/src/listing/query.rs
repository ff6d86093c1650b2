//! What is to be listed.

use statelock_protocol::lock::steps::LockMode;
use statelock_protocol::state::{StateKey, WorkspaceKeyPrefix};
use statelock_protocol::store::{BucketName, ObjectKey};

/// What is to be listed.
#[derive(Clone, Debug)]
pub struct ListingQuery {
    /// The bucket.
    pub bucket: BucketName,
    /// Which part of it.
    pub scope: ListingScope,
    /// Lockfiles are always looked at; a lock table if one is named here. With [`LockMode::Dual`] a lock
    /// that is in only one of the two is a half lock.
    pub mode: LockMode,
    /// What is worth a line.
    pub selection: ListingSelection,
    /// Whether locks are read. If not, it is only said that there is a lockfile, and no table is scanned.
    pub reads_locks: bool,
}

/// Which part of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingScope {
    /// States whose object key starts with this text; all of them if it is empty.
    Prefix(String),
    /// The states of all workspaces of one backend.
    Workspaces {
        /// Its `key`.
        key: StateKey,
        /// Its `workspace_key_prefix`.
        prefix: WorkspaceKeyPrefix,
    },
}

/// What is worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingSelection {
    /// What is locked.
    Locked,
    /// That, and objects whose key ends with `.tfstate`.
    States,
    /// Every object that is not a lockfile, and what is locked.
    Objects,
}

impl ListingQuery {
    /// All states and locks of a bucket under a prefix, with lockfiles only.
    pub fn prefix(bucket: BucketName, prefix: impl Into<String>) -> Self {
        Self {
            bucket,
            scope: ListingScope::Prefix(prefix.into()),
            mode: LockMode::Lockfile,
            selection: ListingSelection::States,
            reads_locks: true,
        }
    }
}

impl ListingScope {
    /// What all keys in it start with, except [`Self::apart`].
    pub fn listed_prefix(&self) -> String {
        match self {
            Self::Prefix(prefix) => prefix.clone(),
            Self::Workspaces { prefix, .. } if prefix.as_str().is_empty() => String::new(),
            Self::Workspaces { prefix, .. } => format!("{}/", prefix.as_str()),
        }
    }

    /// The state that is in it although it does not stand under the prefix.
    pub fn apart(&self) -> Option<ObjectKey> {
        match self {
            Self::Prefix(_) => None,
            Self::Workspaces { key, .. } => {
                let is_listed = key.as_str().starts_with(&self.listed_prefix());
                (!is_listed).then(|| ObjectKey::new(key.as_str()))
            }
        }
    }

    /// Whether the state with this object key is in it.
    pub fn contains(&self, state: &str) -> bool {
        match self {
            Self::Prefix(prefix) => state.starts_with(prefix.as_str()),
            Self::Workspaces { key, .. } => {
                let named = || {
                    let rest = state.strip_prefix(&self.listed_prefix())?;
                    let (workspace, rest) = rest.split_once('/')?;
                    Some(!workspace.is_empty() && rest == key.as_str())
                };
                state == key.as_str() || named().unwrap_or(false)
            }
        }
    }
}

impl ListingSelection {
    /// Whether there is something to show of the object with this key.
    pub(super) fn shows(self, key: &str, is_locked: bool, is_lockfile: bool) -> bool {
        let is_worth_it = match self {
            Self::Locked => false,
            Self::States => key.ends_with(".tfstate"),
            Self::Objects => !is_lockfile,
        };
        is_locked || is_worth_it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspaces(key: &str, prefix: &str) -> ListingScope {
        let prefix = WorkspaceKeyPrefix::parse(prefix).unwrap();
        ListingScope::Workspaces { key: StateKey::parse(key).unwrap(), prefix }
    }

    #[test]
    fn a_backend_has_its_default_state_and_one_under_each_workspace() {
        let scope = workspaces("app/x.tfstate", "env:");
        assert_eq!(scope.listed_prefix(), "env:/");
        assert_eq!(scope.apart(), Some(ObjectKey::new("app/x.tfstate")));
        for (key, is_in) in [
            ("app/x.tfstate", true),
            ("env:/dev/app/x.tfstate", true),
            ("env:/dev/x.tfstate", false),
            ("env:/dev/more/app/x.tfstate", false),
            ("env://app/x.tfstate", false),
            ("env:/dev/app/x.tfstate-old", false),
            ("dev/app/x.tfstate", false),
        ] {
            assert_eq!(scope.contains(key), is_in, "{key}");
        }
    }

    #[test]
    fn workspaces_without_a_prefix_stand_at_the_top_of_the_bucket() {
        let scope = workspaces("x", "");
        assert_eq!((scope.listed_prefix().as_str(), scope.apart()), ("", None));
        assert!(scope.contains("x") && scope.contains("dev/x"));
        assert!(!scope.contains("a/dev/x") && !scope.contains("/x"));
    }

    #[test]
    fn a_default_state_under_the_workspaces_prefix_is_listed_with_them() {
        let scope = workspaces("env:/x", "env:");
        assert_eq!(scope.apart(), None);
        assert!(scope.contains("env:/x") && scope.contains("env:/dev/env:/x"));
    }

    #[test]
    fn a_prefix_is_any_text() {
        let scope = ListingScope::Prefix("net".into());
        assert!(scope.contains("network/a") && scope.contains("net") && !scope.contains("ne"));
    }
}
