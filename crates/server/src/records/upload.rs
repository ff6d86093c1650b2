//! Multipart uploads in progress.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Checksum, ChecksumAlgorithm, ChecksumKind, Family, Headers, RowKey, Segment, VersionId,
};
use crate::engine::RefusedWriteKind;

/// Names a multipart upload. Random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadId(String);

impl UploadId {
    /// Takes random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }

    /// Takes what a client sent; an id that was never given out is simply not found.
    pub fn from_client(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A multipart upload in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// When it was created, in microseconds since the Unix epoch.
    pub created_micros: u64,
    /// Headers of the object to be.
    pub headers: Headers,
    /// Tags of the object to be.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// The checksum that the creator announced, if any.
    #[serde(default)]
    pub checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
}

/// One part of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// When it was stored, in microseconds since the Unix epoch.
    pub modified_micros: u64,
    /// The MD5 of its bytes in lower-case hex, which is its ETag.
    pub etag: String,
    /// Where its bytes lie.
    pub segment: Segment,
    /// Its verified checksum, if the upload or the client asked for one.
    #[serde(default)]
    pub checksum: Option<Checksum>,
}

/// What a completion was answered, kept a while because its answer may get lost on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedUpload {
    /// When, in microseconds since the Unix epoch.
    pub completed_micros: u64,
    /// The object's ETag.
    pub etag: String,
    /// The version to show, if any.
    #[serde(default)]
    pub version: Option<VersionId>,
    /// The object's checksum, if any.
    #[serde(default)]
    pub checksum: Option<Checksum>,
    /// The refusal, if the write guard refused the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedCompletion>,
}

/// A completion that the write guard refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCompletion {
    /// What it broke.
    pub kind: RefusedWriteKind,
    /// What its sender was told.
    pub message: String,
}

impl CompletedUpload {
    pub(crate) fn key(bucket: &str, key: &str, upload: &UploadId) -> RowKey {
        RowKey::new(Family::Completed).text(bucket).text(key).text(upload.as_str())
    }

    pub(crate) fn of_bucket(bucket: &str) -> RowKey {
        RowKey::new(Family::Completed).text(bucket)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Completed)
    }
}

impl UploadRecord {
    pub(crate) fn key(bucket: &str, key: &str, upload: &UploadId) -> RowKey {
        RowKey::new(Family::Upload).text(bucket).text(key).text(upload.as_str())
    }

    pub(crate) fn of_bucket(bucket: &str) -> RowKey {
        RowKey::new(Family::Upload).text(bucket)
    }

    pub(crate) fn keys_with_prefix(bucket: &str, prefix: &str) -> RowKey {
        RowKey::new(Family::Upload).text(bucket).text_prefix(prefix)
    }
}

impl PartRecord {
    pub(crate) fn key(upload: &UploadId, number: u16) -> RowKey {
        Self::parts_of(upload).bytes(&number.to_be_bytes())
    }

    pub(crate) fn parts_of(upload: &UploadId) -> RowKey {
        RowKey::new(Family::Part).text(upload.as_str())
    }
}
