//! A request written as text, so that a corpus can be read and written by hand.
//!
//! ```text
//! POST /bucket?delete
//! content-type: application/xml
//!
//! <Delete>…
//! ```

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// The host that requests are for.
pub const HOST: &str = "127.0.0.1:9000";

/// Reads a request. `None` if it is none that an HTTP library would send.
pub fn parse(text: &[u8]) -> Option<Request<Bytes>> {
    let (line, mut rest) = line_of(text)?;
    let (method, target) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if !target.starts_with('/') {
        return None;
    }
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = format!("http://{HOST}{target}").parse::<Uri>().ok()?;
    while let Some((line, after)) = line_of(rest) {
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        // Signers differ in what they make of one, and nobody sends them.
        if value.as_bytes().contains(&b'\t') {
            return None;
        }
        if !is_ours(&name) {
            request.headers_mut().append(name, value);
        }
    }
    request.headers_mut().insert("host", HeaderValue::from_static(HOST));
    *request.body_mut() = Bytes::copy_from_slice(rest);
    Some(request)
}

/// Headers that the harness or the HTTP library sets.
fn is_ours(name: &HeaderName) -> bool {
    const OURS: [&str; 8] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "expect",
        "authorization",
        "x-amz-date",
    ];
    OURS.contains(&name.as_str())
}

/// The first line, without its end, and what follows.
pub fn line_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    Some((&text[..end], &text[end + 1..]))
}

/// Whether a path is written as S3 writes it for a signature. Of others, S3 signs another form than was sent, and
/// signers sign what they send.
pub fn is_canonical_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next(), bytes.next()].map(|digit| digit.map(char::from));
            let text: Option<String> = digits.into_iter().collect();
            let is_needed = text.is_some_and(|text| {
                let value = u8::from_str_radix(&text, 16);
                let is_upper = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
                value.is_ok_and(|value| !plain(value)) && text.chars().all(is_upper)
            });
            if !is_needed {
                return false;
            }
        } else if !plain(byte) {
            return false;
        }
    }
    true
}

/// Whether a query stands for text. The signer puts another character where it does not.
pub fn is_text(query: Option<&str>) -> bool {
    percent_encoding::percent_decode_str(query.unwrap_or_default()).decode_utf8().is_ok()
}
