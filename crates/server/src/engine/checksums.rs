//! Hashes of a body, computed while it streams by.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::records::ChecksumAlgorithm;

/// The MD5 and one more checksum of a whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// The MD5, which is the ETag of an object in one piece.
    pub md5: [u8; 16],
    /// The checksums that were asked for, raw.
    pub checksums: Vec<(ChecksumAlgorithm, Vec<u8>)>,
}

impl Hashes {
    /// The MD5 in lower-case hex.
    pub fn etag(&self) -> String {
        hex(&self.md5)
    }

    /// A checksum as S3 writes it, if it was computed.
    pub fn base64(&self, algorithm: ChecksumAlgorithm) -> Option<String> {
        let (_, raw) = self.checksums.iter().find(|(computed, _)| *computed == algorithm)?;
        Some(BASE64_STANDARD.encode(raw))
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        text.extend([digit(byte >> 4), digit(byte & 0xF)]);
        text
    })
}

/// Computes [`Hashes`] piece by piece.
pub(crate) struct Hasher {
    md5: Md5,
    checksums: Vec<(ChecksumAlgorithm, Running)>,
}

enum Running {
    Crc(CrcDigest, CrcWidth),
    Sha1(Sha1),
    Sha256(Sha256),
}

#[derive(Clone, Copy)]
enum CrcWidth {
    Bits32,
    Bits64,
}

impl Running {
    fn new(algorithm: ChecksumAlgorithm) -> Self {
        match algorithm {
            ChecksumAlgorithm::Sha1 => Self::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            ChecksumAlgorithm::Crc64nvme => {
                Self::Crc(CrcDigest::new(CrcAlgorithm::Crc64Nvme), CrcWidth::Bits64)
            }
            ChecksumAlgorithm::Crc32 => {
                Self::Crc(CrcDigest::new(CrcAlgorithm::Crc32IsoHdlc), CrcWidth::Bits32)
            }
            ChecksumAlgorithm::Crc32c => {
                Self::Crc(CrcDigest::new(CrcAlgorithm::Crc32Iscsi), CrcWidth::Bits32)
            }
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(digest, _) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc(digest, width) => crc_bytes(digest.finalize(), width),
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finalize().to_vec(),
        }
    }
}

fn crc_bytes(value: u64, width: CrcWidth) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    match width {
        CrcWidth::Bits64 => bytes.to_vec(),
        CrcWidth::Bits32 => bytes.iter().skip(4).copied().collect(),
    }
}

impl Hasher {
    pub(crate) fn new(algorithms: &[ChecksumAlgorithm]) -> Self {
        let checksums = algorithms.iter().map(|name| (*name, Running::new(*name))).collect();
        Self { md5: Md5::new(), checksums }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        for (_, running) in &mut self.checksums {
            running.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Hashes {
        let checksums =
            self.checksums.into_iter().map(|(name, running)| (name, running.finish())).collect();
        Hashes { md5: self.md5.finalize().into(), checksums }
    }
}

/// The checksum over the raw checksums of a multipart upload's parts.
pub(crate) fn composite(algorithm: ChecksumAlgorithm, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut running = Running::new(algorithm);
    for part in parts {
        running.update(part);
    }
    running.finish()
}

/// The CRC of the whole object from the CRCs and sizes of its parts; `None` for a SHA, which has no
/// such combination.
pub(crate) fn combined(algorithm: ChecksumAlgorithm, parts: &[(Vec<u8>, u64)]) -> Option<Vec<u8>> {
    let (crc, width) = match algorithm {
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => return None,
        ChecksumAlgorithm::Crc64nvme => (CrcAlgorithm::Crc64Nvme, CrcWidth::Bits64),
        ChecksumAlgorithm::Crc32 => (CrcAlgorithm::Crc32IsoHdlc, CrcWidth::Bits32),
        ChecksumAlgorithm::Crc32c => (CrcAlgorithm::Crc32Iscsi, CrcWidth::Bits32),
    };
    let mut values = parts.iter().map(|(raw, size)| (number(raw), *size));
    let (first, _) = values.next()?;
    let whole = values
        .fold(first, |left, (right, size)| crc_fast::checksum_combine(crc, left, right, size));
    Some(crc_bytes(whole, width))
}

fn number(raw: &[u8]) -> u64 {
    raw.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::{ChecksumAlgorithm as A, Hasher, combined, composite};

    const ALL: [A; 5] = [A::Crc32, A::Crc32c, A::Crc64nvme, A::Sha1, A::Sha256];

    fn hash(bytes: &[u8]) -> super::Hashes {
        let mut hasher = Hasher::new(&ALL);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn known_values_of_123456789() {
        let hashes = hash(b"123456789");
        assert_eq!(hashes.etag(), "25f9e794323b453885f5181f1b624d0b");
        // The check values of the CRC catalogue: cbf43926, e3069283, ae8b14860a799888.
        assert_eq!(hashes.base64(A::Crc32).as_deref(), Some("y/Q5Jg=="));
        assert_eq!(hashes.base64(A::Crc32c).as_deref(), Some("4waSgw=="));
        assert_eq!(hashes.base64(A::Crc64nvme).as_deref(), Some("rosUhgp5mIg="));
        assert_eq!(hashes.base64(A::Sha1).as_deref(), Some("98O8HYCOBHMq32eZZczDTKeuNEE="));
        assert_eq!(
            hashes.base64(A::Sha256).as_deref(),
            Some("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=")
        );
    }

    #[test]
    fn crcs_of_parts_combine_to_the_crc_of_the_whole() {
        let (left, right) = (vec![7_u8; 70_000], vec![9_u8; 123]);
        let whole = hash(&[left.clone(), right.clone()].concat());
        for algorithm in [A::Crc32, A::Crc32c, A::Crc64nvme] {
            let raw = |bytes: &[u8]| {
                hash(bytes).checksums.into_iter().find(|(name, _)| *name == algorithm).unwrap().1
            };
            let parts = [(raw(&left), 70_000), (raw(&right), 123)];
            let expected = whole.checksums.iter().find(|(name, _)| *name == algorithm).unwrap();
            assert_eq!(combined(algorithm, &parts).as_ref(), Some(&expected.1));
        }
        assert_eq!(combined(A::Sha256, &[]), None);
    }

    #[test]
    fn a_composite_checksum_is_the_checksum_of_the_checksums() {
        let parts = vec![b"abc".to_vec(), b"def".to_vec()];
        let expected = hash(b"abcdef");
        assert_eq!(composite(A::Sha256, &parts), expected.checksums[4].1);
    }
}
