//! The canonical request: what both sides build from the same request and hash.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::claim::Claim;
use super::query::Query;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The parts of a request that a signature can cover, as they arrived.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as on the wire, still percent-encoded.
    pub path: &'a str,
    /// What stands after the `?`, or nothing.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

impl<'a> SignedRequest<'a> {
    /// Takes the parts from a request head.
    pub fn new(head: &'a http::request::Parts, body: &'a [u8]) -> Self {
        Self {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or(""),
            headers: &head.headers,
            body,
        }
    }
}

/// How a path is brought into canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRule {
    /// Dots and empty segments are resolved, and the encoded path is encoded once more.
    Normalised,
    /// S3: nothing is resolved, and the path is encoded once.
    AsSent,
}

/// Builds the canonical request. `claim` must have passed the checks on its signed headers.
pub(super) fn request(
    request: &SignedRequest<'_>,
    path_rule: PathRule,
    query: &Query,
    claim: &Claim,
    presigned: bool,
    payload_hash: &str,
) -> Vec<u8> {
    let mut names: Vec<&str> = claim.signed_headers.iter().map(String::as_str).collect();
    names.sort_unstable();
    let mut out = Vec::with_capacity(512);
    for line in [request.method, &path(request.path, path_rule), &query_line(query, presigned)] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    for name in &names {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        push_values(&mut out, request.headers, name);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(names.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload_hash.as_bytes());
    out
}

fn path(path: &str, rule: PathRule) -> String {
    let encoded = match rule {
        PathRule::Normalised => {
            percent_encode(resolve_dots(path).as_bytes(), RESERVED_IN_PATH).to_string()
        }
        PathRule::AsSent => {
            let decoded: Vec<u8> = percent_decode_str(path).collect();
            percent_encode(&decoded, RESERVED_IN_PATH).to_string()
        }
    };
    if encoded.is_empty() { "/".to_owned() } else { encoded }
}

fn resolve_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    // A path that ends in a slash keeps it, unless nothing else is left.
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

fn query_line(query: &Query, presigned: bool) -> String {
    // A presigned request cannot cover the signature itself; anywhere else the name is ordinary.
    let covered = query.pairs().filter(|(name, _)| !(presigned && *name == b"X-Amz-Signature"));
    let encode = |bytes| percent_encode(bytes, RESERVED).to_string();
    let mut pairs: Vec<_> = covered.map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The values of a header in the order they came, trimmed, inner white space as one space.
fn push_values(out: &mut Vec<u8>, headers: &HeaderMap, name: &str) {
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let words = value.as_bytes().split(|byte| matches!(byte, b' ' | b'\t'));
        let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        out.extend_from_slice(&words.join(&b' '));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let cases = [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("/a//b/./c/../d/", "/a/b/d/", "/a//b/./c/../d/"),
            ("/../..", "/", "/../.."),
            ("/env%3A/k", "/env%253A/k", "/env%3A/k"),
            ("/env:/k", "/env%3A/k", "/env%3A/k"),
            ("/%7Ea", "/%257Ea", "/~a"),
        ];
        for (sent, normalised, as_sent) in cases {
            assert_eq!(path(sent, PathRule::Normalised), normalised, "{sent}");
            assert_eq!(path(sent, PathRule::AsSent), as_sent, "{sent}");
        }
    }

    #[test]
    fn queries_are_sorted_after_encoding() {
        let line = |text| query_line(&Query::parse(text), true);
        assert_eq!(line("b=2&a=2&a=1&a&c=%2f+&X-Amz-Signature=s"), "a=&a=1&a=2&b=2&c=%2F%20");
        assert_eq!(query_line(&Query::parse("X-Amz-Signature=s"), false), "X-Amz-Signature=s");
    }

    #[test]
    fn values_are_trimmed_and_folded() {
        let mut headers = HeaderMap::new();
        headers.append("a", "  1 \t 2  ".parse().unwrap());
        headers.append("a", "\"x   y\"".parse().unwrap());
        headers.append("a", "".parse().unwrap());
        let mut out = Vec::new();
        push_values(&mut out, &headers, "a");
        assert_eq!(out, b"1 2,\"x y\",");
    }
}
