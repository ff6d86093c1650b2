//! The names of operations, for programs and for people.

use super::Operation;

impl Operation {
    /// Its name for programs. Never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PutIfAbsent => "put_if_absent",
            Self::PutIfAbsentAfterDelete => "put_if_absent_after_delete",
            Self::PutIfAbsentAfterDeleteMarker => "put_if_absent_after_delete_marker",
            Self::PutIfAbsentConcurrent => "put_if_absent_concurrent",
            Self::PutIfAbsentAfterDeleteMarkerConcurrent => {
                "put_if_absent_after_delete_marker_concurrent"
            }
            Self::RefusalStatus => "refusal_status",
            Self::PutIfMatch => "put_if_match",
            Self::PutIfMatchConcurrent => "put_if_match_concurrent",
            Self::DeleteIfMatch => "delete_if_match",
            Self::CompleteIfAbsent => "complete_if_absent",
            Self::CompleteIfMatch => "complete_if_match",
            Self::ReadAfterWrite => "read_after_write",
            Self::ReadAfterDelete => "read_after_delete",
            Self::ListAfterWrite => "list_after_write",
            Self::ListAfterDelete => "list_after_delete",
            Self::ETag => "etag",
            Self::BodySigned => "body_signed",
            Self::BodyUnsigned => "body_unsigned",
            Self::BodyMd5 => "body_md5",
            Self::BodySha256Header => "body_sha256_header",
            Self::BodySha256HeaderUnsigned => "body_sha256_header_unsigned",
            Self::BodyCrc32Header => "body_crc32_header",
            Self::BodySha256Trailer => "body_sha256_trailer",
            Self::BodyCrc32Trailer => "body_crc32_trailer",
            Self::BodyCrc32TrailerSigned => "body_crc32_trailer_signed",
            Self::ReadChecksumMode => "read_checksum_mode",
            Self::ChecksumHeaderVerified => "checksum_header_verified",
            Self::ChecksumTrailerVerified => "checksum_trailer_verified",
            Self::Md5Verified => "md5_verified",
            Self::ItemPutIfAbsent => "item_put_if_absent",
            Self::ItemPutIfAbsentConcurrent => "item_put_if_absent_concurrent",
            Self::ItemDeleteIfEqual => "item_delete_if_equal",
            Self::ItemReadAfterWrite => "item_read_after_write",
            Self::ItemReadAfterDelete => "item_read_after_delete",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::PutIfAbsent => "PutObject If-None-Match: *",
            Self::PutIfAbsentAfterDelete => "PutObject If-None-Match: *, after a delete",
            Self::PutIfAbsentAfterDeleteMarker => {
                "PutObject If-None-Match: *, over a delete marker"
            }
            Self::PutIfAbsentConcurrent => "PutObject If-None-Match: *, at once",
            Self::PutIfAbsentAfterDeleteMarkerConcurrent => {
                "PutObject If-None-Match: *, at once over a delete marker"
            }
            Self::RefusalStatus => "412 and not 409 where a condition fails",
            Self::PutIfMatch => "PutObject If-Match",
            Self::PutIfMatchConcurrent => "PutObject If-Match, at once",
            Self::DeleteIfMatch => "DeleteObject If-Match",
            Self::CompleteIfAbsent => "CompleteMultipartUpload If-None-Match: *",
            Self::CompleteIfMatch => "CompleteMultipartUpload If-Match",
            Self::ReadAfterWrite => "read after write",
            Self::ReadAfterDelete => "read after delete",
            Self::ListAfterWrite => "list after write",
            Self::ListAfterDelete => "list after delete",
            Self::ETag => "ETag is one of its bytes",
            Self::BodySigned => "body signed, no checksum",
            Self::BodyUnsigned => "body not signed, no checksum",
            Self::BodyMd5 => "Content-MD5",
            Self::BodySha256Header => "SHA-256 header, body signed",
            Self::BodySha256HeaderUnsigned => "SHA-256 header, body not signed",
            Self::BodyCrc32Header => "CRC32 header, body signed",
            Self::BodySha256Trailer => "aws-chunked, SHA-256 trailer",
            Self::BodyCrc32Trailer => "aws-chunked, CRC32 trailer",
            Self::BodyCrc32TrailerSigned => "aws-chunked, CRC32 trailer, chunks signed",
            Self::ReadChecksumMode => "GetObject x-amz-checksum-mode",
            Self::ChecksumHeaderVerified => "wrong SHA-256 header refused",
            Self::ChecksumTrailerVerified => "wrong CRC32 trailer refused",
            Self::Md5Verified => "wrong Content-MD5 refused",
            Self::ItemPutIfAbsent => "PutItem attribute_not_exists",
            Self::ItemPutIfAbsentConcurrent => "PutItem attribute_not_exists, at once",
            Self::ItemDeleteIfEqual => "DeleteItem Info = :info",
            Self::ItemReadAfterWrite => "GetItem after PutItem",
            Self::ItemReadAfterDelete => "GetItem after DeleteItem",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Operation;

    #[test]
    fn each_operation_has_a_name_of_its_own() {
        let ids: BTreeSet<_> = Operation::ALL.iter().map(|one| one.id()).collect();
        let titles: BTreeSet<_> = Operation::ALL.iter().map(|one| one.title()).collect();
        assert_eq!((ids.len(), titles.len()), (Operation::ALL.len(), Operation::ALL.len()));
        assert!(
            Operation::ALL.iter().all(|one| one.is_at_once() == one.id().ends_with("_concurrent"))
        );
    }
}
