//! A body in `aws-chunked` encoding: the announced length on the first line, then the body as on the wire. If it is
//! accepted, what is stored is what a plain decoder reads in it, and as long as announced.
#![no_main]

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use libfuzzer_sys::fuzz_target;
use statelock_fuzz::key::{self, Signing};
use statelock_fuzz::request::{HOST, line_of};
use statelock_fuzz::server::{BUCKET, server};

const UNSIGNED: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// The data in a chunked body: sizes in hexadecimal, data, line ends, until the chunk of size zero.
fn decoded(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let (line, rest) = line_of(body)?;
        let line = std::str::from_utf8(line).ok()?;
        let size = line.trim_end_matches('\r').split(';').next()?;
        match usize::from_str_radix(size.trim(), 16).ok()? {
            0 => return Some(data),
            size => {
                data.extend_from_slice(rest.get(..size)?);
                body = rest.get(size..)?.strip_prefix(b"\r\n")?;
            }
        }
    }
}

fn request(method: Method, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = format!("http://{HOST}/{BUCKET}/chunked").parse().expect("an address");
    request.headers_mut().insert("host", HeaderValue::from_static(HOST));
    request
}

fuzz_target!(|text: &[u8]| {
    let server = server();
    let Some((announced, body)) = line_of(text) else {
        return;
    };
    let Ok(length) = HeaderValue::from_bytes(announced) else {
        return;
    };
    let mut put = request(Method::PUT, Bytes::copy_from_slice(body));
    put.headers_mut().insert("x-amz-decoded-content-length", length);
    put.headers_mut().insert("content-encoding", HeaderValue::from_static("aws-chunked"));
    put.headers_mut().insert("x-amz-trailer", HeaderValue::from_static("x-amz-checksum-crc32"));
    put.headers_mut().insert("x-amz-content-sha256", HeaderValue::from_static(UNSIGNED));
    let Some(put) = key::signed(put, "s3", Signing::Declared(UNSIGNED), key::now()) else {
        return;
    };
    if server.ask(put).status() != 200 {
        return;
    }
    let get = request(Method::GET, Bytes::new());
    let get = key::signed(get, "s3", Signing::Header, key::now()).expect("it can be signed");
    let stored = server.ask(get);
    assert_eq!(stored.status(), 200);
    let expected = decoded(body).expect("what was accepted ends with a chunk of size zero");
    assert_eq!(stored.body(), &expected, "another body than was sent");
    assert_eq!(
        announced.trim_ascii(),
        expected.len().to_string().as_bytes(),
        "another length than announced"
    );
});
