//! A lock table as a whole: what it is, what it holds, and the digests in it.

mod description;
mod digest_removal;
mod items;
mod making;

use statelock_protocol::store::TableName;

use crate::connection::Connection;

pub use description::{Billing, KeyAttribute, KeyRole, TableDescription, TimeToLive};
pub use digest_removal::DigestRemoval;
pub use items::{LockTableItem, LockTableItems};

/// A lock table of a store. Nothing is sent before a function is called.
#[derive(Clone, Debug)]
pub struct LockTable {
    connection: Connection,
    name: TableName,
}

impl LockTable {
    /// The table of that name.
    pub fn new(connection: Connection, name: TableName) -> Self {
        Self { connection, name }
    }

    /// Its name.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// How the store is reached.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}
