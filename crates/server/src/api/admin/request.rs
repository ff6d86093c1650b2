//! What a request to the admin API says: its query, and its body.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::answer::AdminError;

/// Documents that administrators send are small.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The parameters of a query. Each is taken out by whoever knows it; what is left over is a mistake.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// A parameter that is not UTF-8, or given twice.
    pub(super) fn parse(query: &str) -> Result<Self, AdminError> {
        let mut parameters = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if parameters.contains_key(&name) {
                return Err(refused(&name, "is given twice"));
            }
            parameters.insert(name, value);
        }
        Ok(Self(parameters))
    }

    /// A parameter's text; an empty one counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, AdminError> {
        let parse = |text: String| text.parse().map_err(|_| refused(name, "is not a whole number"));
        self.text(name).map(parse).transpose()
    }

    /// Ends the reading: a parameter that nobody took was misspelt, and would have no effect.
    ///
    /// # Errors
    /// There is one.
    pub(super) fn finish(self) -> Result<(), AdminError> {
        match self.0.into_keys().next() {
            Some(name) => Err(refused(&name, "is not known here")),
            None => Ok(()),
        }
    }
}

/// Says what is wrong with a parameter.
pub(super) fn refused(name: &str, what: &str) -> AdminError {
    AdminError::bad_request(format!("the parameter `{name}` {what}"), "correct the query")
}

fn decode(text: &str) -> Result<String, AdminError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned);
    decoded.map_err(|_| AdminError::bad_request("the query is not UTF-8", "correct the query"))
}

/// The body of a POST; of other requests none is read.
///
/// # Errors
/// It is not JSON, too large, or ends early.
pub(super) async fn body(request: Request<Incoming>) -> Result<Bytes, AdminError> {
    if request.method() != Method::POST {
        return Ok(Bytes::new());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // Not only for clarity: a page elsewhere can make a browser send a form here, but not JSON.
    if kind.is_none_or(|kind| !kind.trim_start().starts_with("application/json")) {
        return Err(AdminError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body is not `Content-Type: application/json`",
            "send JSON and say so",
        ));
    }
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await;
    let unread = |error| {
        AdminError::bad_request(
            format!("the body could not be read: {error}"),
            "send at most 64 KiB, and all of it",
        )
    };
    Ok(body.map_err(unread)?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn parameters_are_decoded_and_taken_once() {
        let mut query = Query::parse("a=x%2Fy+z&b=&c=17&d").unwrap();
        assert_eq!(query.text("a").as_deref(), Some("x/y z"));
        assert_eq!(query.text("a"), None);
        assert_eq!(query.text("b"), None);
        assert_eq!(query.number("c").unwrap(), Some(17));
        assert_eq!(query.number("none").unwrap(), None);
        assert!(query.finish().is_err(), "d is left");
        Query::parse("").unwrap().finish().unwrap();
    }

    #[test]
    fn mistakes_are_refused() {
        assert!(Query::parse("a=1&a=2").is_err());
        assert!(Query::parse("a=%FF").is_err());
        for text in ["x", "-1", "1.5", "99999999999999999999"] {
            assert!(Query::parse(&format!("n={text}")).unwrap().number("n").is_err(), "{text}");
        }
    }
}
