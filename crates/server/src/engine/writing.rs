//! Writes and deletes of objects, inside their transaction: conditions, the write guard, the effect,
//! its audit record.

use super::EngineError;
use super::audit::{self, AuditEntry};
use super::decision::{
    Decision, Delete, Effect, GuardRefusal, Stored, Write, check_delete, check_write,
    decide_delete, decide_write,
};
use super::guard::{
    Asked, Guard, Judged, Kept, RefusedWrite, facts_of, is_repeated, keep, quarantined_by_id,
    remove_quarantined,
};
use super::objects::{DeleteRequest, Deleted, Written};
use super::rows::{apply, bucket_record, by_id, first_rows, load, shown_version};
use crate::records::{self, AuditAction, BodyFacts, VersionId, VersionRecord};
use crate::storage::Transaction;

/// Versions that are looked at for one that the same call wrote. A call is over after minutes.
const EARLIER_VERSIONS_MAX: usize = 64;

/// What became of a write.
#[derive(Clone, Debug)]
pub(super) enum Put {
    /// It is done: the body belongs to the object.
    Written(Written),
    /// It was done before, by the same call: the body that came again is nobody's.
    Repeated(Written),
    /// The write guard refused it.
    Refused {
        refused: RefusedWrite,
        /// Whether the body is kept; else it is nobody's.
        is_kept: bool,
    },
}

/// What became of a delete.
#[derive(Clone, Debug)]
pub(super) enum Removal {
    Done(Deleted),
    /// The write guard refused it.
    Refused(RefusedWrite),
}

/// Decides a write and carries it out.
pub(super) fn put(
    transaction: &mut dyn Transaction,
    guard: &Guard,
    asked: Asked<'_>,
    mut write: Write,
) -> Result<Put, EngineError> {
    let Asked { bucket, key, now_micros, .. } = asked;
    let stored = load(transaction, bucket, key)?;
    let facts = facts_of(transaction, &write.content)?;
    if let Some(version) = repeated(transaction, asked, &stored, &facts)? {
        return Ok(Put::Repeated(written(&version, key, &stored)));
    }
    let current = stored.current();
    check_write(current.and_then(|version| version.content.as_ref()), &write.precondition)?;
    let judged = guard.judge(transaction, asked, current, Some(&facts))?;
    write.content.facts = Some(facts.clone());
    write.content.writer = Some(judged.writer());
    if let Some(refusal) = judged.refusal() {
        return refuse(transaction, (&judged, refusal), asked, write);
    }
    judged.admit(transaction)?;
    let Decision { effects, answer } = decide_write(&stored, write)?;
    apply(transaction, bucket, key, effects, now_micros)?;
    let written = written(&answer, key, &stored);
    judged.note_written(transaction, written.version)?;
    Ok(Put::Written(written))
}

/// The version that this very call wrote: the current one or, where no serial tells that it comes late,
/// an earlier one. A copy that the network brings late must not bring a deleted state back.
fn repeated(
    transaction: &mut dyn Transaction,
    asked: Asked<'_>,
    stored: &Stored,
    offered: &BodyFacts,
) -> Result<Option<VersionRecord>, EngineError> {
    let is_it = |version: &VersionRecord| {
        let content = version.content.as_ref();
        content.is_some_and(|content| is_repeated(content, asked.sender, offered))
    };
    let current = stored.current();
    if let Some(version) = current.filter(|version| is_it(version)) {
        return Ok(Some(version.clone()));
    }
    let (Some(state), Some(_)) = (offered.state(), &asked.sender.invocation) else {
        return Ok(None);
    };
    let facts = current.and_then(|version| version.content.as_ref()?.facts.as_ref()?.state());
    let is_told_by_serial =
        facts.is_some_and(|facts| !facts.lineage.is_empty() && facts.lineage == state.lineage);
    if is_told_by_serial {
        return Ok(None);
    }
    let versions = VersionRecord::versions_of(asked.bucket, asked.key);
    for (row, bytes) in first_rows(transaction, &versions, EARLIER_VERSIONS_MAX)? {
        let version: VersionRecord = records::decode(&row, &bytes)?;
        if is_it(&version) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// Keeps a refused body and records the refusal.
fn refuse(
    transaction: &mut dyn Transaction,
    (judged, refusal): (&Judged<'_>, &GuardRefusal),
    asked: Asked<'_>,
    write: Write,
) -> Result<Put, EngineError> {
    let reason = judged.reason(refusal);
    let address = (asked.bucket, asked.key);
    let time = (asked.now_micros, write.nonce);
    let Kept { id, is_new } = keep(transaction, address, write.content, reason, time)?;
    let refused = judged.refuse(transaction, refusal, Some(id))?;
    Ok(Put::Refused { refused, is_kept: is_new })
}

/// Decides a delete that names no version, and carries it out.
pub(super) fn delete_newest(
    transaction: &mut dyn Transaction,
    guard: &Guard,
    request: &DeleteRequest,
    delete: &Delete,
) -> Result<Removal, EngineError> {
    let DeleteRequest { bucket, key, sender, claim, .. } = request;
    let now_micros = delete.now_micros;
    let stored = load(transaction, bucket, key)?;
    let decision = decide_delete(&stored, delete)?;
    let asked = Asked { bucket, key, sender, claim, now_micros };
    let judged = guard.judge(transaction, asked, stored.current(), None)?;
    if let Some(refusal) = judged.refusal() {
        return Ok(Removal::Refused(judged.refuse(transaction, refusal, None)?));
    }
    judged.admit(transaction)?;
    let changes = !decision.effects.is_empty();
    apply(transaction, bucket, key, decision.effects, now_micros)?;
    let version = decision.answer.marker;
    if changes {
        judged.note_deleted(transaction, version)?;
    }
    Ok(Removal::Done(Deleted { version, is_marker: version.is_some() }))
}

/// Removes one version, or one refused body, for good.
///
/// The guard is not asked: this is how somebody rolls a state back on purpose, and clients never do it.
pub(super) fn delete_version(
    transaction: &mut dyn Transaction,
    request: &DeleteRequest,
    id: VersionId,
    now_micros: u64,
) -> Result<Removal, EngineError> {
    let DeleteRequest { bucket, key, sender, condition, .. } = request;
    bucket_record(transaction, bucket)?;
    let found = by_id(transaction, bucket, key, id)?;
    check_delete(found.as_ref(), condition)?;
    let refused_body = match &found {
        Some(_) => None,
        None => quarantined_by_id(transaction, bucket, key, id)?,
    };
    let content = found.as_ref().and_then(|version| version.content.as_ref());
    let content = content.or(refused_body.as_ref().map(|body| &body.content)).cloned();
    let is_marker = found.as_ref().is_some_and(|version| version.content.is_none());
    let removes = found.is_some() || refused_body.is_some();
    if let Some(body) = &refused_body {
        remove_quarantined(transaction, bucket, key, body, now_micros)?;
    }
    let effects = found.into_iter().map(Effect::Remove).collect();
    apply(transaction, bucket, key, effects, now_micros)?;
    if removes {
        let state = content.and_then(|content| content.facts?.state().cloned());
        let entry = AuditEntry {
            serial_before: state.as_ref().map(|state| state.serial),
            lineage: state.map(|state| state.lineage).filter(|lineage| !lineage.is_empty()),
            version: Some(id.to_string()),
            reason: refused_body.map(|_| "a body that the write guard had refused".to_owned()),
            ..AuditEntry::new(AuditAction::VersionDeleted).about(bucket, key)
        };
        audit::append(transaction, sender, entry, now_micros)?;
    }
    Ok(Removal::Done(Deleted { version: Some(id), is_marker }))
}

/// What a write that took effect is answered with.
fn written(version: &VersionRecord, key: &str, stored: &Stored) -> Written {
    let etag = version.content.as_ref().map(|content| content.etag.clone()).unwrap_or_default();
    let shown = shown_version(&stored.bucket, key, version);
    Written { etag, version: shown, modified_micros: version.modified_micros }
}
