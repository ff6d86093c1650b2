//! Why the engine did not do what was asked.

use super::RefusedWrite;
use crate::records::ChecksumAlgorithm;
use crate::storage::StorageError;

/// Every way in which a request ends without its effect. Each API maps every variant by itself.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such bucket.
    #[error("no such bucket")]
    NoSuchBucket,
    /// There is no such object, or its newest version is a delete marker.
    #[error("no such object")]
    NoSuchKey,
    /// There is no such version of this object.
    #[error("no such version")]
    NoSuchVersion,
    /// The version that was named is a delete marker, which has no content.
    #[error("the version is a delete marker")]
    IsDeleteMarker,
    /// There is no such multipart upload.
    #[error("no such upload")]
    NoSuchUpload,
    /// The bucket exists already.
    #[error("the bucket exists")]
    BucketExists,
    /// The bucket still holds versions.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// A condition that the request carried does not hold; the condition's header name.
    #[error("the condition {0} does not hold")]
    PreconditionFailed(&'static str),
    /// The lock is not the sender's to take or to remove; what it is told.
    #[error("{0}")]
    LockRefused(String),
    /// The write guard refused a write or a delete; what its sender is told.
    #[error("{}", .0.message)]
    WriteRefused(Box<RefusedWrite>),
    /// A lockfile was to be made of parts.
    #[error("a lockfile is written in one piece")]
    LockfileInParts,
    /// A part named at completion was never uploaded, or has another ETag or checksum.
    #[error("part {0} is missing or different")]
    InvalidPart(i32),
    /// The parts named at completion are not in ascending order.
    #[error("parts are out of order")]
    InvalidPartOrder,
    /// A part that is not the last is smaller than 5 MiB.
    #[error("part {number} has {size} bytes")]
    PartTooSmall {
        /// Its number.
        number: u16,
        /// Its size in bytes.
        size: u64,
    },
    /// The object's own checksum, given at completion, is another.
    #[error("the checksum of the whole object is different")]
    ObjectChecksumMismatch,
    /// The body is larger than this server accepts; the limit in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// The body could not be taken.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// No randomness for an identifier.
    #[error("the operating system has no randomness: {0}")]
    Randomness(String),
    /// The storage engine failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a body could not be taken. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It ended before its announced length.
    #[error("the body ended early: {0}")]
    Incomplete(String),
    /// Its SHA-256 is not the one that was signed.
    #[error("the body's SHA-256 is not the one that was signed")]
    Sha256Mismatch,
    /// A signed chunk does not carry the right signature.
    #[error("the signature of a chunk does not match")]
    ChunkSignature,
    /// Its chunked encoding is malformed.
    #[error("the body's chunked encoding is malformed: {0}")]
    Encoding(String),
    /// Content-MD5 says something else.
    #[error("Content-MD5 does not match the body")]
    Md5Mismatch,
    /// A checksum says something else.
    #[error("the {0:?} checksum does not match the body")]
    ChecksumMismatch(ChecksumAlgorithm),
    /// No byte came for too long.
    #[error("the body stalled")]
    Stalled,
}
