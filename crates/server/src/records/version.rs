//! Versions of objects, delete markers among them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{BodyFacts, Family, RowKey, Segment};

/// Names one version of an object.
///
/// A real id is the version's sequence and random bytes, so that it finds its row without a search
/// and cannot be guessed from the time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionId {
    /// The one version that a bucket without versioning keeps of each key.
    Null,
    /// A version in a bucket with versioning.
    Id {
        /// The version's place in its key's history.
        sequence: u64,
        /// What makes the id unguessable.
        nonce: u64,
    },
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Id { sequence, nonce } => write!(f, "{sequence:016x}{nonce:016x}"),
        }
    }
}

/// The text is no version id that this server ever gave out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version id")]
pub struct NotAVersionId(String);

impl FromStr for VersionId {
    type Err = NotAVersionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "null" {
            return Ok(Self::Null);
        }
        let parse = |range| text.get(range).and_then(|part| u64::from_str_radix(part, 16).ok());
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (plain, parse(0..16), parse(16..32)) {
            (true, Some(sequence), Some(nonce)) => Ok(Self::Id { sequence, nonce }),
            (true | false, _, _) => Err(NotAVersionId(text.to_owned())),
        }
    }
}

impl Serialize for VersionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VersionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// Its id.
    pub id: VersionId,
    /// Its place in its key's history; larger is newer.
    pub sequence: u64,
    /// When it was written, in microseconds since the Unix epoch.
    pub modified_micros: u64,
    /// What it holds; a delete marker holds nothing.
    pub content: Option<Content>,
}

/// What a version holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Size in bytes.
    pub size: u64,
    /// The ETag without quotes.
    pub etag: String,
    /// Where the bytes lie, in order.
    pub segments: Vec<Segment>,
    /// The checksum that the writer gave and that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Headers and user metadata to give back.
    #[serde(default)]
    pub headers: Headers,
    /// The object's tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// The lock ID, if this is a lockfile whose body could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_id: Option<String>,
    /// What the body says about itself; `None` for lockfiles and in rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<BodyFacts>,
    /// Who wrote it; `None` for lockfiles and in rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<WriterRecord>,
}

/// Who wrote a version, as far as the server can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriterRecord {
    /// The access key.
    pub principal: String,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// `Who` of the lock that stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The id of the call, by which it is known when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
}

/// What a writer wants to be given back with the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// Standard headers such as `content-type`, by lower-case name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub standard: BTreeMap<String, String>,
    /// `x-amz-meta-*`, without that prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// A verified checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// Over the whole object, or over the parts' checksums.
    pub kind: ChecksumKind,
    /// The value as S3 writes it: base64, and `-N` after a composite one.
    pub value: String,
}

/// The checksum algorithms of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What a checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChecksumKind {
    /// All bytes of the object.
    FullObject,
    /// The concatenated checksums of the parts of a multipart upload.
    Composite,
}

impl VersionRecord {
    pub(crate) fn row(bucket: &str, key: &str, sequence: u64) -> RowKey {
        // Inverted, so that the newest version comes first.
        Self::versions_of(bucket, key).bytes(&(!sequence).to_be_bytes())
    }

    pub(crate) fn versions_of(bucket: &str, key: &str) -> RowKey {
        RowKey::new(Family::Version).text(bucket).text(key)
    }

    pub(crate) fn keys_with_prefix(bucket: &str, prefix: &str) -> RowKey {
        RowKey::new(Family::Version).text(bucket).text_prefix(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::VersionId;

    #[test]
    fn version_ids_come_back_from_their_text() {
        for id in [VersionId::Null, VersionId::Id { sequence: 1, nonce: u64::MAX }] {
            assert_eq!(id.to_string().parse::<VersionId>(), Ok(id));
        }
        for text in [
            "",
            "Null",
            "12",
            "+000000000000001000000000000000a",
            "zz00000000000001ffffffffffffffff",
        ] {
            assert!(text.parse::<VersionId>().is_err(), "{text}");
        }
    }
}
