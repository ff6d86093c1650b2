//! Why a verb could not begin: no state, no settings, no credentials.

use statelock_client::ConnectError;
use statelock_client::protocol::lock::steps::LockMode;

use super::directory::{ConfigFailure, by};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Everything that ends a verb before it sends anything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// The address names no state.
    #[error("`{0}` is {1}")]
    Address(String, String),
    /// The address names no bucket.
    #[error("`{0}` is {1}")]
    Bucket(String, String),
    /// `--backend-config` without a configuration.
    #[error("--backend-config completes the configuration of a directory, and an address has none")]
    OptionWithUrl,
    /// The directory's configuration cannot be read.
    #[error(transparent)]
    Config(#[from] Box<ConfigFailure>),
    /// No backend is configured.
    #[error("`{0}` configures no backend, so Terraform keeps its state in a file there")]
    NoBackend(String),
    /// A backend of another kind.
    #[error("the state of `{directory}` is in a backend `{kind}`, not in S3")]
    OtherBackend { directory: String, kind: String },
    /// A configured argument cannot be used.
    #[error("the backend argument `{0}`: {1}")]
    Argument(&'static str, String),
    /// The options would lock otherwise than Terraform does.
    #[error("the configuration locks by {}, the options by {}", by(configured), by(wanted))]
    OtherMode { configured: LockMode, wanted: LockMode },
    /// No connection could be prepared.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The operating system gave no thread or timer.
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
}

impl CommandError for BackendError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Address(..)
            | Self::Bucket(..)
            | Self::OptionWithUrl
            | Self::Config(_)
            | Self::NoBackend(_)
            | Self::OtherBackend { .. }
            | Self::Argument(..)
            | Self::OtherMode { .. } => ExitCode::BadInput,
            Self::Connect(error) => match error {
                ConnectError::Credentials(_) => ExitCode::NotPermitted,
                ConnectError::NoRegion
                | ConnectError::Region(_)
                | ConnectError::File { .. }
                | ConnectError::Setting { .. } => ExitCode::BadInput,
            },
            Self::Runtime(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Address(..) => {
                Some("name the state as s3://BUCKET/KEY, or run in a Terraform directory")
            }
            Self::Bucket(..) => {
                Some("name a bucket, or the beginning of keys in it: s3://BUCKET/PREFIX")
            }
            Self::OptionWithUrl => Some("leave it out, or name the directory"),
            Self::Config(failure) => Some(failure.hint()),
            Self::NoBackend(_) => {
                Some("run where the backend is configured, or name the state as s3://BUCKET/KEY")
            }
            Self::OtherBackend { kind, .. } => Some(other_backend_hint(kind)),
            Self::Argument(..) => {
                Some("correct the configuration, or name the state as s3://BUCKET/KEY")
            }
            Self::OtherMode { .. } => Some(
                "leave the options out: a lock of another kind would not keep Terraform out; to look at another lock of the state, name it as s3://BUCKET/KEY",
            ),
            Self::Connect(error) => match error {
                ConnectError::NoRegion => {
                    Some("set --region, AWS_REGION, or a region in your AWS profile")
                }
                ConnectError::Region(_) => Some(
                    "check --region, `region` in the backend block, AWS_REGION, or the region in your AWS \
                     profile: a name such as eu-west-1",
                ),
                ConnectError::Credentials(_) => Some(
                    "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
                     AWS_SHARED_CREDENTIALS_FILE (of a statelock server: DIR/credentials); sign in again \
                     if they have expired",
                ),
                ConnectError::File { .. } => Some("check the path and its permissions"),
                ConnectError::Setting { .. } => {
                    Some("correct it in the backend configuration, the options or the environment")
                }
            },
            Self::Runtime(_) => Some("try again; the machine is short of threads or memory"),
        }
    }
}

fn other_backend_hint(kind: &str) -> &'static str {
    match kind {
        "http" => {
            "if its server is a statelock server, name the state as s3://BUCKET/KEY with --endpoint-url: it is \
             the same lock; else use that server's own tools"
        }
        "remote" | "cloud" => {
            "its runs and locks are kept by HCP Terraform or Terraform Enterprise: use their pages"
        }
        "local" => {
            "a state in a file is locked by the operating system while Terraform runs; nothing is left to release"
        }
        _ => {
            "only states in S3 and their locks can be worked with; use `terraform force-unlock` there"
        }
    }
}
