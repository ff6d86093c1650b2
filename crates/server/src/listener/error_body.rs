//! Completes S3's error answers: the framework writes code and message only.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use quick_xml::escape::escape;
use s3s::{Body, S3Error};

use super::request_id::RequestId;
use crate::api::s3::CONDITION_HEADER;
use crate::auth::guard::GuardError;

/// What an error is about.
pub(super) struct Subject<'a> {
    pub(super) request_id: RequestId,
    pub(super) path: &'a str,
    pub(super) is_head: bool,
}

/// Adds what S3 sends with every error: the resource, the request's id and the failed condition.
pub(super) async fn complete(response: Response<Body>, subject: &Subject<'_>) -> Response<Body> {
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED || (subject.is_head && status.as_u16() >= 400) {
        return without_body(response);
    }
    if status.as_u16() < 400 {
        return partial(response, subject);
    }
    let (mut parts, body) = response.into_parts();
    let condition = parts.headers.remove(CONDITION_HEADER);
    let Ok(collected) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let bytes = collected.to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let Some(open) = text.strip_suffix("</Error>") else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let mut completed = open.to_owned();
    if !open.contains("<Message>") {
        let code = open.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        element(&mut completed, "Message", message(code.map_or("", |(code, _)| code)));
    }
    if let Some(condition) = condition.as_ref().and_then(|value| value.to_str().ok()) {
        element(&mut completed, "Condition", condition);
    }
    finish(&mut completed, subject);
    set_length(&mut parts.headers, completed.len());
    Response::from_parts(parts, Body::from(completed))
}

/// The framework answers a HEAD with a range by 200; S3 answers it like the GET.
fn partial(mut response: Response<Body>, subject: &Subject<'_>) -> Response<Body> {
    if subject.is_head && response.headers().contains_key(header::CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// What S3 says with a code, for errors to which the framework gives no words.
fn message(code: &str) -> &'static str {
    match code {
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check \
             your key and signing method."
        }
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published \
             schema"
        }
        "MissingRequestBodyError" => "Request body is empty.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "KeyTooLongError" => "Your key is too long",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "InvalidRange" => "The requested range is not satisfiable",
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        }
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "NotImplemented" => "This operation is not implemented by this server.",
        "InternalError" => "We encountered an internal error. Please try again.",
        _ => "The request is not valid.",
    }
}

/// A refusal of the guard.
pub(super) fn refused(error: &GuardError, subject: &Subject<'_>) -> Response<Body> {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error>".to_owned();
    element(&mut xml, "Code", error.code);
    element(&mut xml, "Message", &error.message);
    if let Some(names) = &error.headers_not_signed {
        element(&mut xml, "HeadersNotSigned", names);
    }
    finish(&mut xml, subject);
    xml_response(error.status, if subject.is_head { Bytes::new() } else { Bytes::from(xml) })
}

/// An error that comes from before or around the framework.
pub(super) fn simple(error: S3Error) -> Response<Body> {
    let status = error.status_code().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    error.to_http_response().unwrap_or_else(|_| xml_response(status, Bytes::new()))
}

fn finish(xml: &mut String, subject: &Subject<'_>) {
    element(xml, "Resource", subject.path);
    element(xml, "RequestId", &subject.request_id.to_string());
    element(xml, "HostId", super::dispatch::HOST_ID);
    xml.push_str("</Error>");
}

fn element(xml: &mut String, name: &str, text: &str) {
    for part in ["<", name, ">", &escape(text), "</", name, ">"] {
        xml.push_str(part);
    }
}

fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(CONDITION_HEADER);
    Response::from_parts(parts, Body::empty())
}

fn xml_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn set_length(headers: &mut HeaderMap, length: usize) {
    if headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use s3s::{S3Error, S3ErrorCode};

    use super::{Subject, complete, simple};
    use crate::listener::request_id::RequestIds;

    #[tokio::test]
    async fn errors_name_resource_request_and_host() {
        let request_id = RequestIds::new([0; 16]).next();
        let subject = Subject { request_id, path: "/b/a&b", is_head: false };
        let error = S3Error::with_message(S3ErrorCode::NoSuchKey, "no <key>");
        let response = complete(simple(error), &subject).await;
        assert_eq!(response.status(), 404);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("<Code>NoSuchKey</Code>"), "{text}");
        assert!(text.contains("<Resource>/b/a&amp;b</Resource>"), "{text}");
        assert!(text.contains("<RequestId>0000000000000000</RequestId>"), "{text}");
        assert!(text.ends_with("</Error>"), "{text}");
    }
}
