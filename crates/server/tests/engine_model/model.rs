//! The obvious model: every version of every key in the order in which they were written.

use statelock_protocol::store::Precondition;
use statelock_server::engine::{DeleteCondition, EngineError};
use statelock_server::records::{VersionId, Versioning};

use crate::harness::HOUR;
use crate::model_locks::{Locks, is_lockfile};
use crate::model_types::{Answer, Object, Received, Request, Version, refused};
use crate::model_uploads::Upload;

/// The whole bucket.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) versioning: Versioning,
    /// Key and versions, the oldest first.
    pub(crate) keys: Vec<(String, Vec<Version>)>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) received: Vec<Option<Received>>,
    pub(crate) now: u64,
    pub(crate) locks: Locks,
    ids: Vec<VersionId>,
}

impl Model {
    pub(crate) fn new(versioning: Versioning, now: u64) -> Self {
        let (keys, uploads, received) = (Vec::new(), Vec::new(), Vec::new());
        Self { versioning, keys, uploads, received, now, locks: Locks::default(), ids: Vec::new() }
    }

    /// The versions of a key, the oldest first.
    pub(crate) fn versions(&self, key: &str) -> &[Version] {
        self.keys.iter().find(|(name, _)| name == key).map_or(&[], |(_, versions)| versions)
    }

    pub(crate) fn versions_mut(&mut self, key: &str) -> &mut Vec<Version> {
        if !self.keys.iter().any(|(name, _)| name == key) {
            self.keys.push((key.to_owned(), Vec::new()));
        }
        &mut self.keys.iter_mut().find(|(name, _)| name == key).unwrap().1
    }

    pub(crate) fn current(&self, key: &str) -> Option<&Object> {
        self.versions(key).last()?.object.as_ref()
    }

    pub(crate) fn put(&mut self, request: Request<'_, Precondition>, object: Object) -> Answer {
        if is_lockfile(request.key) {
            return self.put_lock(&request, object);
        }
        let Request { key, condition, chosen, .. } = request;
        let etag = object.etag.clone();
        if let Some(error) = write_refusal(&condition, self.current(key)) {
            return refused(&error);
        }
        let versioned = self.versioning == Versioning::Enabled;
        let id = if versioned { self.fresh(chosen) } else { VersionId::Null };
        self.add(key, Version { id, object: Some(object) });
        let shown = self.versioning != Versioning::Unversioned;
        Answer::Written(etag, shown.then_some(id))
    }

    pub(crate) fn delete(
        &mut self,
        request: Request<'_, DeleteCondition>,
        version: Option<VersionId>,
    ) -> Answer {
        if is_lockfile(request.key) && matches!(version, None | Some(VersionId::Null)) {
            return self.release(&request, version);
        }
        let Request { key, condition, chosen, .. } = request;
        let target = match version {
            None => self.versions(key).last(),
            Some(id) => self.versions(key).iter().find(|version| version.id == id),
        };
        let (exists, object) = (target.is_some(), target.and_then(|t| t.object.clone()));
        if let Some(error) = delete_refusal(&condition, exists, object.as_ref()) {
            return refused(&error);
        }
        if let Some(id) = version {
            self.versions_mut(key).retain(|version| version.id != id);
            return Answer::Deleted(version, exists && object.is_none());
        }
        let id = match self.versioning {
            Versioning::Unversioned => {
                self.versions_mut(key).clear();
                return Answer::Deleted(None, false);
            }
            Versioning::Enabled => self.fresh(chosen),
            Versioning::Suspended => VersionId::Null,
        };
        self.add(key, Version { id, object: None });
        Answer::Deleted(Some(id), true)
    }

    pub(crate) fn tag(&mut self, key: &str, version: Option<VersionId>, tag: u8) -> Answer {
        let versions = self.versions_mut(key);
        let found = match version {
            None => versions.last_mut(),
            Some(id) => versions.iter_mut().find(|version| version.id == id),
        };
        match (found, version) {
            (Some(Version { id, object: Some(object) }), _) => {
                object.tag = Some(tag);
                Answer::Tagged(*id)
            }
            (None, Some(_)) => refused(&EngineError::NoSuchVersion),
            (Some(_), Some(_)) => refused(&EngineError::IsDeleteMarker),
            (_, None) => refused(&EngineError::NoSuchKey),
        }
    }

    /// The sweep forgets what is too old: by an hour, or by fifteen minutes for calls.
    pub(crate) fn sweep(&mut self) {
        let now = self.now;
        for received in self.received.iter_mut().flatten() {
            received.swept |= received.stored_at.is_some_and(|at| at + HOUR < now);
        }
        for upload in &mut self.uploads {
            upload.sweep(now);
        }
        let keys = &self.keys;
        let is_held = |key: &str| keys.iter().any(|(name, held)| name == key && !held.is_empty());
        self.locks.sweep(now, is_held);
    }

    pub(crate) fn delete_bucket(&mut self) -> Answer {
        if self.keys.iter().any(|(_, versions)| !versions.is_empty()) {
            return refused(&EngineError::BucketNotEmpty);
        }
        for upload in &mut self.uploads {
            upload.forget();
        }
        Answer::Done
    }

    /// A new version; the one version `null` makes room.
    fn add(&mut self, key: &str, version: Version) {
        let versions = self.versions_mut(key);
        if version.id == VersionId::Null {
            versions.retain(|version| version.id != VersionId::Null);
        }
        versions.push(version);
    }

    /// The chosen id if it is a new one; otherwise one that will not compare equal.
    fn fresh(&mut self, chosen: Option<VersionId>) -> VersionId {
        match chosen {
            Some(id @ VersionId::Id { .. }) if !self.ids.contains(&id) => {
                self.ids.push(id);
                id
            }
            _ => VersionId::Id { sequence: 0, nonce: 0 },
        }
    }
}

pub(crate) fn write_refusal(
    condition: &Precondition,
    current: Option<&Object>,
) -> Option<EngineError> {
    match (condition, current) {
        (Precondition::IfAbsent, Some(_)) => Some(EngineError::PreconditionFailed("If-None-Match")),
        (Precondition::IfMatch(_), None) => Some(EngineError::NoSuchKey),
        (Precondition::IfMatch(asked), Some(there)) => {
            (asked.as_str() != there.etag).then_some(EngineError::PreconditionFailed("If-Match"))
        }
        (Precondition::None, _) | (Precondition::IfAbsent, None) => None,
    }
}

pub(crate) fn delete_refusal(
    condition: &DeleteCondition,
    exists: bool,
    object: Option<&Object>,
) -> Option<EngineError> {
    match (condition, object) {
        (DeleteCondition::None, _) | (DeleteCondition::IfPresent, Some(_)) => None,
        (DeleteCondition::IfPresent, None) if exists => {
            Some(EngineError::PreconditionFailed("If-Match"))
        }
        (_, None) => Some(EngineError::NoSuchKey),
        (DeleteCondition::IfMatch(asked), Some(there)) => {
            (asked.as_str() != there.etag).then_some(EngineError::PreconditionFailed("If-Match"))
        }
    }
}
