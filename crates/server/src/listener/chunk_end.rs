//! Has the last chunk of an `aws-chunked` body arrived?
//!
//! The S3 framework takes a body that ends after any complete chunk for a whole one. A connection
//! that breaks there must not leave half a body as an object, so this reads along and looks for the
//! chunk of size zero. It understands just enough for that: the framework checks the rest.

/// Longest chunk header that is read along; a longer one never ends, and so never ends well.
const HEADER_BYTES_MAX: usize = 1024;

/// Reads along.
#[derive(Debug, Default)]
pub(super) struct ChunkEnd {
    state: State,
    header: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Inside a chunk's header line.
    #[default]
    Header,
    /// So many bytes of data, and the line end after them, are still to come.
    Data(u64),
    /// The chunk of size zero was seen; what follows are trailers.
    Ended,
    /// This is no chunk encoding.
    Broken,
}

impl ChunkEnd {
    /// Reads the next bytes of the body.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                State::Ended | State::Broken => return,
                State::Data(left) => {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    let skipped = left.min(length);
                    bytes = usize::try_from(skipped)
                        .ok()
                        .and_then(|skipped| bytes.get(skipped..))
                        .unwrap_or_default();
                    self.state = match left - skipped {
                        0 => State::Header,
                        left => State::Data(left),
                    };
                }
                State::Header => {
                    bytes = rest;
                    self.header_byte(first);
                }
            }
        }
    }

    /// Whether the body may end here.
    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    fn header_byte(&mut self, byte: u8) {
        if byte != b'\n' {
            self.header.push(byte);
            if self.header.len() > HEADER_BYTES_MAX {
                self.state = State::Broken;
            }
            return;
        }
        let line = std::mem::take(&mut self.header);
        let size = line.split(|byte| matches!(byte, b';' | b'\r')).next().unwrap_or_default();
        let size = std::str::from_utf8(size).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
        self.state = match size {
            Some(0) => State::Ended,
            Some(size) => State::Data(size.saturating_add(2)),
            None => State::Broken,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::ChunkEnd;

    fn ends(body: &[u8]) -> bool {
        let mut whole = ChunkEnd::default();
        whole.read(body);
        let mut bytewise = ChunkEnd::default();
        for byte in body {
            bytewise.read(std::slice::from_ref(byte));
        }
        assert_eq!(whole.has_ended(), bytewise.has_ended(), "{}", body.escape_ascii());
        whole.has_ended()
    }

    #[test]
    fn only_the_chunk_of_size_zero_ends_a_body() {
        assert!(ends(b"5\r\nhello\r\n0\r\n\r\n"));
        assert!(ends(b"5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n"));
        assert!(ends(b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"));
        for cut in
            [&b""[..], b"5", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0", b"zz\r\n0\r\n"]
        {
            assert!(!ends(cut), "{}", cut.escape_ascii());
        }
        assert!(!ends(b"5\r\n0\r\n0\r\n"), "a zero inside the data is data");
    }
}
