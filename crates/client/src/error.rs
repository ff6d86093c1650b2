//! What went wrong, in words for people.

use std::fmt;

use statelock_protocol::store::Refusal;

/// Stands in the message of a [`Trouble`] if no such host is known, and its name is the bucket's before that of
/// an endpoint that was named: few endpoints have a name for each bucket.
pub const BUCKET_IN_HOST: &str =
    "the bucket's name stands before the endpoint's, because path style is not on";

/// A request that did not simply succeed: what the store said, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// `S3` or `DynamoDB`.
    pub service: &'static str,
    /// The operation, as the service names it.
    pub operation: &'static str,
    /// Where it was sent: scheme, host and port of the last attempt that got no answer.
    pub endpoint: Option<Box<str>>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The service's error code.
    pub code: Option<Box<str>>,
    /// Its message, or why there is no answer.
    pub message: String,
    /// The service's id of the request, for its operator.
    pub request_id: Option<Box<str>>,
    /// Whether it is certain that nothing was sent.
    pub was_sent: bool,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, endpoint, status, code, message, request_id, was_sent } =
            self;
        write!(f, "{service} {operation}")?;
        match (status, was_sent) {
            (Some(status), _) => write!(f, " was answered with {status}")?,
            (None, true) => f.write_str(" got no answer")?,
            (None, false) => f.write_str(" could not be sent")?,
        }
        match (endpoint, status, was_sent) {
            (Some(endpoint), None, true) => write!(f, " from {endpoint}")?,
            (Some(endpoint), None, false) => write!(f, " to {endpoint}")?,
            (Some(_), Some(_), _) | (None, _, _) => {}
        }
        if let Some(code) = code {
            write!(f, " {code}")?;
        }
        if !message.is_empty() {
            write!(f, ": {message}")?;
        }
        match request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// Why no connection to the stores could be prepared. Nothing was sent to them.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No region is known.
    #[error("no region is set")]
    NoRegion,
    /// What is set is the name of no region.
    #[error("`{0}` is no region: a region's name has only letters, digits and hyphens")]
    Region(String),
    /// No credentials were found, or those that were named do not work.
    #[error("no usable credentials: {0}")]
    Credentials(String),
    /// A file could not be read.
    #[error("could not read {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A setting makes no sense.
    #[error("{setting}: {problem}")]
    Setting {
        /// Its name, as in Terraform's backend configuration.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Why a store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It said so, and nothing was changed.
    #[error("{trouble}")]
    Refused {
        /// The kind.
        refusal: Refusal,
        /// What it said.
        trouble: Trouble,
    },
    /// It did not answer, or with an error that leaves open what was done.
    #[error("{0}")]
    Unknown(Trouble),
}
