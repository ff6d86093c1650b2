//! For which backend a proof was given.

use super::super::store_name::{self, Service};
use super::super::survey::Unit;
use super::Verified;
use crate::backend::BackendArgs;

/// What a proof has to be about, as files and environment say now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct ProvenBackend {
    /// The bucket.
    pub(in super::super) bucket: String,
    /// The key of the state.
    pub(in super::super) key: String,
    /// The lock table.
    pub(in super::super) table: Option<String>,
    /// The endpoint of the bucket; `None` for that of AWS.
    pub(in super::super) endpoint: Option<String>,
}

impl ProvenBackend {
    /// That of a unit, if its arguments can be used.
    pub(in super::super) fn of(unit: &Unit) -> Option<Self> {
        let arguments = unit.s3.as_ref().ok()?;
        let resolved = BackendArgs::default()
            .resolve_arguments(
                arguments,
                &unit.directory,
                statelock_protocol::state::WorkspaceName::default(),
            )
            .ok()?;
        Some(Self {
            bucket: unit.bucket.clone()?,
            key: unit.key.clone()?,
            table: unit.table.clone(),
            endpoint: store_name::endpoint(&resolved.settings.stores, Service::S3),
        })
    }

    /// Where it is, in words.
    pub(in super::super) fn store(&self) -> &str {
        self.endpoint.as_deref().unwrap_or("AWS")
    }
}

impl Verified {
    /// Whether it is about this backend, in whatever store.
    pub(in super::super) fn names(&self, backend: &ProvenBackend) -> bool {
        let ProvenBackend { bucket, key, table, endpoint: _ } = backend;
        self.bucket == *bucket && self.key == *key && self.table == *table
    }

    /// Whether it is about this backend, as far as that can be known without asking its store.
    pub(in super::super) fn is_of(&self, backend: &ProvenBackend) -> bool {
        self.names(backend) && store_name::may_be(&self.store, backend.endpoint.as_deref())
    }
}
