//! What a probe tries, and what it is needed for.

mod names;

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

    /// Whether it is tried with many writers at once.
    pub const fn is_at_once(self) -> bool {
        matches!(
            self,
            Self::PutIfAbsentConcurrent
                | Self::PutIfAbsentAfterDeleteMarkerConcurrent
                | Self::PutIfMatchConcurrent
                | Self::ItemPutIfAbsentConcurrent
        )
    }

    /// Whether there is nothing to it in a bucket that keeps no versions.
    pub(super) const fn is_about_versions(self) -> bool {
        matches!(
            self,
            Self::PutIfAbsentAfterDeleteMarker | Self::PutIfAbsentAfterDeleteMarkerConcurrent
        )
    }
}
