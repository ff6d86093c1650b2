//! Checksums in the framework's types: five optional fields, of which at most one is set.

use s3s::S3Result;
use s3s::dto::{ChecksumAlgorithm as Name, ChecksumType};

use super::checksums::parse_algorithm;
use super::error::algorithm_name;
use crate::records::{Checksum, ChecksumAlgorithm, ChecksumKind};

/// One checksum of five fields, as the framework's types have them.
macro_rules! checksum_fields {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                $crate::records::ChecksumAlgorithm::Crc32 => $output.checksum_crc32 = value,
                $crate::records::ChecksumAlgorithm::Crc32c => $output.checksum_crc32c = value,
                $crate::records::ChecksumAlgorithm::Crc64nvme => $output.checksum_crc64nvme = value,
                $crate::records::ChecksumAlgorithm::Sha1 => $output.checksum_sha1 = value,
                $crate::records::ChecksumAlgorithm::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}

/// The one checksum that a client names in five fields.
macro_rules! named_checksum {
    ($input:expr) => {
        [
            ($crate::records::ChecksumAlgorithm::Crc32, &$input.checksum_crc32),
            ($crate::records::ChecksumAlgorithm::Crc32c, &$input.checksum_crc32c),
            ($crate::records::ChecksumAlgorithm::Crc64nvme, &$input.checksum_crc64nvme),
            ($crate::records::ChecksumAlgorithm::Sha1, &$input.checksum_sha1),
            ($crate::records::ChecksumAlgorithm::Sha256, &$input.checksum_sha256),
        ]
        .into_iter()
        .find_map(|(algorithm, value)| Some((algorithm, value.clone()?)))
    };
}

pub(super) use {checksum_fields, named_checksum};

/// Whether a checksum covers the whole object or its parts, as the framework spells it.
pub(super) fn checksum_type(checksum: &Checksum) -> ChecksumType {
    dto_kind(checksum.kind)
}

/// The framework's name of what a checksum covers.
pub(super) fn dto_kind(kind: ChecksumKind) -> ChecksumType {
    ChecksumType::from_static(match kind {
        ChecksumKind::FullObject => ChecksumType::FULL_OBJECT,
        ChecksumKind::Composite => ChecksumType::COMPOSITE,
    })
}

/// The framework's name of an algorithm.
pub(super) fn dto_algorithm(algorithm: ChecksumAlgorithm) -> Name {
    Name::from_static(algorithm_name(algorithm))
}

/// Asks for one algorithm by a client's optional name.
pub(super) fn optional_algorithm(name: Option<&Name>) -> S3Result<Option<ChecksumAlgorithm>> {
    name.map(|name| parse_algorithm(name.as_str())).transpose()
}
