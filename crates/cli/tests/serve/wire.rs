//! HTTP written by hand: sends what no client library would, in the pieces that a test wants.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any limit that the tests configure; a server silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        header(&self.head, wanted)
    }
}

impl Connection {
    /// Connects; every later read and write has a time limit.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, address, received: Vec::new() })
    }

    /// Sends a request's head; `headers` ends each line with CRLF.
    pub(crate) fn send_head(&mut self, method: &str, target: &str, headers: &str) {
        let host = self.address;
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        self.send(head.as_bytes()).expect("the head can be sent");
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a whole request with a body of known length, and reads the answer.
    pub(crate) fn exchange(&mut self, method: &str, target: &str, body: &[u8]) -> Answer {
        self.send_head(method, target, &format!("Content-Length: {}\r\n", body.len()));
        // A server may refuse and close before it has read everything; its answer counts.
        self.send(body).ok();
        self.answer()
    }

    /// Reads one answer, whose body has an announced length or ends with the connection.
    pub(crate) fn answer(&mut self) -> Answer {
        let (status, head) = self.answer_head();
        let mut body = Vec::new();
        let length = header(&head, "content-length").and_then(|value| value.parse().ok());
        if status != 100 {
            self.read_body(length.unwrap_or(usize::MAX), &mut |bytes| {
                body.extend_from_slice(bytes);
            });
        }
        Answer { status, head, body }
    }

    /// Reads the head of an answer.
    pub(crate) fn answer_head(&mut self) -> (u16, String) {
        let end = loop {
            let found = self.received.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = found {
                break end + 4;
            }
            let ended = self.receive() == 0;
            assert!(!ended, "closed without an answer: {:?}", self.received.escape_ascii());
        };
        let rest = self.received.split_off(end);
        let head = std::mem::replace(&mut self.received, rest);
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = status(&head).expect("a status line");
        (status, head)
    }

    /// Gives `length` bytes of a body to `taken`, or fewer if the connection ends; says how many.
    pub(crate) fn read_body(&mut self, length: usize, taken: &mut dyn FnMut(&[u8])) -> usize {
        let mut left = length;
        while left > 0 {
            if self.received.is_empty() && self.receive() == 0 {
                break;
            }
            let rest = self.received.split_off(left.min(self.received.len()));
            taken(&self.received);
            left -= self.received.len();
            self.received = rest;
        }
        length - left
    }

    /// Whether something of an answer, or its end, arrives within this time.
    pub(crate) fn has_bytes_within(&self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a time limit");
        let seen = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let nothing_yet =
            |error: &io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        !seen.is_err_and(|error| nothing_yet(&error))
    }

    /// Whether the other side has closed, waiting for that or for bytes.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.received.is_empty() && self.receive() == 0
    }

    /// Receives more bytes; 0 at the end.
    #[expect(clippy::panic, reason = "a server that hangs ends the test")]
    fn receive(&mut self) -> usize {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                count
            }
            Err(error) if is_closed(&error) => 0,
            Err(error) => panic!("neither bytes nor the end within {PATIENCE:?}: {error}"),
        }
    }
}

/// True if the other side is gone.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

fn status(head: &str) -> Option<u16> {
    head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim())
}
