//! A client that sends signed requests and shows what came back, byte for byte.
//!
//! It knows no operation and judges no answer; an SDK would retry, decode and complain by itself.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::fault_proxy::http::{Connection, Head};
use crate::sigv4::{Signer, Unsigned, payload_hash};

/// A server that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client of one server, with one connection that is kept as long as the server keeps it.
#[derive(Debug)]
pub struct SignedClient {
    address: SocketAddr,
    host: String,
    signer: Signer,
    connection: Option<Connection>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// Status line and headers.
    pub head: Head,
    /// The body as it was on the wire.
    pub body: Vec<u8>,
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// Its body, for messages and for documents.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl SignedClient {
    /// Connects when it has something to send.
    pub fn new(address: SocketAddr, signer: Signer) -> Self {
        Self { address, host: address.to_string(), signer, connection: None }
    }

    /// Sends a request of S3 and waits for the answer. The path carries the query.
    ///
    /// # Errors
    /// If the connection fails, or the answer is cut off.
    pub fn s3(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        self.s3_hashed(method, path, headers, body, &payload_hash(body))
    }

    /// As [`Self::s3`], for a body whose hash is known already.
    ///
    /// # Errors
    /// If the connection fails, or the answer is cut off.
    pub fn s3_hashed(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        hash: &str,
    ) -> io::Result<Answer> {
        let headers = owned(headers);
        let (host, length) = (self.host.clone(), body.len());
        let (service, headers) = ("s3", headers.as_slice());
        let (host, payload) = (host.as_str(), hash);
        let request = Unsigned { service, method, path, host, headers, payload, length };
        self.send(&request, body)
    }

    /// Sends an operation of DynamoDB and waits for the answer.
    ///
    /// # Errors
    /// If the connection fails, or the answer is cut off.
    pub fn dynamodb(&mut self, operation: &str, body: &[u8]) -> io::Result<Answer> {
        let headers = owned(&[
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", &format!("DynamoDB_20120810.{operation}")),
        ]);
        let (host, length, payload) = (self.host.clone(), body.len(), payload_hash(body));
        let request = Unsigned {
            service: "dynamodb",
            method: "POST",
            path: "/",
            host: &host,
            headers: &headers,
            payload: &payload,
            length,
        };
        self.send(&request, body)
    }

    /// Signs this request and sends it.
    ///
    /// # Errors
    /// If the connection fails, or the answer is cut off.
    pub fn send(&mut self, request: &Unsigned<'_>, body: &[u8]) -> io::Result<Answer> {
        let head = self.signer.head(request);
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        // One write for what is small: a head and a body in two segments would wait for each other.
        if body.len() <= 64 * 1024 {
            connection.write_all(&[head.as_bytes(), body].concat())?;
        } else {
            connection.write_all(head.as_bytes())?;
            connection.write_all(body)?;
        }
        let mut head = connection.expect_head()?;
        while head.status() < 200 {
            head = connection.expect_head()?;
        }
        let mut body = Vec::new();
        connection.read_body(head.response_body(request.method), &mut body)?;
        if !head.closes() {
            self.connection = Some(connection);
        }
        Ok(Answer { head, body })
    }

    fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Connection::new(stream)
    }
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
