//! Small worlds for tests of decisions.

use statelock_protocol::store::Precondition;

use super::{
    Delete, DeleteCondition, Effect, Stored, Write, WriteAnswer, decide_delete, decide_write,
};
use crate::engine::EngineError;
use crate::records::{
    BucketRecord, Content, Headers, LockTrail, VersionId, VersionRecord, Versioning,
};

const NOW: u64 = 1_000_000;

pub(super) fn content(etag: &str) -> Content {
    Content {
        size: 1,
        etag: etag.to_owned(),
        segments: Vec::new(),
        checksum: None,
        headers: Headers::default(),
        tags: Vec::new(),
        lock_id: None,
    }
}

pub(super) fn object(sequence: u64, etag: &str) -> VersionRecord {
    let content = Some(content(etag));
    VersionRecord { id: VersionId::Null, sequence, modified_micros: sequence, content }
}

pub(super) fn marker(sequence: u64) -> VersionRecord {
    VersionRecord { id: VersionId::Null, sequence, modified_micros: sequence, content: None }
}

pub(super) fn stored(versioning: Versioning, newest: Option<VersionRecord>) -> Stored {
    let bucket =
        BucketRecord { created_micros: 0, region: String::new(), versioning, tags: Vec::new() };
    Stored { bucket, null: newest.clone(), newest, trail: None }
}

pub(super) fn write(etag: &str, precondition: Precondition) -> Write {
    Write { content: content(etag), precondition, invocation: None, now_micros: NOW, nonce: 7 }
}

pub(super) fn delete(condition: DeleteCondition) -> Delete {
    Delete { condition, invocation: None, now_micros: NOW, nonce: 7 }
}

pub(super) fn lock_write(id: &str, invocation: &str) -> Write {
    let mut write = write(&format!("etag of {id}"), Precondition::IfAbsent);
    write.content.lock_id = Some(id.to_owned());
    write.invocation = Some(invocation.to_owned());
    write
}

/// One key whose decisions are applied.
pub(super) struct World {
    pub(super) stored: Stored,
}

impl World {
    /// A lockfile that is not there, in a versioned bucket.
    pub(super) fn lockfile() -> Self {
        let mut stored = stored(Versioning::Enabled, None);
        stored.trail = Some(LockTrail::default());
        Self { stored }
    }

    pub(super) fn holder(&self) -> Option<&str> {
        self.stored.newest.as_ref()?.content.as_ref()?.lock_id.as_deref()
    }

    pub(super) fn write(&mut self, write: Write) -> Result<WriteAnswer, EngineError> {
        let decision = decide_write(&self.stored, write)?;
        self.apply(decision.effects);
        Ok(decision.answer)
    }

    pub(super) fn delete(
        &mut self,
        invocation: &str,
        condition: DeleteCondition,
    ) -> Result<(), EngineError> {
        let mut delete = delete(condition);
        delete.invocation = Some(invocation.to_owned());
        let decision = decide_delete(&self.stored, &delete)?;
        self.apply(decision.effects);
        Ok(())
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Insert(version) => self.stored.newest = Some(version),
                Effect::Remove(_) => self.stored.newest = None,
                Effect::Remember(trail) => self.stored.trail = Some(trail),
            }
        }
    }
}
