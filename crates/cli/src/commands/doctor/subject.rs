//! What is examined.

use std::path::PathBuf;

use statelock_client::StateBackend;
use statelock_client::bucket::Bucket;
use statelock_client::listing::ListingScope;
use statelock_client::lock_table::LockTable;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::state::{StateAddress, StateKey};
use statelock_client::protocol::store::ObjectKey;

use crate::policy::partition_of_region;
use crate::shell::quoted;

/// A state, its bucket and its lock table.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) backend: StateBackend,
    pub(super) bucket: Bucket,
    /// The lock table, if the state is locked by one.
    pub(super) table: Option<LockTable>,
    /// The words by which the user can name it again.
    pub(super) named: String,
    /// Where Terraform runs, if that was named.
    pub(super) directory: Option<PathBuf>,
}

impl Subject {
    pub(super) fn new(backend: StateBackend, named: String, directory: Option<PathBuf>) -> Self {
        let settings = backend.settings();
        let connection = backend.connection();
        let bucket = Bucket::new(connection.clone(), settings.address.bucket().clone());
        let table =
            settings.mode.table().map(|name| LockTable::new(connection.clone(), name.clone()));
        Self { backend, bucket, table, named, directory }
    }

    /// The bucket's name, as a word of a shell.
    pub(super) fn bucket_word(&self) -> String {
        quoted(self.bucket.name().as_str())
    }

    /// The key of the state's object.
    pub(super) fn key(&self) -> ObjectKey {
        self.backend.settings().address.object_key()
    }

    /// The part of AWS that the store's region belongs to, as it stands in ARNs.
    pub(super) fn partition(&self) -> &'static str {
        partition_of_region(self.backend.connection().region())
    }

    /// The states of all workspaces of the backend.
    pub(super) fn scope(&self) -> ListingScope {
        let address = &self.backend.settings().address;
        ListingScope::Workspaces {
            key: address.state_key().clone(),
            prefix: address.workspace_key_prefix().clone(),
        }
    }

    /// The same backend with the state under this key.
    pub(super) fn at(&self, key: &ObjectKey) -> Option<StateBackend> {
        let key = StateKey::parse(key.as_str()).ok()?;
        Some(self.backend.at(StateAddress::new(self.bucket.name().clone(), key)))
    }

    /// Whether clients lock by lockfile.
    pub(super) fn uses_lockfile(&self) -> bool {
        match self.backend.settings().mode {
            LockMode::Lockfile | LockMode::Dual(_) => true,
            LockMode::LockTable(_) => false,
        }
    }

    /// A command of the AWS CLI about the bucket.
    pub(super) fn s3api(&self, verb: &str, rest: &str) -> String {
        format!("aws s3api {verb} --bucket {} {rest}", self.bucket_word()).trim_end().to_owned()
    }

    /// A command of the AWS CLI about the lock table.
    pub(super) fn dynamodb(&self, verb: &str, rest: &str) -> String {
        let table = self.table.as_ref().map(|table| table.name().as_str()).unwrap_or_default();
        format!("aws dynamodb {verb} --table-name {} {rest}", quoted(table))
    }
}
