//! Puts a write to the write guard, inside the transaction that would have its effect.

use std::sync::Arc;

use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::unified::Hold;

use super::overwrite::{permitted, use_up};
use super::refusal::{Circumstances, RefusedWrite, why};
use super::stored::facts_of;
use super::{GuardPolicy, WriteClaim};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::decision::{
    GuardQuestion, GuardRefusal, GuardVerdict, Offered, StandingLock, decide_guard,
};
use crate::engine::locks::{self, LockedState, Sightings};
use crate::engine::{Engine, Sender};
use crate::records::{
    AuditAction, AuditOutcome, BodyFacts, Content, OverwriteRecord, StateFacts, VersionId,
    VersionRecord, WriterRecord,
};
use crate::storage::{StorageError, Transaction};

/// Judges writes.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Guard {
    policy: GuardPolicy,
    sightings: Arc<Sightings>,
}

/// A write or a delete, as the guard sees it.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Asked<'a> {
    pub(in crate::engine) bucket: &'a str,
    pub(in crate::engine) key: &'a str,
    pub(in crate::engine) sender: &'a Sender,
    pub(in crate::engine) claim: &'a WriteClaim,
    pub(in crate::engine) now_micros: u64,
}

/// What was found and decided about a write.
pub(in crate::engine) struct Judged<'a> {
    asked: Asked<'a>,
    current: Option<&'a VersionRecord>,
    stored: Option<BodyFacts>,
    offered: Option<&'a BodyFacts>,
    hold: Option<Hold>,
    permission: Option<OverwriteRecord>,
    verdict: GuardVerdict,
}

impl Engine {
    /// The write guard of this engine.
    pub(in crate::engine) fn guard(&self) -> Guard {
        Guard { policy: self.guard, sightings: Arc::clone(&self.sightings) }
    }
}

impl Guard {
    /// Judges a write of `offered`, or a delete, in the place of `current`.
    pub(in crate::engine) fn judge<'a>(
        &self,
        transaction: &mut dyn Transaction,
        asked: Asked<'a>,
        current: Option<&'a VersionRecord>,
        offered: Option<&'a BodyFacts>,
    ) -> Result<Judged<'a>, StorageError> {
        let state = LockedState::new(asked.bucket, asked.key);
        let standing = match &state {
            Some(state) => locks::standing(transaction, state, asked.now_micros)?,
            None => None,
        };
        let (hold, holder) = standing.unzip();
        let content = current.and_then(|version| version.content.as_ref());
        let stored = content.map(|content| facts_of(transaction, content)).transpose()?;
        let permission = permitted(transaction, asked.bucket, asked.key, asked.now_micros)?;
        let verdict = decide_guard(&GuardQuestion {
            stored: stored.as_ref(),
            offered: offered.map_or(Offered::Nothing, Offered::Body),
            lock: hold.as_ref().map(|hold| StandingLock {
                hold,
                holder: holder.as_ref().and_then(Option::as_ref),
            }),
            sender: asked.sender,
            claim: asked.claim,
            lost: state.zip(hold.as_ref()).and_then(|(state, hold)| {
                self.sightings.lost_its_lock(&state, asked.sender, hold.id.as_ref())
            }),
            is_excepted: permission.is_some(),
            policy: self.policy,
        });
        Ok(Judged { asked, current, stored, offered, hold, permission, verdict })
    }
}

impl Judged<'_> {
    /// Why the write must not be done, if so.
    pub(in crate::engine) fn refusal(&self) -> Option<&GuardRefusal> {
        match &self.verdict {
            GuardVerdict::Refused(refusal) => Some(refusal),
            GuardVerdict::Allowed
            | GuardVerdict::AllowedByException(_)
            | GuardVerdict::Audited(_) => None,
        }
    }

    /// Why, in a sentence for the audit log.
    pub(in crate::engine) fn reason(&self, refusal: &GuardRefusal) -> String {
        why(refusal, &self.circumstances(None))
    }

    /// Records a refusal, and says what its sender is told. `kept` is where the refused body is.
    pub(in crate::engine) fn refuse(
        &self,
        transaction: &mut dyn Transaction,
        refusal: &GuardRefusal,
        kept: Option<VersionId>,
    ) -> Result<RefusedWrite, StorageError> {
        self.note_refusal(transaction, refusal, AuditOutcome::Refused, kept)?;
        Ok(RefusedWrite::new(refusal, &self.circumstances(kept)))
    }

    /// Records what is to be said of a write before it is done, and uses up what permits it.
    pub(in crate::engine) fn admit(
        &self,
        transaction: &mut dyn Transaction,
    ) -> Result<(), StorageError> {
        match &self.verdict {
            GuardVerdict::Allowed | GuardVerdict::Refused(_) => Ok(()),
            GuardVerdict::Audited(refusal) => {
                self.note_refusal(transaction, refusal, AuditOutcome::Done, None)
            }
            GuardVerdict::AllowedByException(refusal) => {
                let Asked { bucket, key, sender, now_micros, .. } = self.asked;
                use_up(transaction, bucket, key)?;
                let permission = self.permission.as_ref().map(|given| given.reason.as_str());
                let reason = format!(
                    "{}; permitted because: {}",
                    self.reason(refusal),
                    permission.unwrap_or_default()
                );
                tracing::warn!(%bucket, %key, "a state was overwritten by permission");
                let entry =
                    AuditEntry { reason: Some(reason), ..self.entry(AuditAction::OverwriteUsed) };
                audit::append(transaction, sender, entry, now_micros)
            }
        }
    }

    /// Records a write that was done.
    pub(in crate::engine) fn note_written(
        &self,
        transaction: &mut dyn Transaction,
        version: Option<VersionId>,
    ) -> Result<(), StorageError> {
        let is_state = self.is_about_a_state();
        let action = if is_state { AuditAction::StateWritten } else { AuditAction::ObjectWritten };
        self.note(transaction, action, version)
    }

    /// Records a delete that was done.
    pub(in crate::engine) fn note_deleted(
        &self,
        transaction: &mut dyn Transaction,
        version: Option<VersionId>,
    ) -> Result<(), StorageError> {
        let is_state = self.is_about_a_state();
        let action = if is_state { AuditAction::StateDeleted } else { AuditAction::ObjectDeleted };
        self.note(transaction, action, version)
    }

    /// Who writes, to be kept with what is written.
    pub(in crate::engine) fn writer(&self) -> WriterRecord {
        let sender = self.asked.sender;
        WriterRecord {
            principal: sender.principal.clone(),
            peer: sender.connection.peer,
            who: self.who(),
            invocation: sender.invocation.clone(),
        }
    }

    fn is_about_a_state(&self) -> bool {
        let is_state = |facts: &BodyFacts| facts.state().is_some();
        self.stored.as_ref().is_some_and(is_state) || self.offered.is_some_and(is_state)
    }

    fn note(
        &self,
        transaction: &mut dyn Transaction,
        action: AuditAction,
        version: Option<VersionId>,
    ) -> Result<(), StorageError> {
        let version = version.map(|id| id.to_string());
        let entry = AuditEntry { version, ..self.entry(action) };
        audit::append(transaction, self.asked.sender, entry, self.asked.now_micros)
    }

    fn note_refusal(
        &self,
        transaction: &mut dyn Transaction,
        refusal: &GuardRefusal,
        outcome: AuditOutcome,
        kept: Option<VersionId>,
    ) -> Result<(), StorageError> {
        let Asked { bucket, key, sender, now_micros, .. } = self.asked;
        let reason = self.reason(refusal);
        tracing::warn!(%bucket, %key, ?outcome, reason, "the write guard objects to a write");
        let entry = AuditEntry {
            outcome,
            version: kept.map(|id| id.to_string()),
            reason: Some(reason),
            ..self.entry(AuditAction::StateWriteRefused)
        };
        audit::append(transaction, sender, entry, now_micros)
    }

    fn entry(&self, action: AuditAction) -> AuditEntry {
        let stored = self.stored.as_ref().and_then(BodyFacts::state);
        let offered = self.offered.and_then(BodyFacts::state);
        let serial = |state: &StateFacts| state.serial;
        let lineage = offered.or(stored).map(|state| state.lineage.clone());
        let id = self.hold.as_ref().and_then(|hold| hold.id.as_ref());
        AuditEntry {
            lock_id: id.map(|id| id.as_str().to_owned()),
            who: self.who(),
            serial_before: stored.map(serial),
            serial_after: offered.map(serial),
            lineage: lineage.filter(|lineage| !lineage.is_empty()),
            ..AuditEntry::new(action).about(self.asked.bucket, self.asked.key)
        }
    }

    /// `Who` of the lock that stands: the writer, where nothing speaks against it.
    fn who(&self) -> Option<String> {
        if let GuardVerdict::Audited(refusal) | GuardVerdict::Refused(refusal) = &self.verdict
            && matches!(refusal, GuardRefusal::NotHolder(_))
        {
            return None;
        }
        let info = LockInfo::parse(&self.hold.as_ref()?.info).ok()?;
        Some(info.who).filter(|who| !who.is_empty())
    }

    fn circumstances(&self, kept: Option<VersionId>) -> Circumstances<'_> {
        Circumstances {
            bucket: self.asked.bucket,
            key: self.asked.key,
            current: self.current,
            stored: self.stored.as_ref(),
            offered: self.offered,
            hold: self.hold.as_ref(),
            kept,
        }
    }
}

/// Whether `content` was written by the very call that comes again.
pub(in crate::engine) fn is_repeated(
    content: &Content,
    sender: &Sender,
    offered: &BodyFacts,
) -> bool {
    let same_call = content.writer.as_ref().is_some_and(|writer| {
        writer.invocation.is_some()
            && writer.invocation == sender.invocation
            && writer.principal == sender.principal
    });
    let same_bytes = content.facts.as_ref().is_some_and(|facts| facts.digest == offered.digest);
    same_call && same_bytes && offered.state().is_some()
}
