//! The correct store behind the proxy.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::fault_proxy::http::{Connection, Head};
use crate::signed_client::{Answer, SignedClient};
use crate::sigv4::{Signer, Unsigned, payload_hash};

use super::message::Message;

/// How often something that stands in the way is removed; others may be at the same.
pub(super) const ATTEMPTS: usize = 8;

/// The store, as one connection of a client reaches it.
#[derive(Debug)]
pub(super) struct Upstream {
    address: SocketAddr,
    connection: Connection,
    signer: Signer,
    /// The client's connection.
    pub(super) number: u64,
}

/// An answer for the client.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// All of it, as it is sent.
    pub(super) bytes: Vec<u8>,
    /// How long the head is.
    pub(super) head_length: usize,
    /// Whether the connection ends with it.
    pub(super) closes: bool,
}

impl Upstream {
    pub(super) fn connect(address: SocketAddr, signer: Signer, number: u64) -> io::Result<Self> {
        let connection = Connection::new(TcpStream::connect(address)?)?;
        Ok(Self { address, connection, signer, number })
    }

    /// Passes a request on byte for byte.
    pub(super) fn pass(&mut self, message: &Message) -> io::Result<Reply> {
        let server = &mut self.connection;
        server.write_all(&[message.head.raw.as_slice(), &message.body].concat())?;
        let mut head = server.expect_head()?;
        while head.status() < 200 {
            head = server.expect_head()?;
        }
        let mut body = Vec::new();
        server.read_body(head.response_body(message.method()), &mut body)?;
        Ok(Reply::of(&head, &body))
    }

    /// Passes a request on without some of its headers.
    pub(super) fn pass_without(&mut self, message: &Message, names: &[&str]) -> io::Result<Reply> {
        let (headers, body) = message.plain(names);
        let service = if message.has_header("x-amz-target") { "dynamodb" } else { "s3" };
        self.signed((service, message.method(), message.target()), &headers, &body)
    }

    /// Writes an object without its conditions, also over a lock: a careful store that keeps one from
    /// being replaced is told to remove it first.
    pub(super) fn overwrite(&mut self, message: &Message, names: &[&str]) -> io::Result<Reply> {
        let mut reply = self.pass_without(message, names)?;
        for _ in 0..ATTEMPTS {
            if !matches!(reply.status, 409 | 412) {
                break;
            }
            self.ask("DELETE", message.path())?;
            reply = self.pass_without(message, names)?;
        }
        Ok(reply)
    }

    /// Passes an operation of DynamoDB on with another body.
    pub(super) fn pass_with_body(&mut self, message: &Message, body: &[u8]) -> io::Result<Reply> {
        let (headers, _) = message.plain(&[]);
        self.signed(("dynamodb", message.method(), message.target()), &headers, body)
    }

    /// Asks something of the proxy's own. Each such request has a connection of its own: one that
    /// is kept would be closed by the store sooner or later.
    pub(super) fn ask(&self, method: &str, target: &str) -> io::Result<Answer> {
        SignedClient::new(self.address, self.signer.clone()).s3(method, target, &[], b"")
    }

    /// Asks an operation about an item of the proxy's own.
    pub(super) fn ask_item(&self, operation: &str, body: &[u8]) -> io::Result<Answer> {
        SignedClient::new(self.address, self.signer.clone()).dynamodb(operation, body)
    }

    fn signed(
        &self,
        (service, method, path): (&str, &str, &str),
        headers: &[(String, String)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let (host, payload) = (self.address.to_string(), payload_hash(body));
        let (host, payload) = (host.as_str(), payload.as_str());
        let length = body.len();
        let request = Unsigned { service, method, path, host, headers, payload, length };
        let mut client = SignedClient::new(self.address, self.signer.clone());
        let answer = client.send(&request, body)?;
        // The client's own connection to the proxy goes on.
        Ok(Reply { closes: false, ..Reply::from(answer) })
    }
}

impl Reply {
    fn of(head: &Head, body: &[u8]) -> Self {
        let bytes = [head.raw.as_slice(), body].concat();
        let (status, closes) = (head.status(), head.closes());
        Self { status, bytes, head_length: head.raw.len(), closes }
    }

    /// An answer of the proxy's own.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>{message}</Message><RequestId>proxy</RequestId></Error>"
        );
        Self::with_body(status, &body)
    }

    /// An answer of the proxy's own, with this XML.
    pub(super) fn with_body(status: u16, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} Proxy\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let (head_length, bytes) = (head.len(), [head, body.to_owned()].concat().into_bytes());
        Self { status, bytes, head_length, closes: false }
    }

    pub(super) fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body as it is on the wire.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(self.head_length..).unwrap_or_default()
    }

    /// The same for a client that asked for the head only.
    pub(super) fn for_method(mut self, method: &str) -> Self {
        if method == "HEAD" {
            self.bytes.truncate(self.head_length);
        }
        self
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::of(&answer.head, &answer.body)
    }
}
