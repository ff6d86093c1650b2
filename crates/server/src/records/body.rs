//! Object bodies: where their pieces lie.

use serde::{Deserialize, Serialize};

use super::{Family, RowKey};

/// Names the pieces of one received body. Random, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(pub [u8; 16]);

impl Serialize for BodyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for BodyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(serde::de::Error::custom)
    }
}

/// A part of an object: one received body. An object made by a multipart upload has several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The body.
    pub body: BodyId,
    /// Its size in bytes, uncompressed.
    pub size: u64,
}

/// A body that is being received, and belongs to nothing else while this mark is there: whoever
/// removes the mark has the body. Left behind by a crash, it is removed at the next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedBody {
    /// When it began, in microseconds since the Unix epoch.
    pub begun_micros: u64,
    /// When its latest piece was stored, in microseconds since the Unix epoch.
    #[serde(default)]
    pub active_micros: u64,
}

/// A body that nobody refers to any more. It stays until readers that began earlier are done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardedBody {
    /// When it was discarded, in microseconds since the Unix epoch.
    pub discarded_micros: u64,
}

/// Keys of a body's pieces in the chunk table.
#[derive(Debug)]
pub struct Chunk;

impl Chunk {
    /// The key of piece `index`.
    pub fn key(body: BodyId, index: u32) -> Vec<u8> {
        let mut key = body.0.to_vec();
        key.extend_from_slice(&index.to_be_bytes());
        key
    }
}

impl StagedBody {
    pub(crate) fn key(body: BodyId) -> RowKey {
        RowKey::new(Family::Staged).bytes(&body.0)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Staged)
    }

    /// When its sender was last heard of.
    pub(crate) fn last_active_micros(&self) -> u64 {
        self.active_micros.max(self.begun_micros)
    }
}

impl DiscardedBody {
    pub(crate) fn key(body: BodyId) -> RowKey {
        RowKey::new(Family::Discarded).bytes(&body.0)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Discarded)
    }
}
