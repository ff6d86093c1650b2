//! A bucket as a whole: its settings, its versions, and how it is made.

mod heard;
mod lifecycle;
mod lifecycle_making;
mod making;
mod object_versions;
mod presence;
mod setting;
mod settings;
mod version_removal;

use statelock_protocol::store::BucketName;

pub use lifecycle_making::{OLD_VERSIONS_RULE, OldVersions};
pub use making::{Creation, Made};
pub use object_versions::{NULL_VERSION, ObjectVersion, ObjectVersions, VersionListingError};
pub use presence::{Access, Presence};
pub use setting::{
    BucketVersioning, DefaultEncryption, LifecycleRule, ObjectLock, PublicAccessBlock, Retention,
    Setting,
};
pub use version_removal::{REMOVALS_MAX, RefusedRemoval, Removal, RemovalWay, VersionName};

use crate::connection::Connection;

/// A bucket of a store. Nothing is sent before a function is called.
#[derive(Clone, Debug)]
pub struct Bucket {
    connection: Connection,
    name: BucketName,
}

impl Bucket {
    /// The bucket of that name.
    pub fn new(connection: Connection, name: BucketName) -> Self {
        Self { connection, name }
    }

    /// Its name.
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// How the store is reached.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}
