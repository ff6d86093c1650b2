//! Sends each request to its API and completes the answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3ErrorCode};
use tracing::Instrument;

use super::error_body::{self, Subject};
use super::request_body::RequestBody;
use super::request_id::{RequestId, RequestIds};
use super::route::{Route, route};
use crate::api::admin::AdminApi;
use crate::api::dynamodb::{self, DynamoDbApi};
use crate::api::http_backend::{self, HttpBackendApi};
use crate::api::identity::{self, IdentityService};
use crate::auth::credentials::Credentials;
use crate::auth::guard;
use crate::auth::sigv4::{Expected, check_claim};
use crate::engine::{Clock, Connection, ConnectionId};
use crate::metrics::Metrics;

/// Shown in error bodies beside the request's id, as S3 does.
pub(super) const HOST_ID: &str = "statelock";
/// Forms of STS and IAM are small.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The parts of the server that requests reach.
pub(crate) struct Application {
    pub(crate) s3: S3Service,
    pub(crate) credentials: Credentials,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) admin: AdminApi,
    pub(crate) http_backend: HttpBackendApi,
    pub(crate) dynamodb: DynamoDbApi,
    pub(crate) request_timeout: Duration,
    /// How long a client may leave a small body unfinished.
    pub(crate) stall_timeout: Duration,
}

/// Answers requests.
pub(crate) struct Dispatcher {
    application: Application,
    ids: RequestIds,
    connections: AtomicU64,
}

/// One accepted connection. Requests on it come one after the other.
pub(crate) struct Line {
    id: ConnectionId,
    peer: SocketAddr,
    idle_since_micros: AtomicU64,
}

impl Line {
    fn now(&self) -> Connection {
        Connection {
            id: self.id,
            peer: self.peer.ip(),
            idle_since_micros: self.idle_since_micros.load(Ordering::Relaxed),
        }
    }

    /// The time before the answer is sent: a client cannot have seen it earlier.
    fn answered(&self, now_micros: u64) {
        self.idle_since_micros.store(now_micros, Ordering::Relaxed);
    }
}

impl Dispatcher {
    pub(crate) fn new(application: Application, seed: [u8; 16]) -> Self {
        Self { application, ids: RequestIds::new(seed), connections: AtomicU64::new(0) }
    }

    /// Names a connection that was just accepted.
    pub(crate) fn connected(&self, peer: SocketAddr) -> Line {
        let id = self.connections.fetch_add(1, Ordering::Relaxed);
        let idle_since_micros = AtomicU64::new(self.application.clock.now_micros());
        Line { id: ConnectionId(id), peer, idle_since_micros }
    }

    /// Answers one request; never fails, so that a connection only ends where HTTP says so.
    pub(crate) async fn answer(
        &self,
        mut request: Request<Incoming>,
        line: &Line,
    ) -> Result<Response<Body>, Infallible> {
        let peer = line.peer;
        request.extensions_mut().insert(line.now());
        let request_id = self.ids.next();
        let began = self.application.clock.now_micros();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let span = tracing::info_span!("request", %request_id, %peer, %method, %path);
        let api =
            route(request.method(), request.uri().path(), request.headers(), request.uri().query());
        let waits_for_nothing = waits_for_nothing(request.headers());
        let respond = self.respond(request, api, request_id);
        let mut response = Box::pin(caught(respond)).instrument(span.clone()).await;
        if waits_for_nothing {
            close_after(&mut response);
        }
        name_request(&mut response, request_id);
        let micros = self.application.clock.now_micros().saturating_sub(began);
        let status = response.status();
        self.application.metrics.request(api.into(), status.as_u16(), micros);
        span.in_scope(|| tracing::info!(status = status.as_u16(), micros, "answered"));
        line.answered(self.application.clock.now_micros());
        Ok(response)
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        route: Route,
        request_id: RequestId,
    ) -> Response<Body> {
        match route {
            Route::Admin => self.admin(request).await,
            Route::S3 => self.s3(request, request_id).await,
            Route::Identity(service) => self.identity(service, request, request_id).await,
            Route::DynamoDb => self.dynamodb(request, request_id).await,
            Route::HttpBackend => self.http_backend(request).await,
        }
    }

    async fn s3(&self, request: Request<Incoming>, request_id: RequestId) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let is_head = request.method() == Method::HEAD;
        let subject = Subject { request_id, path: &path, is_head };
        let (mut head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &head.headers);
        let refused = guard::check(&head.method, &head.uri, &head.headers)
            .and_then(|()| guard::check_length(&head.method, &head.uri, &head.headers));
        let mut response = if let Err(error) = refused {
            error_body::refused(&error, &subject)
        } else {
            head.extensions.insert(body.clone());
            let request = Request::from_parts(head, Body::http_body(body.clone()));
            error_body::complete(self.call_s3(request, &body).await, &subject).await
        };
        if !body.finish().await {
            close_after(&mut response);
        }
        response
    }

    async fn call_s3(&self, request: Request<Body>, body: &RequestBody) -> Response<Body> {
        let timeout = self.application.request_timeout;
        match tokio::time::timeout(timeout, self.application.s3.call(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let error: s3s::StdError = error.into();
                tracing::error!(%error, "the S3 framework failed");
                error_body::simple(S3Error::new(S3ErrorCode::InternalError))
            }
            Err(_) => timed_out(body),
        }
    }

    async fn admin(&self, request: Request<Incoming>) -> Response<Body> {
        let timeout = self.application.request_timeout;
        match tokio::time::timeout(timeout, self.application.admin.handle(request)).await {
            Ok(response) => response,
            Err(_) => admin_timed_out(),
        }
    }

    async fn http_backend(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &head.headers);
        let answer = self.application.http_backend.handle(&head, body.clone());
        let timeout = self.application.request_timeout;
        let mut response = match tokio::time::timeout(timeout, answer).await {
            Ok(response) => response,
            Err(_) => http_backend::timed_out(body.is_complete()),
        };
        if !body.finish().await {
            close_after(&mut response);
        }
        response
    }

    async fn dynamodb(&self, request: Request<Incoming>, request_id: RequestId) -> Response<Body> {
        let (head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &head.headers);
        let Application { dynamodb, clock, request_timeout, .. } = &self.application;
        let now_unix = i64::try_from(clock.now_micros() / 1_000_000).unwrap_or(i64::MAX);
        let id = request_id.to_string();
        let answer = dynamodb.handle(&head, body.clone(), now_unix, &id);
        let response = match tokio::time::timeout(*request_timeout, answer).await {
            Ok(response) => response,
            Err(_) => dynamodb::timed_out(body.is_complete(), &id),
        };
        let mut response = response.map(Body::from);
        if !body.finish().await {
            close_after(&mut response);
        }
        response
    }

    async fn identity(
        &self,
        service: IdentityService,
        request: Request<Incoming>,
        request_id: RequestId,
    ) -> Response<Body> {
        let (head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &head.headers);
        let mut response = self.identify(service, &head, body.clone(), request_id).await;
        if !body.finish().await {
            close_after(&mut response);
        }
        response
    }

    async fn identify(
        &self,
        service: IdentityService,
        head: &Parts,
        body: RequestBody,
        request_id: RequestId,
    ) -> Response<Body> {
        let Application { credentials, clock, request_timeout, stall_timeout, .. } =
            &self.application;
        let now_unix = i64::try_from(clock.now_micros() / 1_000_000).unwrap_or(i64::MAX);
        let expected = Expected::service(service.scope_name());
        // Who cannot even claim to be somebody is not waited for, and refused for that.
        let form = if check_claim(head, expected, credentials, now_unix).is_ok() {
            let form = Limited::new(body, FORM_BYTES_MAX).collect();
            let limit = *request_timeout.min(stall_timeout);
            let Ok(Ok(form)) = tokio::time::timeout(limit, form).await else {
                let why = "the form could not be read\n";
                return text(StatusCode::BAD_REQUEST, "text/plain", why);
            };
            form.to_bytes()
        } else {
            Bytes::new()
        };
        let id = request_id.to_string();
        identity::handle(service, head, &form, credentials, now_unix, &id).await.map(Body::from)
    }
}

/// A panic is a bug of ours: it costs its own request an answer of 500, and nobody else anything.
async fn caught(respond: impl Future<Output = Response<Body>>) -> Response<Body> {
    // What a panic leaves half-changed is the request's own: storage jobs catch theirs by themselves.
    if let Ok(response) = AssertUnwindSafe(respond).catch_unwind().await {
        return response;
    }
    tracing::error!("a request made the server panic: a bug, please report it");
    let mut response = error_body::simple(S3Error::with_message(
        S3ErrorCode::InternalError,
        "The server failed on this request. Whether it had an effect is unknown: read back before \
         you repeat it.",
    ));
    close_after(&mut response);
    response
}

/// A request whose body has not come yet had no effect; of any other nobody knows.
fn timed_out(body: &RequestBody) -> Response<Body> {
    let error = if body.is_complete() {
        S3Error::with_message(
            S3ErrorCode::InternalError,
            "The request took longer than the server allows. Whether it had an effect is unknown: \
             read back before you repeat it.",
        )
    } else {
        S3Error::with_message(
            S3ErrorCode::RequestTimeout,
            "The body took longer than the server allows. Nothing was changed.",
        )
    };
    error_body::simple(error)
}

fn admin_timed_out() -> Response<Body> {
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "application/json",
        r#"{"error":{"code":"timed_out","message":"the request took longer than the server allows","hint":"read back before repeating"}}"#,
    );
    close_after(&mut response);
    response
}

/// Whether a client waits for `100 Continue` before it sends no body at all. It gets its answer without,
/// and botocore then takes the next answer on that connection for the missing one.
fn waits_for_nothing(headers: &HeaderMap) -> bool {
    let is_empty = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    is_empty && headers.contains_key(header::EXPECT)
}

/// Says that the connection ends with this answer: what is left of the request stays unread.
fn close_after(response: &mut Response<Body>) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// Puts the request's id where clients look for it: S3's two headers, and the other services' one.
fn name_request(response: &mut Response<Body>, request_id: RequestId) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert(HeaderName::from_static("x-amz-request-id"), id.clone());
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    headers.insert(HeaderName::from_static("x-amz-id-2"), HeaderValue::from_static(HOST_ID));
    // Clients that know this name rely on conditional deletes, which other stores may ignore.
    headers.insert(header::SERVER, HeaderValue::from_static("statelock"));
}

pub(super) fn text(
    status: StatusCode,
    content_type: &'static str,
    body: &'static str,
) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::caught;

    #[tokio::test]
    async fn a_panic_is_answered_500_and_ends_its_connection() {
        let response = caught(async { panic!("a bug") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["connection"], "close");
    }
}
