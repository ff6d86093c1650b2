//! Paths for operators: is the server up, how is it doing, and what happened on it.
//!
//! Health and metrics need no credentials and name no state, lock or key. Everything under
//! `/_statelock/admin/` needs the root access key, and answers JSON. An endpoint is a line in
//! [`ENDPOINTS`], a variant of [`Endpoint`] and a function.

mod answer;
mod audit;
mod guard;
mod request;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use s3s::Body;

use answer::AdminError;
use request::Query;

use crate::auth::basic;
use crate::auth::credentials::Credentials;
use crate::engine::{Connection, Engine, Protocol, Sender};
use crate::metrics::Metrics;

/// Where the endpoints that need credentials are.
const PREFIX: &str = "/_statelock/admin/";

/// The operations, over what they need.
#[derive(Clone, Debug)]
pub(crate) struct AdminApi {
    pub(crate) engine: Engine,
    pub(crate) credentials: Credentials,
    pub(crate) metrics: Metrics,
}

/// One operation under [`PREFIX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Audit,
    VerifyAudit,
    AllowOverwrite,
    Quarantine,
    QuarantinedBody,
}

/// Path after [`PREFIX`], method, and what is done there.
const ENDPOINTS: [(&str, Method, Endpoint); 5] = [
    ("audit", Method::GET, Endpoint::Audit),
    ("audit/verify", Method::GET, Endpoint::VerifyAudit),
    ("allow-overwrite", Method::POST, Endpoint::AllowOverwrite),
    ("quarantine", Method::GET, Endpoint::Quarantine),
    ("quarantine/body", Method::GET, Endpoint::QuarantinedBody),
];

/// A request whose sender has proven who it is.
struct Call {
    query: Query,
    /// The body of a POST; empty otherwise.
    body: Bytes,
    sender: Sender,
}

impl AdminApi {
    /// Answers a request under `/_statelock/`.
    pub(crate) async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        match path.strip_prefix(PREFIX) {
            Some(name) => self.administer(name, request).await.unwrap_or_else(AdminError::render),
            None => self.watch(request.method(), &path),
        }
    }

    fn watch(&self, method: &Method, path: &str) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            return answer::text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET is answered here\n".to_owned(),
            );
        }
        match path {
            "/_statelock/health" => answer::text(StatusCode::OK, "ok\n".to_owned()),
            "/_statelock/metrics" => answer::metrics(&self.metrics),
            _ => answer::text(
                StatusCode::NOT_FOUND,
                "not found: this server answers /_statelock/health and /_statelock/metrics\n"
                    .to_owned(),
            ),
        }
    }

    async fn administer(
        &self,
        name: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, AdminError> {
        let key = basic::verify(request.headers(), &self.credentials)?;
        let connection = request.extensions().get::<Connection>().copied();
        // The listener names every connection.
        let connection = connection.ok_or_else(AdminError::internal)?;
        let sender = Sender::from_headers(Protocol::Admin, key.id(), connection, request.headers());
        let endpoint = endpoint(name, request.method())?;
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        let body = request::body(request).await?;
        let call = Call { query, body, sender };
        match endpoint {
            Endpoint::Audit => audit::page(&self.engine, call).await,
            Endpoint::VerifyAudit => audit::verify(&self.engine, call).await,
            Endpoint::AllowOverwrite => guard::allow_overwrite(&self.engine, call).await,
            Endpoint::Quarantine => guard::list(&self.engine, call).await,
            Endpoint::QuarantinedBody => guard::body(&self.engine, call).await,
        }
    }
}

fn endpoint(name: &str, method: &Method) -> Result<Endpoint, AdminError> {
    let at_path = || ENDPOINTS.iter().filter(|(path, _, _)| *path == name);
    if let Some((_, _, endpoint)) = at_path().find(|(_, allowed, _)| allowed == method) {
        return Ok(*endpoint);
    }
    match at_path().next() {
        Some((_, allowed, _)) => Err(AdminError::method_not_allowed(allowed)),
        None => Err(AdminError::no_such_endpoint()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_found_by_path_and_method() {
        assert_eq!(endpoint("audit", &Method::GET).unwrap(), Endpoint::Audit);
        assert_eq!(endpoint("audit/verify", &Method::GET).unwrap(), Endpoint::VerifyAudit);
        assert_eq!(endpoint("allow-overwrite", &Method::POST).unwrap(), Endpoint::AllowOverwrite);
        let status = |name, method| endpoint(name, &method).unwrap_err().render().status();
        assert_eq!(status("audit", Method::POST), StatusCode::METHOD_NOT_ALLOWED);
        for name in ["", "audit/", "audits", "Audit"] {
            assert_eq!(status(name, Method::GET), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
