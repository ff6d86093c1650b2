//! Why `ls` did not show all that was asked for.

use statelock_client::StoreError;
use statelock_client::listing::{ListingError, ListingFailure};
use statelock_client::protocol::store::Refusal;

use crate::backend::{BackendError, refused_exit_code, refused_hint};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

const OBJECTS_DENIED: &str =
    "check which credentials are used; listing needs s3:ListBucket on the bucket";
const LOCKFILES_DENIED: &str = "check which credentials are used; reading who holds a lock needs s3:GetObject on *.tflock, \
                                and kms:Decrypt where the bucket encrypts with a key of its own";
const TABLE_DENIED: &str = "check which credentials are used; listing needs dynamodb:Scan and dynamodb:GetItem on the lock table";

/// Every way in which `ls` ends other than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LsError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Listing(Box<ListingError>),
    /// Everything was listed, and some lockfiles could not be read.
    #[error("{count} of the locks that were found could not be read; the first: {first}")]
    Unread { count: u64, first: Box<StoreError> },
    #[error("{}", held_text(*.0))]
    Held(u64),
    #[error("could not look whether holders live")]
    Evidence(#[source] tokio::task::JoinError),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

fn held_text(count: u64) -> String {
    if count == 1 { "1 state is locked".to_owned() } else { format!("{count} states are locked") }
}

impl From<ListingError> for LsError {
    fn from(error: ListingError) -> Self {
        Self::Listing(Box::new(error))
    }
}

impl LsError {
    /// Whether the same may succeed a little later.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.exit_code(), ExitCode::Unavailable) && !matches!(self, Self::Stdout(_))
    }
}

impl CommandError for LsError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Listing(error) => listing_exit_code(error),
            Self::Unread { first, .. } => match first.as_ref() {
                StoreError::Refused { refusal: Refusal::Denied, .. } => ExitCode::NotPermitted,
                StoreError::Refused { .. } | StoreError::Unknown(_) => ExitCode::Unavailable,
            },
            Self::Held(_) => ExitCode::Held,
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Evidence(_) | Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Listing(error) => Some(listing_hint(error)),
            Self::Unread { first, .. } => Some(match first.as_ref() {
                StoreError::Refused { refusal: Refusal::Denied, .. } => LOCKFILES_DENIED,
                StoreError::Refused { .. } | StoreError::Unknown(_) => {
                    "try again; everything else was listed"
                }
            }),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Held(_) | Self::Evidence(_) | Self::Json(_) => None,
        }
    }
}

fn listing_exit_code(error: &ListingError) -> ExitCode {
    match &error.cause {
        ListingFailure::Objects(error_of_store) | ListingFailure::Table(error_of_store) => {
            match error_of_store {
                StoreError::Refused { refusal: Refusal::Denied, .. } => ExitCode::NotPermitted,
                StoreError::Refused { refusal, .. } if error.progress.pages == 0 => {
                    refused_exit_code(*refusal)
                }
                // It went well before: something has changed meanwhile.
                StoreError::Refused { .. } | StoreError::Unknown(_) => ExitCode::Unavailable,
            }
        }
        ListingFailure::OutOfOrder { .. }
        | ListingFailure::NoContinuation
        | ListingFailure::Key(_) => ExitCode::Unsupported,
    }
}

fn listing_hint(error: &ListingError) -> &'static str {
    match &error.cause {
        ListingFailure::Objects(StoreError::Refused { refusal: Refusal::Denied, .. }) => {
            OBJECTS_DENIED
        }
        ListingFailure::Table(StoreError::Refused { refusal: Refusal::Denied, .. }) => TABLE_DENIED,
        ListingFailure::Objects(cause) | ListingFailure::Table(cause) => match cause {
            StoreError::Refused { refusal, .. } if error.progress.pages == 0 => match refusal {
                Refusal::Unavailable | Refusal::Conflict => "try again",
                Refusal::Unsupported => {
                    "this store cannot list; look at one state: statelock status"
                }
                Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::NoSuchKey
                | Refusal::PreconditionFailed
                | Refusal::Denied
                | Refusal::Invalid => refused_hint(*refusal),
            },
            StoreError::Refused { .. } | StoreError::Unknown(_) => {
                "try again; what was printed is right, and there may be more"
            }
        },
        ListingFailure::OutOfOrder { .. }
        | ListingFailure::NoContinuation
        | ListingFailure::Key(_) => {
            "this store lists in a way of its own; list smaller parts: s3://BUCKET/PREFIX"
        }
    }
}
