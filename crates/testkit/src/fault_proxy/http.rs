//! Where an HTTP/1.1 message begins and ends; its meaning is nobody's business here.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A head longer than this is no message of our clients.
const HEAD_BOUND: usize = 256 * 1024;

/// One side's connection.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None follows the head.
    Absent,
    /// So many bytes.
    Length(u64),
    /// Chunks, each with its size before it.
    Chunked,
    /// All that comes until the connection is closed.
    UntilClose,
}

/// Start line and headers, as received.
#[derive(Debug)]
pub struct Head {
    /// The bytes, with the empty line at the end.
    pub raw: Vec<u8>,
    lines: Vec<String>,
}

impl Connection {
    /// Takes over a stream.
    ///
    /// # Errors
    /// If the socket cannot be set up.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// The next head, or `None` if the other side has closed the connection between messages.
    ///
    /// # Errors
    /// If the connection fails or ends within a head.
    pub fn read_head(&mut self) -> io::Result<Option<Head>> {
        let mut raw = Vec::new();
        loop {
            let before = raw.len();
            self.read_line(&mut raw)?;
            let line = raw.get(before..).unwrap_or_default();
            if line.is_empty() {
                let nothing_came = raw.is_empty();
                return if nothing_came { Ok(None) } else { Err(cut_off()) };
            }
            if line == b"\r\n" && before > 0 {
                return Ok(Some(Head::new(raw)));
            }
        }
    }

    /// As [`Self::read_head`], where a closed connection is an error.
    ///
    /// # Errors
    /// If the connection fails or ends before a whole head.
    pub fn expect_head(&mut self) -> io::Result<Head> {
        self.read_head()?.ok_or_else(cut_off)
    }

    /// Reads a body as it is on the wire, chunk marks included, and appends it to `kept`.
    ///
    /// # Errors
    /// If the connection fails or ends before the body does.
    pub fn read_body(&mut self, body: Body, kept: &mut dyn Write) -> io::Result<()> {
        match body {
            Body::Absent => Ok(()),
            Body::Length(length) => self.read_exactly(length, kept),
            Body::Chunked => self.read_chunks(kept),
            Body::UntilClose => io::copy(&mut self.reader, kept).map(drop),
        }
    }

    /// Reads a body from `other` and writes it here.
    ///
    /// # Errors
    /// If either connection fails.
    pub fn copy_body_from(&mut self, other: &mut Self, body: Body) -> io::Result<()> {
        other.read_body(body, &mut self.writer)
    }

    fn read_line(&mut self, kept: &mut Vec<u8>) -> io::Result<()> {
        let room = HEAD_BOUND.saturating_sub(kept.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        self.reader.by_ref().take(room).read_until(b'\n', kept).map(drop)
    }

    fn read_exactly(&mut self, length: u64, kept: &mut dyn Write) -> io::Result<()> {
        let copied = io::copy(&mut self.reader.by_ref().take(length), kept)?;
        if copied == length { Ok(()) } else { Err(cut_off()) }
    }

    fn read_chunks(&mut self, kept: &mut dyn Write) -> io::Result<()> {
        loop {
            let mut line = Vec::new();
            self.read_line(&mut line)?;
            kept.write_all(&line)?;
            let size = chunk_size(&line).ok_or_else(cut_off)?;
            if size == 0 {
                break;
            }
            self.read_exactly(size + 2, kept)?; // the chunk's own line end
        }
        let mut trailer = Vec::new();
        while trailer != b"\r\n" {
            trailer.clear();
            self.read_line(&mut trailer)?;
            if trailer.is_empty() {
                return Err(cut_off());
            }
            kept.write_all(&trailer)?;
        }
        Ok(())
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Head {
    pub(crate) fn new(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw);
        let lines = text.split("\r\n").map(str::to_owned).collect();
        Self { raw, lines }
    }

    /// Method and request target of a request.
    pub fn method_and_path(&self) -> (&str, &str) {
        let mut words = self.start_line().split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// Status of a response; 0 if there is none to be read.
    pub fn status(&self) -> u16 {
        self.start_line().split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub fn expects_continue(&self) -> bool {
        self.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    }

    /// Whether the sender will close the connection after this message.
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The body that follows this request.
    pub fn request_body(&self) -> Body {
        self.framing().unwrap_or(Body::Absent)
    }

    /// The body that follows this response to a request with `method`.
    pub fn response_body(&self, method: &str) -> Body {
        if method == "HEAD" || matches!(self.status(), 100..=199 | 204 | 304) {
            return Body::Absent;
        }
        self.framing().unwrap_or(Body::UntilClose)
    }

    fn framing(&self) -> Option<Body> {
        let encoding = self.header("transfer-encoding").unwrap_or_default();
        if encoding.to_ascii_lowercase().contains("chunked") {
            return Some(Body::Chunked);
        }
        self.header("content-length").and_then(|value| value.parse().ok()).map(Body::Length)
    }

    fn start_line(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// All headers, as they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name, value.trim()))
    }

    /// The value of a header.
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|header| header.1)
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let size = text.split(';').next()?.trim();
    u64::from_str_radix(size, 16).ok()
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the message was cut off")
}
