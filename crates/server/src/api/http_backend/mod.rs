//! Terraform's `http` backend: a state and its lock at one address, by plain HTTP.
//!
//! `/_statelock/state/BUCKET/KEY` is the object `KEY` of `BUCKET`, as S3 clients see it, and the lock on
//! it is the one that they take. The facts of the protocol are in `docs/protocol/http-backend.md`; how it
//! is used here is in `docs/operations/http-backend.md`.

mod address;
mod answer;
mod error;
mod locking;
mod small_body;
mod states;

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Response, header};
use s3s::Body;
use tokio::sync::Semaphore;

pub(crate) use address::serves;
use address::{Operation, Target};
pub(crate) use answer::timed_out;
use error::HttpError;

use crate::auth::basic;
use crate::auth::credentials::Credentials;
use crate::engine::{Connection, Engine, Protocol, Sender};
use crate::listener::RequestBody;

/// The operations, over what they need.
#[derive(Clone, Debug)]
pub(crate) struct HttpBackendApi {
    pub(crate) engine: Engine,
    pub(crate) credentials: Credentials,
    /// Turns of bodies that are received, shared with the S3 API.
    pub(crate) intake: Arc<Semaphore>,
}

/// A request whose sender has proven who it is.
struct Call<'a> {
    target: Target,
    sender: Sender,
    headers: &'a HeaderMap,
    body: RequestBody,
}

impl HttpBackendApi {
    /// Answers a request on a path that [`serves`] tells.
    pub(crate) async fn handle(&self, head: &Parts, body: RequestBody) -> Response<Body> {
        self.answer(head, body).await.unwrap_or_else(HttpError::render)
    }

    async fn answer(&self, head: &Parts, body: RequestBody) -> Result<Response<Body>, HttpError> {
        let headers = &head.headers;
        let key = basic::verify(headers, &self.credentials)?;
        let connection = head.extensions.get::<Connection>().copied();
        // The listener names every connection.
        let connection = connection.ok_or_else(HttpError::internal)?;
        let sender = Sender::from_headers(Protocol::Http, key.id(), connection, headers);
        let (operation, target) = address::parse(&head.method, &head.uri, headers)?;
        let call = Call { target, sender, headers, body };
        match operation {
            Operation::Read { with_body } => states::read(self, call, with_body).await,
            Operation::Write => states::write(self, call).await,
            Operation::Delete => states::delete(self, call).await,
            Operation::Lock => locking::lock(self, call).await,
            Operation::Unlock => locking::unlock(self, call).await,
        }
    }
}

/// A body is taken as it is; one that says it is packed would be stored packed.
fn refuse_packed(headers: &HeaderMap) -> Result<(), HttpError> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(HttpError::packed())
        }
        Some(_) | None => Ok(()),
    }
}
