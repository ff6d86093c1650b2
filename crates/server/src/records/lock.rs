//! The lock on one state, as a row.

mod trail;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{Facet, FacetSet, Hold, Trail, UnifiedLock};

use super::{Family, RowKey};
use crate::storage::StorageError;

/// The lock on a state, with who took it and what lately happened to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<HoldRow>,
    #[serde(default, with = "trail", skip_serializing_if = "trail::is_empty")]
    trail: Trail,
}

/// A lock's row as far as it tells who holds it. Much cheaper to read: most of a row is about calls.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HoldRecord {
    #[serde(default)]
    hold: Option<HoldRow>,
}

/// Who took a lock, as far as the server can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderRecord {
    /// The access key.
    pub principal: String,
    /// The address of the other end of the connection.
    pub peer: std::net::IpAddr,
    /// Whether a proxy stood between.
    #[serde(default)]
    pub proxied: bool,
    /// What it said about itself.
    #[serde(default)]
    pub user_agent: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HoldRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    info: InfoBytes,
    taken_through: String,
    facets: Vec<String>,
    since_micros: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    giving_back_since_micros: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<HolderRecord>,
}

/// Bytes as text where they are text, so that a person can read the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InfoBytes {
    Text(String),
    Base64(String),
}

impl LockRecord {
    /// The row of a lock.
    pub fn new(lock: &UnifiedLock, holder: Option<HolderRecord>) -> Self {
        let hold = lock.hold.as_ref().map(|hold| HoldRow {
            id: hold.id.as_ref().map(|id| id.as_str().to_owned()),
            info: InfoBytes::new(&hold.info),
            taken_through: hold.taken_through.name().to_owned(),
            facets: hold.facets.iter().map(|facet| facet.name().to_owned()).collect(),
            since_micros: hold.since_micros,
            giving_back_since_micros: hold.giving_back_since_micros,
            holder,
        });
        Self { hold, trail: lock.trail.clone() }
    }

    /// The lock of a row.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a name or a lock ID that is none.
    pub fn lock(&self) -> Result<UnifiedLock, StorageError> {
        let hold = self.hold.as_ref().map(HoldRow::hold).transpose()?;
        Ok(UnifiedLock { hold, trail: self.trail.clone() })
    }

    /// Who took it.
    pub fn holder(&self) -> Option<&HolderRecord> {
        self.hold.as_ref()?.holder.as_ref()
    }

    pub(crate) fn key(bucket: &str, state_key: &str) -> RowKey {
        RowKey::new(Family::Lock).text(bucket).text(state_key)
    }

    pub(crate) fn all() -> RowKey {
        RowKey::new(Family::Lock)
    }
}

impl HoldRecord {
    /// Who holds it, and what is known of the holder.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a name or a lock ID that is none.
    pub(crate) fn hold(self) -> Result<Option<(Hold, Option<HolderRecord>)>, StorageError> {
        let Some(row) = self.hold else { return Ok(None) };
        Ok(Some((row.hold()?, row.holder)))
    }
}

impl HoldRow {
    fn hold(&self) -> Result<Hold, StorageError> {
        let facets: Result<FacetSet, _> = self.facets.iter().map(|name| facet(name)).collect();
        Ok(Hold {
            id: self.id.as_deref().map(lock_id).transpose()?,
            info: self.info.bytes()?,
            taken_through: facet(&self.taken_through)?,
            facets: facets?,
            since_micros: self.since_micros,
            giving_back_since_micros: self.giving_back_since_micros,
        })
    }
}

impl InfoBytes {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, StorageError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Base64(text) => BASE64_STANDARD.decode(text).map_err(|_| corrupt("lock info")),
        }
    }
}

fn facet(name: &str) -> Result<Facet, StorageError> {
    Facet::by_name(name).ok_or_else(|| corrupt("facet"))
}

fn lock_id(text: &str) -> Result<LockId, StorageError> {
    LockId::parse(text).map_err(|_| corrupt("lock ID"))
}

fn corrupt(what: &str) -> StorageError {
    StorageError::Corrupt(format!("a lock record has an unreadable {what}"))
}

#[cfg(test)]
mod tests {
    use statelock_protocol::lock::unified::{TrailEntry, TrailEvent};
    use statelock_protocol::state::Digest;

    use super::*;

    fn lock(info: &[u8]) -> UnifiedLock {
        let entry = |event| TrailEntry {
            call: Some("call".to_owned()),
            facet: Facet::LockTable,
            id: LockId::parse("a").ok(),
            event,
            at_micros: 7,
        };
        let digest = Digest::of(b"x");
        let events = [
            TrailEvent::Acquired(digest),
            TrailEvent::Released,
            TrailEvent::Forced,
            TrailEvent::Spared,
            TrailEvent::Refused(digest),
        ];
        UnifiedLock {
            hold: Some(Hold {
                id: LockId::parse("a").ok(),
                info: info.to_vec(),
                taken_through: Facet::Lockfile,
                facets: [Facet::Lockfile, Facet::Http].into_iter().collect(),
                since_micros: 5,
                giving_back_since_micros: Some(6),
            }),
            trail: Trail::new(events.map(entry)),
        }
    }

    #[test]
    fn a_lock_comes_back_from_its_row() {
        for info in [&b"{\"ID\":\"a\"}"[..], b"", b"\xff\x00"] {
            let lock = lock(info);
            let holder = HolderRecord {
                principal: "root".to_owned(),
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
                proxied: true,
                user_agent: "x".to_owned(),
            };
            let json = serde_json::to_vec(&LockRecord::new(&lock, Some(holder.clone()))).unwrap();
            let record: LockRecord = serde_json::from_slice(&json).unwrap();
            assert_eq!(record.lock().unwrap(), lock);
            assert_eq!(record.holder(), Some(&holder));
            let hold = serde_json::from_slice::<HoldRecord>(&json).unwrap().hold().unwrap();
            assert_eq!(hold, lock.hold.zip(Some(Some(holder))));
        }
    }

    #[test]
    fn a_free_lock_is_an_empty_row_and_damage_is_reported() {
        let free = LockRecord::new(&UnifiedLock::default(), None);
        assert_eq!(serde_json::to_string(&free).unwrap(), "{}");
        let mut damaged = LockRecord::new(&lock(b""), None);
        damaged.hold.as_mut().unwrap().taken_through = "other".to_owned();
        assert!(matches!(damaged.lock(), Err(StorageError::Corrupt(_))));
        let json = serde_json::to_vec(&damaged).unwrap();
        let record: HoldRecord = serde_json::from_slice(&json).unwrap();
        assert!(matches!(record.hold(), Err(StorageError::Corrupt(_))));
    }
}
