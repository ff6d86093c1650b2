//! Bodies in chunks: those of `aws-chunked`, and those of HTTP itself, which look the same.

/// Name and value.
pub(super) type Header = (String, String);

/// What is in the chunks, and the trailers after them; `None` if these are no chunks.
pub(super) fn decoded(mut rest: &[u8]) -> Option<(Vec<u8>, Vec<Header>)> {
    let mut body = Vec::new();
    loop {
        let (line, after) = split_line(rest)?;
        let digits = line.split(';').next()?.trim();
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            return Some((body, trailers(after)));
        }
        body.extend_from_slice(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn trailers(mut rest: &[u8]) -> Vec<Header> {
    let mut trailers = Vec::new();
    while let Some((line, after)) = split_line(rest) {
        if let Some((name, value)) = line.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        rest = after;
    }
    trailers
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(line).ok()?, rest.get(2..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_trailers_kept() {
        let wire = b"3;chunk-signature=ab\r\nfir\r\n2\r\nst\r\n0;chunk-signature=cd\r\n\
                     x-amz-checksum-crc32:AAAA\r\nx-amz-trailer-signature: ef\r\n\r\n";
        let (body, trailers) = decoded(wire).unwrap();
        assert_eq!(body, b"first");
        let expected = [("x-amz-checksum-crc32", "AAAA"), ("x-amz-trailer-signature", "ef")];
        assert_eq!(trailers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn other_bodies_are_no_chunks() {
        for other in [&b"{}"[..], b"5\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b""] {
            assert_eq!(decoded(other), None, "{other:?}");
        }
    }
}
