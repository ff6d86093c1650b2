//! A request on its way through the proxy.

use std::io;

use super::http::{Body, Connection, Head};

/// Bodies up to this length are read before a rule is asked about them.
const SMALL_BODY: u64 = 64 * 1024;

/// What rules and tests see of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The operation that `X-Amz-Target` names; empty without that header.
    pub operation: String,
    /// A small body as text; empty for others.
    pub body: String,
}

/// A request, with as much of its body as was read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: Head,
    /// The body, if it is small.
    pub(super) body: Vec<u8>,
    /// What the client has still to send.
    pub(super) rest: Body,
}

impl Asked {
    /// Reads the body too, if it is small and comes by itself.
    pub(super) fn read(head: Head, client: &mut Connection) -> io::Result<Self> {
        let (mut body, mut rest) = (Vec::new(), head.request_body());
        if matches!(rest, Body::Length(0..=SMALL_BODY)) && !head.expects_continue() {
            client.read_body(rest, &mut body)?;
            rest = Body::Absent;
        }
        Ok(Self { head, body, rest })
    }

    pub(super) fn summary(&self) -> Request {
        let (method, path) = self.head.method_and_path();
        let target = self.head.header("x-amz-target").unwrap_or_default();
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// The whole request as the client sent it.
    pub(super) fn read_whole(&self, client: &mut Connection) -> io::Result<Vec<u8>> {
        if self.head.expects_continue() {
            io::Write::write_all(client, b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut whole = [self.head.raw.as_slice(), self.body.as_slice()].concat();
        client.read_body(self.rest, &mut whole)?;
        Ok(whole)
    }
}
