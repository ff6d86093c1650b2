//! Why `gc` did not do all that was asked for.

use statelock_client::StoreError;
use statelock_client::bucket::VersionListingError;
use statelock_client::protocol::store::Refusal;

use super::running::Stopped;
use crate::backend::{BackendError, StopSignal, refused_exit_code, refused_hint};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

const LISTING_DENIED: &str =
    "check which credentials are used; it needs s3:ListBucketVersions on the bucket";
const REMOVAL_DENIED: &str = "check which credentials are used; it needs s3:DeleteObjectVersion on *.tflock, and in a \
                              bucket with MFA delete nobody has it without a code";
const TRY_AGAIN: &str = "run it again: it goes on where it ended, and what is gone stays gone";

/// Every way in which `gc` ends other than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GcError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The versions could not be listed to the end.
    #[error("the versions could not be listed{progress}: {cause}")]
    Listing { progress: String, cause: Box<VersionListingError> },
    /// A removal of many was refused, or its answer was lost.
    #[error("old versions could not be removed: {0}")]
    Removing(Box<StoreError>),
    /// Nothing could be removed.
    #[error("nothing may be removed with these credentials: {0}")]
    Denied(String),
    /// Everything was tried, and some versions stay.
    #[error("{0}")]
    SomeRefused(String),
    #[error("stopped by {0}; what was removed until then stays removed")]
    Stopped(StopSignal),
    #[error("could not watch for signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl GcError {
    /// The end of a run that was stopped; `progress` says how far the listing came.
    pub(super) fn of(stopped: Stopped, progress: String) -> Self {
        match stopped {
            Stopped::Listing(cause) => Self::Listing { progress, cause: Box::new(cause) },
            Stopped::Removing(error) => Self::Removing(Box::new(error)),
            Stopped::Denied(first) => {
                let version = &first.version;
                let (code, message) = (&first.code, &first.message);
                Self::Denied(format!(
                    "version {} of `{}`: {code}: {message}",
                    version.id,
                    crate::output::printable(version.key.as_str())
                ))
            }
            Stopped::Signal(signal) => Self::Stopped(signal),
        }
    }
}

impl CommandError for GcError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Listing { cause, .. } => match cause.as_ref() {
                VersionListingError::Store(error) => store_exit_code(error),
                VersionListingError::OutOfOrder { .. }
                | VersionListingError::NoContinuation
                | VersionListingError::Key(_) => ExitCode::Unsupported,
            },
            Self::Removing(error) => store_exit_code(error),
            Self::Denied(_) => ExitCode::NotPermitted,
            Self::SomeRefused(_) | Self::Stdout(_) => ExitCode::Unavailable,
            Self::Stopped(signal) => signal.exit_code(),
            Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Listing { cause, .. } => Some(match cause.as_ref() {
                VersionListingError::Store(error) => store_hint(error, LISTING_DENIED),
                VersionListingError::OutOfOrder { .. }
                | VersionListingError::NoContinuation
                | VersionListingError::Key(_) => {
                    "this store lists in a way of its own; what lies under a delete marker cannot be known there"
                }
            }),
            Self::Removing(error) => Some(store_hint(error, REMOVAL_DENIED)),
            Self::Denied(_) => Some(REMOVAL_DENIED),
            Self::SomeRefused(_) | Self::Stopped(_) => Some(TRY_AGAIN),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Signals(_) | Self::Json(_) => None,
        }
    }
}

/// Removing by version id twice is as once, so an answer that was lost means no more than to try again.
fn store_exit_code(error: &StoreError) -> ExitCode {
    match error {
        StoreError::Refused { refusal, .. } => refused_exit_code(*refusal),
        StoreError::Unknown(_) => ExitCode::Unavailable,
    }
}

fn store_hint(error: &StoreError, denied: &'static str) -> &'static str {
    match error {
        StoreError::Refused { refusal: Refusal::Denied, .. } => denied,
        StoreError::Refused { refusal: Refusal::Unsupported, .. } => {
            "this store does not show the versions of its objects; if it keeps any, use its own tools"
        }
        StoreError::Refused { refusal: Refusal::Unavailable, .. } | StoreError::Unknown(_) => {
            TRY_AGAIN
        }
        StoreError::Refused { refusal, .. } => refused_hint(*refusal),
    }
}
