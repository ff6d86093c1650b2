//! Why `bootstrap` did not make all that was asked for.

use statelock_client::StoreError;
use statelock_client::protocol::store::Refusal;

use super::making::Failure;
use crate::backend::{BackendError, refused_exit_code, refused_hint};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

const AGAIN: &str = "run it again: what is done is found done, and the rest is made";
const DENIED: &str =
    "check which credentials are used; each line names the operation that they may not do";

/// Every way in which `bootstrap` ends other than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootstrapError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The bucket cannot be worked with.
    #[error("the bucket `{bucket}` is somebody else's, or not open to these credentials: {why}")]
    NotOurs { bucket: String, why: String },
    #[error("the bucket `{bucket}` is in {}, and {asked} was asked for", region.as_deref().unwrap_or("another region"))]
    Elsewhere { bucket: String, region: Option<String>, asked: String },
    /// A backend block has one region, so a table there could not be used with the bucket.
    #[error(
        "the bucket `{bucket}` is in {region}, and the lock table `{table}` would be in {asked}"
    )]
    TableElsewhere { bucket: String, region: String, table: String, asked: String, hint: String },
    /// It is not known whether there is a bucket, or it could not be made.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// Some steps failed; their lines say why.
    #[error("{}", failed_text(steps))]
    Steps { steps: Vec<&'static str>, failure: Failure },
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl BootstrapError {
    /// The bucket is in one region, and the table would be made in another.
    pub(super) fn table_elsewhere(
        bucket: String,
        table: &str,
        (region, asked): (&str, &str),
    ) -> Self {
        let hint = format!(
            "a backend block has one region for both: run it with --region {region}, or choose another bucket"
        );
        let (region, table, asked) = (region.to_owned(), table.to_owned(), asked.to_owned());
        Self::TableElsewhere { bucket, region, table, asked, hint }
    }
}

fn failed_text(steps: &[&str]) -> String {
    format!("not all is as wanted: {} failed", steps.join(", "))
}

impl CommandError for BootstrapError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::NotOurs { .. } => ExitCode::NotPermitted,
            Self::Elsewhere { .. }
            | Self::TableElsewhere { .. }
            | Self::Steps { failure: Failure::Impossible, .. } => ExitCode::BadInput,
            Self::Store(error) | Self::Steps { failure: Failure::Store(error), .. } => {
                store_exit_code(error)
            }
            Self::Stdout(_) => ExitCode::Unavailable,
            Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::NotOurs { .. } => Some(
                "choose another name, or use credentials of the account that has the bucket; looking at it needs s3:ListBucket",
            ),
            Self::Elsewhere { .. } => Some("name its region with --region, or choose another name"),
            Self::TableElsewhere { hint, .. } => Some(hint),
            Self::Store(error) | Self::Steps { failure: Failure::Store(error), .. } => {
                Some(store_hint(error))
            }
            Self::Steps { failure: Failure::Impossible, .. } => {
                Some("correct what the line above names, or choose another name")
            }
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}

/// All that is done here may be done twice, so an answer that was lost means no more than to try again.
fn store_exit_code(error: &StoreError) -> ExitCode {
    match error {
        StoreError::Refused { refusal, .. } => refused_exit_code(*refusal),
        StoreError::Unknown(_) => ExitCode::Unavailable,
    }
}

fn store_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unknown(_) => AGAIN,
        StoreError::Refused { refusal, .. } => match refusal {
            Refusal::Denied => DENIED,
            Refusal::Unavailable | Refusal::Conflict => AGAIN,
            Refusal::Unsupported => "this store cannot do that; make it there by other means",
            Refusal::Invalid => {
                "check names and options; the message says what the store does not take"
            }
            Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::NoSuchKey
            | Refusal::PreconditionFailed => refused_hint(*refusal),
        },
    }
}
