//! A database that nobody writes to, opened to be looked at: nothing in its directory is made or changed.

use std::path::Path;

use rusqlite::Connection;

use super::directory::Directory;
use super::failure::OpenError;
use super::schema;
use super::stopping::Stop;
use super::transaction::{ConnectionUse, SqlTransaction};
use crate::storage::Transaction;

/// A checked database without a log.
#[derive(Debug)]
pub struct DatabaseAtRest {
    connection: Connection,
}

impl DatabaseAtRest {
    /// Opens the database of `directory` after the checks that the engine makes when it opens one: every
    /// page and every record. It must have no log, as a copy of [`copy_database`](super::copy_database).
    ///
    /// # Errors
    /// [`OpenError`]: not usable, corrupt, or of a newer format. Not usable also when it was asked to stop.
    pub fn open(directory: &Path, stop: &Stop) -> Result<Self, OpenError> {
        let path = Directory::database_in(directory);
        schema::check_length(&path)?;
        let connection = schema::connect(&path, ConnectionUse::Read)?;
        stop.watch(&connection, || {
            schema::check_identity(&connection, &path)?;
            schema::check_content(&connection, &path)
        })?;
        Ok(Self { connection })
    }

    /// A transaction that reads. As nobody writes, there is nothing to end.
    pub fn transaction(&self) -> impl Transaction + '_ {
        SqlTransaction::new(&self.connection, ConnectionUse::Read)
    }
}
