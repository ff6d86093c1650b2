//! One request to a CI's API: short, bounded, without redirects, and never with a token on display.

use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::http::{Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

use super::server::Server;

/// The largest answer that is read. A run is described in some 20 KiB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// How long one request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    /// From the look-up of the name to the last byte of the answer.
    pub(super) whole: Duration,
}

impl Default for Timeouts {
    /// Two requests, which is the most that are made for one lock, take ten seconds.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), whole: Duration::from_secs(5) }
    }
}

/// A header with a token in it.
pub(super) struct TokenHeader {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// The variable that the token came from.
    pub(super) variable: &'static str,
}

/// A CI's API.
pub(super) struct Api {
    pub(super) base: Server,
    pub(super) token: Option<TokenHeader>,
    /// The variables that may hold a token, for a hint.
    pub(super) token_variables: &'static str,
    pub(super) timeouts: Timeouts,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ApiError {
    /// There is nothing at that path, or this token may not know of it.
    NotFound(String),
    /// Anything else.
    Other(String),
}

impl ApiError {
    pub(super) fn into_why(self) -> String {
        match self {
            Self::NotFound(why) | Self::Other(why) => why,
        }
    }
}

impl Api {
    /// Asks for one JSON document.
    ///
    /// # Errors
    /// In words that hold neither a token nor text of the answer.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let base = &self.base;
        let mut request = Request::get(format!("{base}/{path}"))
            .header("user-agent", concat!("statelock/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(TokenHeader { name, value, variable }) = &self.token {
            if !base.keeps_secrets() {
                let why = format!(
                    "{base} is reached without TLS, and the token of {variable} would be readable \
                     on its way"
                );
                return Err(ApiError::Other(why));
            }
            request = request.header(*name, value);
        }
        // A token with a line break in it cannot be sent; the error does not show it.
        let request = request.body(()).map_err(|_| {
            let variable = self.token.as_ref().map_or("the URL", |token| token.variable);
            ApiError::Other(format!("{variable} has characters that cannot be sent"))
        })?;
        let response = self.agent().run(request).map_err(|error| self.not_reached(&error))?;
        self.document(response)
    }

    fn agent(&self) -> ureq::Agent {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let Timeouts { connect, whole } = self.timeouts;
        // A redirect would carry the token to a host that the environment does not name.
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(connect))
            .timeout_global(Some(whole))
            .tls_config(tls);
        if self.base.is_loopback() {
            config = config.proxy(None);
        }
        config.build().new_agent()
    }

    fn document<T: DeserializeOwned>(
        &self,
        mut response: Response<ureq::Body>,
    ) -> Result<T, ApiError> {
        if response.status().as_u16() != 200 {
            return Err(self.refusal(&response));
        }
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| self.not_reached(&error))?;
        serde_json::from_slice(&body).map_err(|_| {
            ApiError::Other(format!("the answer of {} is not what its API answers", self.base))
        })
    }

    fn not_reached(&self, error: &ureq::Error) -> ApiError {
        let base = &self.base;
        ApiError::Other(match error {
            ureq::Error::Timeout(_) => format!("{base} did not answer in time"),
            ureq::Error::BodyExceedsLimit(_) => format!("the answer of {base} is too large"),
            error => format!("{base} could not be reached: {error}"),
        })
    }

    fn refusal(&self, response: &Response<ureq::Body>) -> ApiError {
        let (base, status) = (&self.base, response.status().as_u16());
        let token = match &self.token {
            Some(token) => format!("the token of {}", token.variable),
            None => format!("no token is set ({})", self.token_variables),
        };
        let is_limited = status == 429 || (status == 403 && is_over_limit(response));
        let why = match status {
            _ if is_limited => {
                format!("{base} limits requests, and the limit is reached ({status})")
            }
            401 => format!("{base} does not accept {token} (401)"),
            403 => format!("{base} refuses to tell: {token} (403)"),
            404 => {
                let why = format!("{base} has no such run, or does not show it: {token} (404)");
                return ApiError::NotFound(why);
            }
            300..=399 => format!(
                "{base} answers that it is somewhere else by now ({status}), which is not followed"
            ),
            500.. => format!("{base} failed ({status})"),
            _ => format!("{base} answered with status {status}"),
        };
        ApiError::Other(why)
    }
}

/// Whether a refusal says that too many requests were made.
fn is_over_limit(response: &Response<ureq::Body>) -> bool {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    header("x-ratelimit-remaining") == Some("0") || header("retry-after").is_some()
}
