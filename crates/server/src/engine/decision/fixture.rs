//! Small worlds for tests of decisions.

use statelock_protocol::store::Precondition;

use super::{Delete, DeleteCondition, Stored, Write};
use crate::records::{BucketRecord, Content, Headers, VersionId, VersionRecord, Versioning};

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
        facts: None,
        writer: None,
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
    Stored { bucket, null: newest.clone(), newest }
}

pub(super) fn write(etag: &str, precondition: Precondition) -> Write {
    Write { content: content(etag), precondition, now_micros: NOW, nonce: 7 }
}

pub(super) fn delete(condition: DeleteCondition) -> Delete {
    Delete { condition, now_micros: NOW, nonce: 7 }
}
