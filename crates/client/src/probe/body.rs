//! The forms in which clients send a body: signed or not, with a checksum in a header or a trailer, or none.

use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RequestChecksumCalculation, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::operation::Operation;

type Sent = Result<PutObjectOutput, aws_sdk_s3::error::SdkError<PutObjectError, HttpResponse>>;

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyForm {
    Signed,
    Unsigned,
    Md5,
    Sha256Header,
    Sha256HeaderUnsigned,
    Crc32Header,
    Sha256Trailer,
    Crc32Trailer,
    Crc32TrailerSigned,
}

impl BodyForm {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Signed,
        Self::Unsigned,
        Self::Md5,
        Self::Sha256Header,
        Self::Sha256HeaderUnsigned,
        Self::Crc32Header,
        Self::Sha256Trailer,
        Self::Crc32Trailer,
        Self::Crc32TrailerSigned,
    ];

    /// Those that a probe writes with, the one that it would rather have first.
    pub(super) const USABLE: [Self; 4] =
        [Self::Sha256Header, Self::Signed, Self::Unsigned, Self::Md5];

    /// Those that Terraform and OpenTofu write a lock in, with TLS or without it, in the usual way or as they are told
    /// to where a store does not take that.
    pub(super) const OF_CLIENTS: [Self; 7] = [
        Self::Sha256Header,
        Self::Sha256Trailer,
        Self::Sha256HeaderUnsigned,
        Self::Signed,
        Self::Unsigned,
        Self::Crc32Header,
        Self::Crc32Trailer,
    ];

    /// The operation that is about it.
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Signed => Operation::BodySigned,
            Self::Unsigned => Operation::BodyUnsigned,
            Self::Md5 => Operation::BodyMd5,
            Self::Sha256Header => Operation::BodySha256Header,
            Self::Sha256HeaderUnsigned => Operation::BodySha256HeaderUnsigned,
            Self::Crc32Header => Operation::BodyCrc32Header,
            Self::Sha256Trailer => Operation::BodySha256Trailer,
            Self::Crc32Trailer => Operation::BodyCrc32Trailer,
            Self::Crc32TrailerSigned => Operation::BodyCrc32TrailerSigned,
        }
    }

    /// Sends a body in this form. With `is_wrong` its checksum is that of another one.
    pub(super) async fn send(
        self,
        call: PutObjectFluentBuilder,
        body: Bytes,
        is_wrong: bool,
    ) -> Sent {
        let told = if is_wrong { Bytes::from_static(b"another body") } else { body.clone() };
        let call = match self {
            Self::Signed | Self::Unsigned | Self::Sha256Trailer | Self::Crc32Trailer => call,
            Self::Crc32TrailerSigned => call.checksum_algorithm(ChecksumAlgorithm::Crc32),
            Self::Md5 => call.content_md5(STANDARD.encode(Md5::digest(&told))),
            Self::Sha256Header | Self::Sha256HeaderUnsigned => {
                call.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_sha256(sha256(&told))
            }
            Self::Crc32Header => call.checksum_crc32(crc32(&told)),
        };
        match self {
            Self::Signed | Self::Md5 | Self::Sha256Header | Self::Crc32Header => {
                call.body(ByteStream::from(body)).send().await
            }
            Self::Unsigned | Self::Sha256HeaderUnsigned => {
                let call = call.body(ByteStream::from(body)).customize();
                call.disable_payload_signing().send().await
            }
            Self::Sha256Trailer | Self::Crc32Trailer => {
                let trailer = match self {
                    Self::Sha256Trailer => ("x-amz-checksum-sha256", sha256(&told)),
                    _ => ("x-amz-checksum-crc32", crc32(&told)),
                };
                let framing = Framing { body, trailer };
                call.body(ByteStream::default()).customize().interceptor(framing).send().await
            }
            Self::Crc32TrailerSigned => {
                // The SDK itself signs chunks of a stream that goes to an `http` endpoint.
                let calculation = aws_sdk_s3::config::Config::builder()
                    .request_checksum_calculation(RequestChecksumCalculation::WhenSupported);
                let stream = SdkBody::from_body_1_x(Streamed(Some(body)));
                let call = call.body(ByteStream::new(stream)).customize();
                call.config_override(calculation).send().await
            }
        }
    }
}

fn sha256(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

fn crc32(body: &[u8]) -> String {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, body);
    STANDARD.encode(u32::try_from(sum).unwrap_or_default().to_be_bytes())
}

/// Puts a body into `aws-chunked` with a trailer, as clients do over TLS: nothing of it is signed.
#[derive(Debug)]
struct Framing {
    body: Bytes,
    trailer: (&'static str, String),
}

impl Framing {
    fn framed(&self) -> Vec<u8> {
        let Self { body, trailer: (name, value) } = self;
        let mut framed = format!("{:x}\r\n", body.len()).into_bytes();
        framed.extend_from_slice(body);
        framed.extend_from_slice(format!("\r\n0\r\n{name}:{value}\r\n\r\n").as_bytes());
        framed
    }
}

impl Intercept for Framing {
    fn name(&self) -> &'static str {
        "Framing"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let framed = self.framed();
        let headers = context.request_mut().headers_mut();
        headers.insert("content-encoding", "aws-chunked");
        headers.insert("content-length", framed.len().to_string());
        headers.insert("x-amz-decoded-content-length", self.body.len().to_string());
        headers.insert("x-amz-trailer", self.trailer.0);
        *context.request_mut().body_mut() = SdkBody::from(framed);
        bag.interceptor_state().store_put(PayloadSigningOverride::StreamingUnsignedPayloadTrailer);
        Ok(())
    }
}

/// A body that the SDK takes for a stream.
#[derive(Debug)]
struct Streamed(Option<Bytes>);

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|body| Ok(http_body::Frame::data(body))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let left = self.0.as_ref().map_or(0, Bytes::len);
        http_body::SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framed_body_is_one_chunk_and_a_trailer() {
        let trailer = ("x-amz-checksum-crc32", crc32(b"hello world"));
        let framing = Framing { body: Bytes::from_static(b"hello world"), trailer };
        let expected = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        assert_eq!(String::from_utf8(framing.framed()).unwrap(), expected);
    }

    #[test]
    fn each_form_is_one_operation() {
        let operations: std::collections::BTreeSet<_> =
            BodyForm::ALL.iter().map(|form| form.operation()).collect();
        assert_eq!(operations.len(), BodyForm::ALL.len());
    }
}
