//! Paths for operators: is the server up, and how is it doing.

use http::{HeaderValue, Method, Response, StatusCode, header};
use s3s::Body;

use crate::metrics::Metrics;

/// Answers a request under `/_statelock/`. Nothing here needs credentials, and nothing here names a
/// state, a lock or a key.
pub(crate) fn handle(method: &Method, path: &str, metrics: &Metrics) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n".to_owned());
    }
    match path {
        "/_statelock/health" => text(StatusCode::OK, "ok\n".to_owned()),
        "/_statelock/metrics" => {
            let mut response = text(StatusCode::OK, metrics.render());
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            response
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "not found: this server answers /_statelock/health and /_statelock/metrics\n"
                .to_owned(),
        ),
    }
}

fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
