//! The XML of the two services.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use quick_xml::escape::escape;

use super::IdentityService;

/// A successful answer, before the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The action, which names the elements around the result.
    pub(super) action: &'static str,
    /// The inside of the result element, already XML.
    pub(super) result: String,
}

impl Answer {
    /// Puts the result into the envelope of its action.
    pub(super) fn render(&self, service: IdentityService, request_id: &str) -> Response<Bytes> {
        let result = element(&format!("{}Result", self.action), &self.result);
        let request = element("RequestId", &text(request_id));
        let inside = result + &element("ResponseMetadata", &request);
        let body = document(&format!("{}Response", self.action), service, &inside);
        response(StatusCode::OK, body, request_id)
    }
}

/// The root element with the namespace of the service.
pub(super) fn document(name: &str, service: IdentityService, inside: &str) -> String {
    let namespace = match service {
        IdentityService::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        IdentityService::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
    };
    format!("<{name} xmlns=\"{namespace}\">{inside}</{name}>\n")
}

/// An element around something that is XML already.
pub(super) fn element(name: &str, inside: &str) -> String {
    format!("<{name}>{inside}</{name}>")
}

/// Elements with texts, in order.
pub(super) fn elements(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| element(name, &text(value))).collect()
}

/// Text that XML can hold: escaped, and without the characters that XML has no way to write.
pub(super) fn text(value: &str) -> String {
    let printable = |c: char| match c {
        '\t' | '\n' => c,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ if c.is_control() => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    escape(value.chars().map(printable).collect::<String>()).into_owned()
}

/// The response around a document.
pub(super) fn response(status: StatusCode, body: String, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    // An id that no header can hold is left out: the body has it too.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
