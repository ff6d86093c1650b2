//! The checksums that a client sends with a body: which ones, and whether they hold.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use s3s::{S3ErrorCode, S3Result, TrailingHeaders};

use super::error::{algorithm_name, custom_error, from_engine, s3_error};
use crate::engine::{BodyError, EngineError, Hashes};
use crate::records::{Checksum, ChecksumAlgorithm, ChecksumKind};

const ALGORITHMS: [ChecksumAlgorithm; 5] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32c,
    ChecksumAlgorithm::Crc64nvme,
    ChecksumAlgorithm::Sha1,
    ChecksumAlgorithm::Sha256,
];

/// What a request says about its body.
#[derive(Debug, Default)]
pub(super) struct Claims {
    md5: Option<[u8; 16]>,
    /// The checksum to compute, and where its value comes from.
    checksum: Option<(ChecksumAlgorithm, Source)>,
}

/// Where the expected value of a checksum comes from.
#[derive(Debug)]
enum Source {
    Header(String),
    /// A trailer that was announced, and so must come.
    Trailer,
    /// Nobody claims one; it is computed because the object is to have it.
    Nowhere,
}

impl Claims {
    /// Reads the claims from the headers; `wanted` is computed even if nothing is claimed.
    pub(super) fn from_headers(
        headers: &HeaderMap,
        wanted: Option<ChecksumAlgorithm>,
    ) -> S3Result<Self> {
        let md5 = text(headers, "content-md5").map(parse_md5).transpose()?;
        let mut claimed = Vec::new();
        for algorithm in ALGORITHMS {
            if let Some(value) = text(headers, header_name(algorithm)) {
                claimed.push((algorithm, Source::Header(valid(algorithm, value)?)));
            }
        }
        for trailer in text(headers, "x-amz-trailer").unwrap_or_default().split(',') {
            let trailer = trailer.trim().to_ascii_lowercase();
            claimed.extend(
                ALGORITHMS
                    .into_iter()
                    .filter(|name| header_name(*name) == trailer)
                    .map(|name| (name, Source::Trailer)),
            );
        }
        if claimed.len() > 1 {
            return Err(s3_error(
                S3ErrorCode::InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                 allowed.",
            ));
        }
        let announced = text(headers, "x-amz-sdk-checksum-algorithm");
        if let (None, Some(name)) = (claimed.first(), announced) {
            parse_algorithm(name)?;
            return Err(s3_error(
                S3ErrorCode::InvalidRequest,
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or \
                 x-amz-trailer headers were found.",
            ));
        }
        let checksum = claimed.pop().or(wanted.map(|algorithm| (algorithm, Source::Nowhere)));
        Ok(Self { md5, checksum })
    }

    /// Claims nothing, and computes a checksum.
    pub(super) fn compute(wanted: Option<ChecksumAlgorithm>) -> Self {
        Self { md5: None, checksum: wanted.map(|algorithm| (algorithm, Source::Nowhere)) }
    }

    /// What must be computed while the body streams by.
    pub(super) fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        self.checksum.iter().map(|(algorithm, _)| *algorithm).collect()
    }

    /// Compares what was claimed, in headers or trailers, with what was computed.
    pub(super) fn verify(
        &self,
        hashes: &Hashes,
        trailers: Option<&TrailingHeaders>,
    ) -> S3Result<Option<Checksum>> {
        if self.md5.is_some_and(|md5| md5 != hashes.md5) {
            return Err(from_engine(EngineError::Body(BodyError::Md5Mismatch)));
        }
        let Some((algorithm, source)) = &self.checksum else { return Ok(None) };
        let claim = match source {
            Source::Header(value) => Some(value.clone()),
            Source::Nowhere => None,
            Source::Trailer => Some(trailer(*algorithm, trailers)?),
        };
        let Some(value) = hashes.base64(*algorithm) else { return Ok(None) };
        if claim.is_some_and(|claim| claim != value) {
            return Err(from_engine(EngineError::Body(BodyError::ChecksumMismatch(*algorithm))));
        }
        Ok(Some(Checksum { algorithm: *algorithm, kind: ChecksumKind::FullObject, value }))
    }
}

/// The value of a trailer that was announced.
fn trailer(algorithm: ChecksumAlgorithm, trailers: Option<&TrailingHeaders>) -> S3Result<String> {
    let value = trailers.and_then(|trailers| {
        trailers.read(|all| text(all, header_name(algorithm)).map(str::to_owned)).flatten()
    });
    let value = value.ok_or_else(|| {
        custom_error(
            "MalformedTrailerError",
            http::StatusCode::BAD_REQUEST,
            "The request contained trailing data that was not well-formed or did not conform to \
             our published schema.",
        )
    })?;
    valid(algorithm, &value)
}

/// A header's value as text; values that are not are as good as absent.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

pub(super) const fn header_name(algorithm: ChecksumAlgorithm) -> &'static str {
    match algorithm {
        ChecksumAlgorithm::Crc32 => "x-amz-checksum-crc32",
        ChecksumAlgorithm::Crc32c => "x-amz-checksum-crc32c",
        ChecksumAlgorithm::Crc64nvme => "x-amz-checksum-crc64nvme",
        ChecksumAlgorithm::Sha1 => "x-amz-checksum-sha1",
        ChecksumAlgorithm::Sha256 => "x-amz-checksum-sha256",
    }
}

const fn digest_length(algorithm: ChecksumAlgorithm) -> usize {
    match algorithm {
        ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => 4,
        ChecksumAlgorithm::Crc64nvme => 8,
        ChecksumAlgorithm::Sha1 => 20,
        ChecksumAlgorithm::Sha256 => 32,
    }
}

/// An algorithm by its S3 name.
pub(super) fn parse_algorithm(name: &str) -> S3Result<ChecksumAlgorithm> {
    let known = ALGORITHMS
        .into_iter()
        .find(|algorithm| algorithm_name(*algorithm).eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        s3_error(
            S3ErrorCode::InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid \
             types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        )
    })
}

fn valid(algorithm: ChecksumAlgorithm, value: &str) -> S3Result<String> {
    match BASE64_STANDARD.decode(value) {
        Ok(raw) if raw.len() == digest_length(algorithm) => Ok(value.to_owned()),
        Ok(_) | Err(_) => Err(s3_error(
            S3ErrorCode::InvalidRequest,
            format!("Value for {} header is invalid.", header_name(algorithm)),
        )),
    }
}

fn parse_md5(value: &str) -> S3Result<[u8; 16]> {
    let raw = BASE64_STANDARD.decode(value).ok().and_then(|raw| raw.try_into().ok());
    raw.ok_or_else(|| {
        s3_error(S3ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid.")
    })
}

/// Sorts the framework's stream errors. Its types are private, so their pinned texts decide; a test
/// with a real client stands behind each.
#[expect(clippy::needless_pass_by_value, reason = "it is given to the intake as a function")]
pub(super) fn classify(error: s3s::StdError) -> EngineError {
    let text = error.to_string();
    let has = |part: &str| text.contains(part);
    EngineError::Body(if has("Sha256Mismatch") {
        BodyError::Sha256Mismatch
    } else if has("SignatureMismatch") {
        BodyError::ChunkSignature
    } else if has("FormatError") || has("TooLarge") || has("TooManyTrailerHeaders") {
        BodyError::Encoding(text)
    } else {
        BodyError::Incomplete(text)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::Claims;
    use crate::records::ChecksumAlgorithm;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn one_checksum_in_header_or_trailer() {
        let header = headers(&[("x-amz-checksum-crc32", "AAAAAA==")]);
        let trailer = headers(&[("x-amz-trailer", "x-amz-checksum-sha256")]);
        assert_eq!(
            Claims::from_headers(&header, None).unwrap().algorithms(),
            [ChecksumAlgorithm::Crc32]
        );
        assert_eq!(
            Claims::from_headers(&trailer, None).unwrap().algorithms(),
            [ChecksumAlgorithm::Sha256]
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let two = [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-crc32c", "AAAAAA==")];
        for bad in [
            &two[..],
            &[("x-amz-checksum-crc32", "AAAA")],
            &[("x-amz-checksum-sha256", "not base64")],
            &[("content-md5", "AAAA")],
            &[("x-amz-sdk-checksum-algorithm", "CRC32")],
            &[("x-amz-sdk-checksum-algorithm", "ROT13")],
        ] {
            assert!(Claims::from_headers(&headers(bad), None).is_err(), "{bad:?}");
        }
    }
}
