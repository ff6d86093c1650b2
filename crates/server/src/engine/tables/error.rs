//! Why an operation on a table was refused.

use crate::engine::EngineError;
use crate::records::Item;
use crate::storage::StorageError;

/// Every way in which an operation on a table or its items ends without its effect.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TableError {
    /// There is no such table; its name.
    #[error("no table `{0}`")]
    NoSuchTable(String),
    /// The table exists already; its name.
    #[error("the table `{0}` exists")]
    TableExists(String),
    /// The table is protected against deletion; its name.
    #[error("the table `{0}` is protected against deletion")]
    Protected(String),
    /// The condition does not hold; the item as it is, if there is one.
    #[error("The conditional request failed")]
    ConditionFailed(Option<Box<Item>>),
    /// The request does not fit the table, in the words of DynamoDB.
    #[error("{0}")]
    Invalid(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl TableError {
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// The storage failure that this is, if it is one: it ends the transaction by itself.
    pub(super) fn storage(&self) -> Option<StorageError> {
        match self {
            Self::Engine(EngineError::Storage(error)) => Some(error.clone()),
            Self::Engine(_)
            | Self::NoSuchTable(_)
            | Self::TableExists(_)
            | Self::Protected(_)
            | Self::ConditionFailed(_)
            | Self::Invalid(_) => None,
        }
    }
}

impl From<StorageError> for TableError {
    fn from(error: StorageError) -> Self {
        Self::Engine(EngineError::Storage(error))
    }
}
