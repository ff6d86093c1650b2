//! A request of a client, read whole, and what kind of request it is.

use std::io::{self, Write as _};

use crate::fault_proxy::http::{Body, Connection, Head};

use super::aws_chunked::{self, Header};

/// What a request asks for, as far as a fault may be about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    PutObject,
    DeleteObject,
    ReadObject,
    CompleteUpload,
    ListObjects,
    PutItem,
    DeleteItem,
    GetItem,
    Other,
}

/// A request.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) head: Head,
    /// The body as it is on the wire.
    pub(super) body: Vec<u8>,
}

/// Headers that are made anew when a request is signed again, or that only belong to its old framing.
const OF_THE_FRAMING: [&str; 12] = [
    "host",
    "authorization",
    "x-amz-date",
    "x-amz-content-sha256",
    "content-length",
    "connection",
    "expect",
    "transfer-encoding",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "content-encoding",
    // By it our server knows a call that it has refused before, and refuses it again.
    "amz-sdk-invocation-id",
];

impl Message {
    /// The next request, or `None` if the client has closed the connection.
    pub(super) fn read(client: &mut Connection) -> io::Result<Option<Self>> {
        let Some(head) = client.read_head()? else { return Ok(None) };
        if head.expects_continue() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        client.read_body(head.request_body(), &mut body)?;
        Ok(Some(Self { head, body }))
    }

    pub(super) fn method(&self) -> &str {
        self.head.method_and_path().0
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        self.head.method_and_path().1
    }

    /// The path: of an object, bucket and key.
    pub(super) fn path(&self) -> &str {
        self.target().split_once('?').map_or(self.target(), |(path, _)| path)
    }

    pub(super) fn has_header(&self, name: &str) -> bool {
        self.head.header(name).is_some()
    }

    /// Whether it has a condition.
    pub(super) fn has_condition(&self) -> bool {
        self.has_header("if-none-match") || self.has_header("if-match")
    }

    pub(super) fn kind(&self) -> Kind {
        if let Some(target) = self.head.header("x-amz-target") {
            return match target.rsplit('.').next() {
                Some("PutItem") => Kind::PutItem,
                Some("DeleteItem") => Kind::DeleteItem,
                Some("GetItem") => Kind::GetItem,
                _ => Kind::Other,
            };
        }
        let query = self.target().split_once('?').map_or("", |(_, query)| query);
        let parameter =
            |wanted: &str| query.split('&').any(|part| part.split('=').next() == Some(wanted));
        // SDKs name the operation in a parameter without a meaning.
        let is_plain = query.split('&').all(|part| part.is_empty() || part.starts_with("x-id="));
        let is_object =
            self.path().trim_start_matches('/').split_once('/').is_some_and(|k| !k.1.is_empty());
        match (self.method(), is_object) {
            ("PUT", true) if is_plain && !self.has_header("x-amz-copy-source") => Kind::PutObject,
            ("DELETE", true) if is_plain => Kind::DeleteObject,
            ("GET" | "HEAD", true) if is_plain => Kind::ReadObject,
            ("POST", true) if parameter("uploadId") => Kind::CompleteUpload,
            ("GET", false) if parameter("list-type") => Kind::ListObjects,
            _ => Kind::Other,
        }
    }

    /// Whether the body ends with trailers.
    pub(super) fn has_trailer(&self) -> bool {
        let payload = self.head.header("x-amz-content-sha256").unwrap_or_default();
        payload.starts_with("STREAMING-") && payload.ends_with("-TRAILER")
    }

    /// Headers and body with another framing: nothing in chunks, checksums before the body.
    /// Headers with these names are left out.
    pub(super) fn plain(&self, without: &[&str]) -> (Vec<Header>, Vec<u8>) {
        let mut body = self.body.clone();
        let mut trailers = Vec::new();
        if self.head.request_body() == Body::Chunked
            && let Some((whole, _)) = aws_chunked::decoded(&body)
        {
            body = whole;
        }
        let payload = self.head.header("x-amz-content-sha256").unwrap_or_default();
        if payload.starts_with("STREAMING-")
            && let Some((whole, after)) = aws_chunked::decoded(&body)
        {
            (body, trailers) = (whole, after);
        }
        let is_kept = |name: &str| {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            !OF_THE_FRAMING.iter().any(|other| is(other)) && !without.iter().any(|other| is(other))
        };
        let headers = self.head.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let trailers = trailers.into_iter().filter(|(name, _)| name.starts_with("x-amz-checksum-"));
        let headers = headers.filter(|(name, _)| is_kept(name)).chain(trailers).collect();
        (headers, body)
    }
}
