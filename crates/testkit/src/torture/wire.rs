//! Sends a request and tells what is certain: it never left, it was answered, or nobody knows.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::clock::{Stopwatch, pause};
use super::request::{Request, Service};
use crate::fault_proxy::http::Connection;
use crate::sigv4::{Signer, Unsigned, payload_hash};

/// A server that lives answers much sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    signer: Signer,
    basic: String,
    agent: Agent,
}

/// What a client calls itself.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    /// To S3.
    pub(super) s3: String,
    /// To lock tables.
    pub(super) dynamodb: String,
    /// To the `http` backend.
    pub(super) http: String,
}

impl Agent {
    /// Neither Terraform nor OpenTofu.
    pub(super) fn torture() -> Self {
        let [s3, dynamodb, http] = [(); 3].map(|()| "torture/1".to_owned());
        Self { s3, dynamodb, http }
    }
}

/// One connection of one client, made anew when it breaks.
pub(super) struct Wire {
    door: Door,
    clock: Stopwatch,
    connection: Option<Open>,
    /// How many there were.
    connections: u32,
}

struct Open {
    connection: Connection,
    since_micros: u64,
}

/// What became of a request.
pub(super) struct Exchange {
    pub(super) heard: Heard,
    pub(super) start_micros: u64,
    /// When all of it was written, if it was.
    pub(super) sent_micros: Option<u64>,
    pub(super) end_micros: u64,
    /// When the connection stood on which it was sent: the process at its other end lived then.
    pub(super) connected_micros: u64,
    /// Which connection that is.
    pub(super) connection: u32,
}

/// What a sender knows.
pub(super) enum Heard {
    /// Nothing listened.
    NotSent,
    /// It was sent, and no answer came; or its sender hung up.
    Nothing { hung_up: bool },
    /// Status and body.
    Answer(u16, Vec<u8>),
}

impl Door {
    pub(super) fn new(address: SocketAddr, access_key: &str, secret_key: &str) -> Self {
        let basic = BASE64_STANDARD.encode(format!("{access_key}:{secret_key}"));
        let signer = Signer::new(access_key, secret_key);
        Self { address, signer, basic, agent: Agent::torture() }
    }

    fn head(&self, request: &Request) -> String {
        let host = self.address.to_string();
        let (service, agent) = match request.service {
            Service::S3 => ("s3", &self.agent.s3),
            Service::DynamoDb => ("dynamodb", &self.agent.dynamodb),
            Service::Http => return self.http_head(request, &host),
        };
        let mut headers = request.headers.clone();
        headers.push(("user-agent".to_owned(), agent.clone()));
        self.signer.head(&Unsigned {
            service,
            method: request.method,
            path: &request.path,
            host: &host,
            headers: &headers,
            payload: &payload_hash(&request.body),
            length: request.body.len(),
        })
    }

    fn http_head(&self, request: &Request, host: &str) -> String {
        let Request { method, path, body, headers, .. } = request;
        let lines: String = headers
            .iter()
            .flat_map(|(name, value)| [name.as_str(), ": ", value.as_str(), "\r\n"])
            .collect();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {}\r\n\
             user-agent: {}\r\n{lines}content-length: {}\r\n\r\n",
            self.basic,
            self.agent.http,
            body.len()
        )
    }
}

impl Wire {
    pub(super) fn new(door: Door, clock: Stopwatch) -> Self {
        Self { door, clock, connection: None, connections: 0 }
    }

    /// Whether the connection of the request before still stands, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// From now on another process asks, on a connection of its own, which calls itself so.
    pub(super) fn start_anew(&mut self, agent: Agent) {
        self.connection = None;
        self.door.agent = agent;
    }

    /// Sends a request and waits for its answer; hangs up after a while instead, if told to.
    pub(super) fn ask(&mut self, request: &Request, hang_up: Option<Duration>) -> Exchange {
        let signed = self.door.head(request);
        let open = match self.connection.take() {
            Some(open) => Ok(open),
            None => self.connect(),
        };
        let start_micros = self.clock.micros();
        let Ok(mut open) = open else {
            let (end_micros, connected_micros) = (start_micros, start_micros);
            let (heard, connection) = (Heard::NotSent, self.connections);
            let sent_micros = None;
            return Exchange {
                heard,
                start_micros,
                sent_micros,
                end_micros,
                connected_micros,
                connection,
            };
        };
        let whole = [signed.as_bytes(), &request.body].concat();
        let sent = open.connection.write_all(&whole);
        let sent_micros = sent.is_ok().then(|| self.clock.micros());
        let answer = match (sent, hang_up) {
            (Ok(()), None) => answer(&mut open.connection, request.method).ok(),
            // Whether it could be written changes nothing: nobody will know.
            (Ok(()) | Err(_), Some(after)) => {
                pause(after);
                None
            }
            (Err(_), None) => None,
        };
        let end_micros = self.clock.micros();
        let connected_micros = open.since_micros;
        let heard = match answer {
            None => Heard::Nothing { hung_up: hang_up.is_some() },
            Some((status, body, closes)) => {
                if !closes {
                    self.connection = Some(open);
                }
                Heard::Answer(status, body)
            }
        };
        let connection = self.connections;
        Exchange { heard, start_micros, sent_micros, end_micros, connected_micros, connection }
    }

    fn connect(&mut self) -> io::Result<Open> {
        self.connections += 1;
        let stream = TcpStream::connect(self.door.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let connection = Connection::new(stream)?;
        Ok(Open { connection, since_micros: self.clock.micros() })
    }
}

fn answer(connection: &mut Connection, method: &str) -> io::Result<(u16, Vec<u8>, bool)> {
    let mut head = connection.expect_head()?;
    while head.status() < 200 {
        head = connection.expect_head()?;
    }
    let mut body = Vec::new();
    connection.read_body(head.response_body(method), &mut body)?;
    Ok((head.status(), body, head.closes()))
}
