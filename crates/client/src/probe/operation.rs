//! What a probe tries, and what it is needed for.

/// Something that a store does, does not do, or does only alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// PutObject with `If-None-Match: *`, on a free key and on one that is taken.
    PutIfAbsent,
    /// The same, on a key whose object was deleted for good.
    PutIfAbsentAfterDelete,
    /// The same, over a delete marker of a bucket that keeps versions.
    PutIfAbsentAfterDeleteMarker,
    /// The same, from many writers at once.
    PutIfAbsentConcurrent,
    /// The same, from many writers at once, over a delete marker.
    PutIfAbsentAfterDeleteMarkerConcurrent,
    /// What fails is answered with 412, and not with 409, which asks to repeat.
    RefusalStatus,
    /// PutObject with `If-Match`: the right ETag, a wrong one, and a key that is not there.
    PutIfMatch,
    /// The same with the right ETag, from many writers at once.
    PutIfMatchConcurrent,
    /// DeleteObject with `If-Match`.
    DeleteIfMatch,
    /// CompleteMultipartUpload with `If-None-Match: *`.
    CompleteIfAbsent,
    /// CompleteMultipartUpload with `If-Match`.
    CompleteIfMatch,
    /// A read shows what was written before it began.
    ReadAfterWrite,
    /// A read shows nothing of what was deleted before it began.
    ReadAfterDelete,
    /// A listing shows what was written before it began.
    ListAfterWrite,
    /// A listing shows nothing of what was deleted before it began.
    ListAfterDelete,
    /// An ETag is the same wherever it is told, and another one for other bytes.
    ETag,
    /// A body that is part of the signature, without a checksum.
    BodySigned,
    /// A body that is not part of the signature, without a checksum.
    BodyUnsigned,
    /// `Content-MD5`.
    BodyMd5,
    /// A SHA-256 header, and the body signed.
    BodySha256Header,
    /// A SHA-256 header, and the body not signed.
    BodySha256HeaderUnsigned,
    /// A CRC32 header, and the body signed.
    BodyCrc32Header,
    /// `aws-chunked` with a SHA-256 trailer, not signed.
    BodySha256Trailer,
    /// `aws-chunked` with a CRC32 trailer, not signed.
    BodyCrc32Trailer,
    /// `aws-chunked` with a CRC32 trailer, each chunk signed. Endpoints of `http` only.
    BodyCrc32TrailerSigned,
    /// A read with `x-amz-checksum-mode: ENABLED`.
    ReadChecksumMode,
    /// A SHA-256 header that does not fit the body is refused.
    ChecksumHeaderVerified,
    /// A CRC32 trailer that does not fit the body is refused.
    ChecksumTrailerVerified,
    /// A `Content-MD5` that does not fit the body is refused.
    Md5Verified,
    /// PutItem with `attribute_not_exists(LockID)`.
    ItemPutIfAbsent,
    /// The same, from many writers at once.
    ItemPutIfAbsentConcurrent,
    /// DeleteItem with `Info = :info`.
    ItemDeleteIfEqual,
    /// GetItem with `ConsistentRead` shows what was put before it began.
    ItemReadAfterWrite,
    /// GetItem with `ConsistentRead` shows nothing of what was deleted before it began.
    ItemReadAfterDelete,
}

/// What relies on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `use_lockfile`.
    Lockfile,
    /// The state itself, however it is locked.
    State,
    /// `dynamodb_table`.
    LockTable,
    /// Writes and removals of statelock that are bound to what was read.
    Fencing,
    /// Which clients can write at all, and with which settings.
    Clients,
    /// Nothing that is unsafe without it.
    Comfort,
}

impl Operation {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 34] = [
        Self::PutIfAbsent,
        Self::PutIfAbsentAfterDelete,
        Self::PutIfAbsentAfterDeleteMarker,
        Self::PutIfAbsentConcurrent,
        Self::PutIfAbsentAfterDeleteMarkerConcurrent,
        Self::RefusalStatus,
        Self::PutIfMatch,
        Self::PutIfMatchConcurrent,
        Self::DeleteIfMatch,
        Self::CompleteIfAbsent,
        Self::CompleteIfMatch,
        Self::ReadAfterWrite,
        Self::ReadAfterDelete,
        Self::ListAfterWrite,
        Self::ListAfterDelete,
        Self::ETag,
        Self::BodySigned,
        Self::BodyUnsigned,
        Self::BodyMd5,
        Self::BodySha256Header,
        Self::BodySha256HeaderUnsigned,
        Self::BodyCrc32Header,
        Self::BodySha256Trailer,
        Self::BodyCrc32Trailer,
        Self::BodyCrc32TrailerSigned,
        Self::ReadChecksumMode,
        Self::ChecksumHeaderVerified,
        Self::ChecksumTrailerVerified,
        Self::Md5Verified,
        Self::ItemPutIfAbsent,
        Self::ItemPutIfAbsentConcurrent,
        Self::ItemDeleteIfEqual,
        Self::ItemReadAfterWrite,
        Self::ItemReadAfterDelete,
    ];

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

    /// What relies on it.
    pub const fn need(self) -> Need {
        match self {
            Self::PutIfAbsent
            | Self::PutIfAbsentAfterDelete
            | Self::PutIfAbsentAfterDeleteMarker
            | Self::PutIfAbsentConcurrent
            | Self::PutIfAbsentAfterDeleteMarkerConcurrent
            | Self::ReadAfterDelete => Need::Lockfile,
            Self::ReadAfterWrite => Need::State,
            Self::PutIfMatch
            | Self::PutIfMatchConcurrent
            | Self::DeleteIfMatch
            | Self::CompleteIfAbsent
            | Self::CompleteIfMatch
            | Self::ETag
            | Self::ItemDeleteIfEqual => Need::Fencing,
            Self::BodySigned
            | Self::BodyUnsigned
            | Self::BodyMd5
            | Self::BodySha256Header
            | Self::BodySha256HeaderUnsigned
            | Self::BodyCrc32Header
            | Self::BodySha256Trailer
            | Self::BodyCrc32Trailer
            | Self::BodyCrc32TrailerSigned
            | Self::ReadChecksumMode => Need::Clients,
            Self::RefusalStatus
            | Self::ListAfterWrite
            | Self::ListAfterDelete
            | Self::ChecksumHeaderVerified
            | Self::ChecksumTrailerVerified
            | Self::Md5Verified => Need::Comfort,
            Self::ItemPutIfAbsent
            | Self::ItemPutIfAbsentConcurrent
            | Self::ItemReadAfterWrite
            | Self::ItemReadAfterDelete => Need::LockTable,
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
    }
}
