//! Why the admin API did not answer what was asked, and what to do about it.

use serde::Deserialize;

use super::settings::{Endpoint, SettingsError};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// Every way in which a request to the admin API ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminClientError {
    /// The arguments or the environment cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No answer came.
    #[error("could not reach the server at {endpoint}")]
    Unreachable {
        /// Where it should be.
        endpoint: String,
        /// Why not.
        source: ureq::Error,
    },
    /// An answer came, and a statelock server does not answer so.
    #[error("{endpoint} does not answer as this version of statelock does (status {status})")]
    NotStatelock {
        /// Who answered.
        endpoint: String,
        /// How.
        status: u16,
    },
    /// The server refused, in its own words.
    #[error("the server at {endpoint} refused: {message}")]
    Refused {
        /// Which server.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// What programs look at.
        code: String,
        /// What happened.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorText,
}

#[derive(Deserialize)]
struct ErrorText {
    code: String,
    message: String,
    #[serde(default)]
    hint: Option<String>,
}

impl AdminClientError {
    pub(super) fn not_statelock(endpoint: &Endpoint, status: u16) -> Self {
        Self::NotStatelock { endpoint: endpoint.to_string(), status }
    }

    /// Reads an answer that is not 200.
    pub(super) fn refused(endpoint: &Endpoint, status: u16, body: &[u8]) -> Self {
        let Ok(ErrorBody { error }) = serde_json::from_slice(body) else {
            return Self::not_statelock(endpoint, status);
        };
        Self::Refused {
            endpoint: endpoint.to_string(),
            status,
            code: error.code,
            message: output::printable(&error.message),
            hint: error.hint.map(|hint| output::printable(&hint)),
        }
    }
}

impl CommandError for AdminClientError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::BadInput,
            Self::Refused { code, .. } if code == "corrupt" => ExitCode::Corrupt,
            Self::Refused { status: 401 | 403, .. } => ExitCode::NotPermitted,
            Self::Refused { status, .. } | Self::NotStatelock { status, .. } if *status < 500 => {
                ExitCode::BadInput
            }
            Self::Unreachable { .. } | Self::Refused { .. } | Self::NotStatelock { .. } => {
                ExitCode::Unavailable
            }
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Unreachable { .. } => Some(
                "is `statelock serve` running there? Name another server with --endpoint-url or \
                 AWS_ENDPOINT_URL",
            ),
            Self::NotStatelock { .. } => Some(
                "name the address that `statelock serve` prints with --endpoint-url or \
                 AWS_ENDPOINT_URL, and use the same version on both sides",
            ),
            Self::Refused { status: 401, .. } => Some(
                "set AWS_SHARED_CREDENTIALS_FILE to the server's DIR/credentials, or \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the key in it",
            ),
            Self::Refused { hint, .. } => hint.as_deref(),
        }
    }
}
