//! Why `probe` has nothing to report.

use statelock_client::probe::ProbeError;
use statelock_client::protocol::store::Refusal;
use statelock_client::{StoreError, Trouble};

use crate::backend::{BackendError, StopSignal, refused_exit_code};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::output::printable;

/// Every way in which it ends without a report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeVerbError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// An address for a name that nobody asks for.
    #[error("`{0}` is no host name of an endpoint")]
    UnusedName(String),
    /// Nothing could be tried.
    #[error("nothing could be tried: {0}")]
    Probe(Box<ProbeError>),
    /// The same, of a bucket whose name most stores do not take: the store did not know it, or refused it.
    #[error("nothing could be tried: {cause}")]
    UpperCase { cause: Box<ProbeError>, hint: String },
    /// A signal ended it, and nothing is left.
    #[error("stopped by {0}; what was written is removed")]
    Stopped(StopSignal),
    /// A signal ended it, and something is left, or may be.
    #[error("stopped by {signal}; something may be left below {place}")]
    StoppedLeft { signal: StopSignal, place: String, hint: String },
    /// What earlier probes left could not be removed.
    #[error("{0}")]
    NotCleaned(String, String),
    #[error("could not catch signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl From<ProbeError> for ProbeVerbError {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Connect(error) => Self::Backend(BackendError::Connect(error)),
            ProbeError::NoName(_)
            | ProbeError::Unreachable(_)
            | ProbeError::Elsewhere(_)
            | ProbeError::NotPermitted(_)
            | ProbeError::Retained { .. }
            | ProbeError::OnlyOnCondition(_)
            | ProbeError::NothingTaken(_)
            | ProbeError::WrongTableKey { .. }
            | ProbeError::RefusedTableKey { .. }
            | ProbeError::At { .. }
            | ProbeError::Left { .. }
            | ProbeError::Store(_) => Self::Probe(Box::new(error)),
        }
    }
}

impl ProbeVerbError {
    /// An error of a probe of this bucket. Some stores take a name with upper-case letters, so that it is up to them;
    /// one that does not may say no more than that the request was bad.
    pub(super) fn of(error: ProbeError, bucket: &str) -> Self {
        let lower = bucket.to_ascii_lowercase();
        if lower == bucket || !is_about_bucket(&error) {
            return error.into();
        }
        let hint = printable(&format!(
            "most stores take no upper-case letters in a bucket's name: is it `{lower}`? Else check the region and the \
             endpoint; a probe makes no bucket"
        ));
        Self::UpperCase { cause: Box::new(error), hint }
    }
}

/// Whether the store refused the bucket, and not who asks or what was written.
fn is_about_bucket(error: &ProbeError) -> bool {
    match error {
        ProbeError::Left { cause, .. } | ProbeError::At { cause, .. } => is_about_bucket(cause),
        ProbeError::Store(error) => match error.as_ref() {
            StoreError::Refused { refusal, .. } => matches!(
                refusal,
                Refusal::NoSuchBucket
                    | Refusal::NoSuchKey
                    | Refusal::Invalid
                    | Refusal::Unsupported
            ),
            StoreError::Unknown(_) => false,
        },
        ProbeError::Connect(_)
        | ProbeError::NoName(_)
        | ProbeError::Unreachable(_)
        | ProbeError::Elsewhere(_)
        | ProbeError::NotPermitted(_)
        | ProbeError::Retained { .. }
        | ProbeError::WrongTableKey { .. }
        | ProbeError::RefusedTableKey { .. }
        | ProbeError::OnlyOnCondition(_)
        | ProbeError::NothingTaken(_) => false,
    }
}

impl CommandError for ProbeVerbError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::UnusedName(_) => ExitCode::BadInput,
            Self::Probe(cause) | Self::UpperCase { cause, .. } => probe_exit_code(cause),
            Self::Stopped(signal) | Self::StoppedLeft { signal, .. } => signal.exit_code(),
            Self::NotCleaned(..) | Self::Stdout(_) => ExitCode::Unavailable,
            Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::UnusedName(_) => {
                Some("with --resolve, name the host as it stands in --endpoint-url")
            }
            Self::Probe(error) => Some(probe_hint(error)),
            Self::StoppedLeft { hint, .. }
            | Self::NotCleaned(_, hint)
            | Self::UpperCase { hint, .. } => Some(hint),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Signals(_) => Some("try again"),
            Self::Stopped(_) | Self::Json(_) => None,
        }
    }
}

fn probe_exit_code(error: &ProbeError) -> ExitCode {
    match error {
        // Told as a backend error already.
        ProbeError::Connect(_)
        | ProbeError::Elsewhere(_)
        | ProbeError::Retained { .. }
        | ProbeError::NothingTaken(_)
        | ProbeError::WrongTableKey { .. }
        | ProbeError::RefusedTableKey { .. } => ExitCode::BadInput,
        ProbeError::NoName(_) => ExitCode::Internal,
        ProbeError::Unreachable(_) => ExitCode::Unavailable,
        ProbeError::NotPermitted(_) | ProbeError::OnlyOnCondition(_) => ExitCode::NotPermitted,
        ProbeError::Left { cause, .. } | ProbeError::At { cause, .. } => probe_exit_code(cause),
        ProbeError::Store(error) => match error.as_ref() {
            StoreError::Refused { refusal, .. } => refused_exit_code(*refusal),
            StoreError::Unknown(_) => ExitCode::Unavailable,
        },
    }
}

/// Whether a request was refused because of the time that it was signed with.
fn is_about_time(trouble: &Trouble) -> bool {
    matches!(trouble.code.as_deref(), Some("RequestTimeTooSkewed" | "RequestExpired"))
}

fn probe_hint(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::Connect(_) => "correct the options or the environment",
        ProbeError::NoName(_) => "try again",
        ProbeError::Unreachable(_) => "check the endpoint, the network and the proxy settings",
        ProbeError::Elsewhere(_) => "name the bucket's own region with --region",
        ProbeError::Retained { .. } => {
            "probe a bucket without default retention, or accept that with --allow object_lock"
        }
        ProbeError::WrongTableKey { .. } | ProbeError::RefusedTableKey { .. } => {
            "name another table, or leave --dynamodb-table out: a key cannot be changed. It needs one partition key \
             `LockID` of type S, and no sort key"
        }
        ProbeError::NotPermitted(trouble) if is_about_time(trouble) => {
            "the store's clock and the one here are too far apart for signatures: set the wrong one"
        }
        ProbeError::NothingTaken(_) => {
            "states could not be written so either: check --encrypt, --kms-key-id, AWS_SSE_CUSTOMER_KEY and --acl, the \
             bucket's name, and whether it is a store that speaks S3"
        }
        ProbeError::OnlyOnCondition(_) => {
            "a policy of the bucket asks for a condition of every object there, which states are written without: let it \
             be about keys that end in .tflock, or name a prefix that it is not about"
        }
        ProbeError::NotPermitted(_) => {
            "check which credentials are used; a probe needs s3:PutObject, s3:GetObject and s3:DeleteObject below \
             PREFIX/.statelock-probe/, s3:ListBucket on the bucket, and in a bucket that keeps versions \
             s3:ListBucketVersions and s3:DeleteObjectVersion; for a lock table dynamodb:GetItem, PutItem and DeleteItem"
        }
        ProbeError::Left { cause, .. } | ProbeError::At { cause, .. } => probe_hint(cause),
        ProbeError::Store(error) => match error.as_ref() {
            StoreError::Refused { refusal: Refusal::NoSuchTable, .. } => {
                "check the table's name and the region, or leave --dynamodb-table out"
            }
            StoreError::Refused { refusal: Refusal::NoSuchBucket, .. } => {
                "check the bucket's name, the region and the endpoint; a probe makes no bucket"
            }
            StoreError::Refused { .. } | StoreError::Unknown(_) => {
                "check bucket, region, endpoint and credentials"
            }
        },
    }
}
