//! `status` for programs.

use serde::Serialize;
use statelock_client::protocol::lock::Stamp;
use statelock_client::protocol::lock::steps::Place;
use statelock_client::protocol::store::TableName;
use statelock_client::state::{StateRead, Stored, StoredDigest, Versioning};
use statelock_protocol::lock::evidence::Evidence;

use super::facts::{DigestVerdict, Facts};
use super::locks::{FoundLock, Holder, Shape};
use super::next;
use crate::backend::place_name;

/// The version of this JSON; members are added without a new one.
const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    address: String,
    bucket: &'a str,
    key: String,
    workspace: &'a str,
    mode: String,
    lock_table: Option<&'a str>,
    /// `free`, `held`, `half`, `split` or `unknown`.
    lock: &'static str,
    locks: Vec<LockDocument<'a>>,
    free: Vec<PlaceDocument>,
    state: StateDocument,
    digest: DigestDocument,
    /// `enabled`, `suspended`, `off`, or `null` if the store does not say.
    versioning: Option<&'static str>,
    warnings: Vec<String>,
    next: String,
}

#[derive(Debug, Serialize)]
struct PlaceDocument {
    facet: &'static str,
    place: String,
}

#[derive(Debug, Serialize)]
struct LockDocument<'a> {
    /// What `force-unlock` takes.
    lock_id: String,
    readable: bool,
    places: Vec<PlaceDocument>,
    holder: Option<HolderDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct HolderDocument<'a> {
    who: &'a str,
    operation: &'a str,
    info: &'a str,
    reason: Option<String>,
    run: Option<String>,
    version: &'a str,
    path: &'a str,
    created: String,
    age_seconds: i64,
    #[serde(flatten)]
    evidence: &'a Evidence,
}

#[derive(Debug, Default, Serialize)]
struct StateDocument {
    /// `present`, `absent`, `empty`, `unreadable` or `unknown`.
    is: &'static str,
    serial: Option<u64>,
    lineage: Option<String>,
    terraform_version: Option<String>,
    size_bytes: Option<u64>,
    written_unix_seconds: Option<u64>,
    etag: Option<String>,
    version_id: Option<String>,
    md5: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct DigestDocument {
    stored: Option<String>,
    /// Whether it is that of the state, where both are known.
    agrees: Option<bool>,
}

/// Makes it.
pub(super) fn of(facts: &Facts) -> Document<'_> {
    let (settings, locks) = (&facts.settings, &facts.locks);
    let address = &settings.address;
    Document {
        schema: SCHEMA,
        address: address.to_string(),
        bucket: address.bucket().as_str(),
        key: address.object_key().as_str().to_owned(),
        workspace: address.workspace().as_str(),
        mode: settings.mode.to_string(),
        lock_table: settings.mode.table().map(TableName::as_str),
        lock: match (locks.shape(), locks.is_partial) {
            (Shape::Free, true) => "unknown",
            (Shape::Free, false) => "free",
            (Shape::Held, _) => "held",
            (Shape::Half, _) => "half",
            (Shape::Split, _) => "split",
        },
        locks: locks.found.iter().map(lock).collect(),
        free: locks.free.iter().map(place).collect(),
        state: state(facts),
        digest: digest(facts),
        versioning: facts.versioning.map(|versioning| match versioning {
            Versioning::Enabled => "enabled",
            Versioning::Suspended => "suspended",
            Versioning::Off => "off",
        }),
        warnings: facts.warnings(),
        next: next::step(facts),
    }
}

fn place(place: &Place) -> PlaceDocument {
    PlaceDocument { facet: place.facet().name(), place: place_name(place) }
}

fn lock(found: &FoundLock) -> LockDocument<'_> {
    LockDocument {
        lock_id: found.id(),
        readable: found.holder.is_some(),
        places: found.places.iter().map(place).collect(),
        holder: found.holder.as_ref().map(holder),
    }
}

fn holder(holder: &Holder) -> HolderDocument<'_> {
    let Holder { info, evidence, age_seconds } = holder;
    let stamp = Stamp::read(&info.info);
    HolderDocument {
        who: &info.who,
        operation: &info.operation,
        info: &info.info,
        reason: stamp.reason.map(|reason| reason.as_str().to_owned()),
        run: stamp.run.map(|run| run.as_str().to_owned()),
        version: &info.version,
        path: &info.path,
        created: info.created.to_string(),
        age_seconds: *age_seconds,
        evidence,
    }
}

fn state(facts: &Facts) -> StateDocument {
    let failed =
        |is, error: String| StateDocument { is, error: Some(error), ..StateDocument::default() };
    match &facts.state {
        Err(error) => failed("unknown", error.to_string()),
        Ok((Stored::Absent, _)) => StateDocument { is: "absent", ..StateDocument::default() },
        Ok((Stored::Empty(read), _)) => {
            bytes(read, StateDocument { is: "empty", ..StateDocument::default() })
        }
        Ok((Stored::State(read), _)) => match &read.header {
            Err(error) => bytes(read, failed("unreadable", error.to_string())),
            Ok(header) => {
                let known = StateDocument {
                    is: "present",
                    serial: Some(header.serial.0),
                    lineage: Some(header.lineage.as_str().to_owned()),
                    terraform_version: Some(header.terraform_version.clone()),
                    ..StateDocument::default()
                };
                bytes(read, known)
            }
        },
    }
}

fn bytes(read: &StateRead, document: StateDocument) -> StateDocument {
    StateDocument {
        size_bytes: Some(read.size_bytes),
        written_unix_seconds: read.last_modified.map(|time| time.as_secs()),
        etag: Some(read.etag.as_str().to_owned()),
        version_id: read.version_id.clone(),
        md5: Some(read.digest.to_string()),
        ..document
    }
}

fn digest(facts: &Facts) -> DigestDocument {
    let stored = facts.state.as_ref().ok().and_then(|(_, digest)| match digest {
        StoredDigest::Digest(digest) => Some(digest.to_string()),
        StoredDigest::Unreadable(text) => Some(text.clone()),
        StoredDigest::NoTable | StoredDigest::Absent | StoredDigest::Unknown(_) => None,
    });
    let agrees = match facts.digest() {
        DigestVerdict::NotCompared => None,
        DigestVerdict::Agrees => Some(true),
        DigestVerdict::Disagrees => Some(false),
    };
    DigestDocument { stored, agrees }
}
