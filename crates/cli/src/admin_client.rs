//! A small client of the server's admin API: one request, one JSON document.
//!
//! Where the server is and with which key comes from the command line and from the variables that AWS
//! clients read. The key's secret travels with each request, so it is sent nowhere else: no redirect
//! is followed, and no proxy is used to this machine.

mod error;
mod settings;
mod shared_credentials;

use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request, Response, request};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody};

pub(crate) use error::AdminClientError;
pub(crate) use settings::{ServerArgs, SettingsError};

use settings::{AccessKey, Endpoint};

use crate::output;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an ordinary request may take.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// The largest document that is read.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// A client of one server.
pub(crate) struct AdminClient {
    agent: Agent,
    endpoint: Endpoint,
    authorization: String,
}

impl AdminClient {
    /// A client as the arguments and the environment say.
    ///
    /// # Errors
    /// What they say cannot be used.
    pub(crate) fn new(args: &ServerArgs) -> Result<Self, SettingsError> {
        let (endpoint, key) = args.settings()?;
        if endpoint.shows_secrets() {
            output::warning(&format!(
                "the secret access key travels to {endpoint} readable by everybody in between; use \
                 https beyond this machine"
            ));
        }
        let AccessKey { id, secret } = key;
        let authorization = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        Ok(Self { agent: agent(&endpoint), endpoint, authorization })
    }

    /// Asks for a document. `path` is what follows `/_statelock/admin/`.
    ///
    /// # Errors
    /// The server was not reached, refused, or is no statelock server.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        timeout: Duration,
    ) -> Result<T, AdminClientError> {
        let request = self.request(Method::GET, path, query).body(());
        let request = request.map_err(|error| self.unreachable(error.into()))?;
        self.document(self.send(request, timeout)?)
    }

    /// Asks for bytes, to be read while they come.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn open(
        &self,
        path: &str,
        query: &[(&str, String)],
        timeout: Duration,
    ) -> Result<impl Read + use<>, AdminClientError> {
        let request = self.request(Method::GET, path, query).body(());
        let request = request.map_err(|error| self.unreachable(error.into()))?;
        let response = self.send(request, timeout)?;
        if response.status().as_u16() == 200 {
            return Ok(response.into_body().into_reader());
        }
        Err(self.refusal(response))
    }

    /// Sends a document, and takes one.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        document: &serde_json::Value,
        timeout: Duration,
    ) -> Result<T, AdminClientError> {
        let request = self.request(Method::POST, path, &[]);
        let request = request.header("content-type", "application/json").body(document.to_string());
        let request = request.map_err(|error| self.unreachable(error.into()))?;
        self.document(self.send(request, timeout)?)
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> request::Builder {
        let endpoint = &self.endpoint;
        Request::builder()
            .method(method)
            .uri(format!("{endpoint}/_statelock/admin/{path}{}", encoded(query)))
            .header("authorization", &self.authorization)
            .header("user-agent", concat!("statelock/", env!("CARGO_PKG_VERSION")))
    }

    fn send(
        &self,
        request: Request<impl AsSendBody>,
        timeout: Duration,
    ) -> Result<Response<ureq::Body>, AdminClientError> {
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.agent.run(request).map_err(|error| self.unreachable(error))
    }

    fn document<T: DeserializeOwned>(
        &self,
        mut response: Response<ureq::Body>,
    ) -> Result<T, AdminClientError> {
        let status = response.status().as_u16();
        if status != 200 {
            return Err(self.refusal(response));
        }
        let body = self.whole(&mut response)?;
        serde_json::from_slice(&body)
            .map_err(|_| AdminClientError::not_statelock(&self.endpoint, status))
    }

    fn refusal(&self, mut response: Response<ureq::Body>) -> AdminClientError {
        let status = response.status().as_u16();
        match self.whole(&mut response) {
            Ok(body) => AdminClientError::refused(&self.endpoint, status, &body),
            Err(error) => error,
        }
    }

    fn whole(&self, response: &mut Response<ureq::Body>) -> Result<Vec<u8>, AdminClientError> {
        let body = response.body_mut().with_config().limit(DOCUMENT_BYTES_MAX).read_to_vec();
        body.map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: ureq::Error) -> AdminClientError {
        AdminClientError::Unreachable { endpoint: self.endpoint.to_string(), source: error }
    }
}

fn agent(endpoint: &Endpoint) -> Agent {
    // A proxy for AWS may need root certificates that only this machine has.
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .tls_config(tls);
    if endpoint.is_loopback() {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// A query string, with its question mark.
fn encoded(query: &[(&str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| {
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    };
    let pairs: Vec<_> = query.iter().map(pair).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_query_is_escaped() {
        assert_eq!(encoded(&[]), "");
        let query = [("key", "a b/é&=".to_owned()), ("n", "1".to_owned())];
        assert_eq!(encoded(&query), "?key=a%20b%2F%C3%A9%26%3D&n=1");
    }
}
