//! Where a state lives, and every key that belongs to it.
//!
//! | workspace | state object | lockfile | lock-table lock | lock-table digest |
//! |---|---|---|---|---|
//! | default | `key` | `key.tflock` | `bucket/key` | `bucket/key-md5` |
//! | `ws` | `env:/ws/key` | `env:/ws/key.tflock` | `bucket/env:/ws/key` | `bucket/env:/ws/key-md5` |
//!
//! (Terraform and OpenTofu: `internal/backend/remote-state/s3/backend_state.go` and `client.go`.)

use std::fmt;

use super::workspace::{WorkspaceKeyPrefix, WorkspaceName};
use crate::store::{BucketName, ObjectKey};

const LOCKFILE_SUFFIX: &str = ".tflock";
const DIGEST_SUFFIX: &str = "-md5";

/// The `key` of an `s3` backend: not empty, and no `/` at either end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey(String);

/// Why a text is not a state key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateKeyError {
    /// The text is empty.
    #[error("a state key must not be empty")]
    Empty,
    /// The text starts or ends with `/`.
    #[error("the state key `{0}` must not start or end with `/`")]
    Slash(String),
}

impl StateKey {
    /// Reads a state key.
    ///
    /// # Errors
    /// [`StateKeyError`] if the text is empty, or starts or ends with `/`.
    pub fn parse(text: &str) -> Result<Self, StateKeyError> {
        if text.is_empty() {
            return Err(StateKeyError::Empty);
        }
        if text.starts_with('/') || text.ends_with('/') {
            return Err(StateKeyError::Slash(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as configured; the object key of a named workspace's state differs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What identifies a state: bucket, key and workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateAddress {
    bucket: BucketName,
    key: StateKey,
    workspace: WorkspaceName,
    workspace_key_prefix: WorkspaceKeyPrefix,
}

impl StateAddress {
    /// The default workspace's state under `key`.
    pub fn new(bucket: BucketName, key: StateKey) -> Self {
        Self {
            bucket,
            key,
            workspace: WorkspaceName::default(),
            workspace_key_prefix: WorkspaceKeyPrefix::default(),
        }
    }

    /// The same backend's state in another workspace.
    #[must_use]
    pub fn in_workspace(self, workspace: WorkspaceName, prefix: WorkspaceKeyPrefix) -> Self {
        Self { workspace, workspace_key_prefix: prefix, ..self }
    }

    /// The bucket.
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// The configured key, which all workspaces share.
    pub fn state_key(&self) -> &StateKey {
        &self.key
    }

    /// What the keys of named workspaces start with.
    pub fn workspace_key_prefix(&self) -> &WorkspaceKeyPrefix {
        &self.workspace_key_prefix
    }

    /// The workspace.
    pub fn workspace(&self) -> &WorkspaceName {
        &self.workspace
    }

    /// The key of the state object. The default workspace's is the configured key, unchanged; a
    /// named workspace's is joined and cleaned as Go's `path.Join` does.
    pub fn object_key(&self) -> ObjectKey {
        if self.workspace.is_default() {
            return ObjectKey::new(self.key.as_str());
        }
        let prefix = self.workspace_key_prefix.as_str();
        ObjectKey::new(path_join(&[prefix, self.workspace.as_str(), self.key.as_str()]))
    }

    /// The key of the lockfile.
    pub fn lockfile_key(&self) -> ObjectKey {
        lockfile_key_of(&self.object_key())
    }

    /// The lock table's key of the lock. The same text is the `Path` of the lock info.
    pub fn lock_table_lock_key(&self) -> LockTableKey {
        LockTableKey::lock_of(&self.bucket, &self.object_key())
    }

    /// The lock table's key of the digest.
    pub fn lock_table_digest_key(&self) -> LockTableKey {
        LockTableKey::digest_of(&self.bucket, &self.object_key())
    }
}

impl fmt::Display for StateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.object_key())
    }
}

/// The partition key (`LockID`) of an item in a lock table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockTableKey(String);

impl LockTableKey {
    /// Takes a `LockID` as a client sent it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key of the lock on the state stored under `key`.
    pub fn lock_of(bucket: &BucketName, key: &ObjectKey) -> Self {
        Self(format!("{bucket}/{key}"))
    }

    /// The key of the digest of the state stored under `key`.
    pub fn digest_of(bucket: &BucketName, key: &ObjectKey) -> Self {
        Self(format!("{bucket}/{key}{DIGEST_SUFFIX}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The state that an item with this key locks, if the item is a lock.
    ///
    /// The key alone cannot tell a lock on `a-md5` from the digest of `a`: the item's attributes
    /// (`Info` or `Digest`) do. A key that ends in `/` is no state's: what would be its lockfile is an
    /// ordinary object.
    pub fn locked_state(&self) -> Option<(BucketName, ObjectKey)> {
        let (bucket, key) = self.0.split_once('/')?;
        let key = ObjectKey::new(key);
        let is_state = !bucket.is_empty() && names_a_state(&key);
        is_state.then(|| (BucketName::new(bucket), key))
    }

    /// The state that an item with this key describes, if the item is a digest.
    pub fn digested_state(&self) -> Option<(BucketName, ObjectKey)> {
        Self(self.0.strip_suffix(DIGEST_SUFFIX)?.to_owned()).locked_state()
    }
}

impl fmt::Display for LockTableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of the lockfile of the state stored under `key`.
pub fn lockfile_key_of(key: &ObjectKey) -> ObjectKey {
    ObjectKey::new(format!("{key}{LOCKFILE_SUFFIX}"))
}

/// Whether a state can be stored under this key: its lockfile's key then leads back to it.
pub fn names_a_state(key: &ObjectKey) -> bool {
    state_key_of_lockfile(&lockfile_key_of(key)).is_some()
}

/// Whether an object with this key is a lockfile.
pub fn is_lockfile_key(key: &ObjectKey) -> bool {
    state_key_of_lockfile(key).is_some()
}

/// The key of the state that this lockfile locks: `X.tflock` locks `X`.
///
/// `.tflock` and `a/.tflock` lock nothing, because no state can be stored under `` or `a/`.
pub fn state_key_of_lockfile(key: &ObjectKey) -> Option<ObjectKey> {
    let state_key = key.as_str().strip_suffix(LOCKFILE_SUFFIX)?;
    let nothing = state_key.is_empty() || state_key.ends_with('/');
    (!nothing).then(|| ObjectKey::new(state_key))
}

/// Joins and cleans as Go's `path.Join`: no empty or `.` segments, `..` takes one segment back.
fn path_join(parts: &[&str]) -> String {
    let joined =
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in joined.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    if segments.is_empty() { ".".to_owned() } else { segments.join("/") }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
