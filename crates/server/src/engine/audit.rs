//! The audit log: writes a record inside the transaction that has the effect, gives records out, and
//! checks the chain.

mod chain;
mod reading;
#[cfg(test)]
mod tests;

pub(crate) use chain::verify_at_rest;
pub use chain::{AuditFlaw, AuditFlawKind, AuditVerification};
pub use reading::{AuditFilter, AuditOrder, AuditPage, AuditQuery};

use super::Sender;
use crate::records::{self, AuditAction, AuditFacet, AuditHead, AuditOutcome, AuditRecord};
use crate::storage::{StorageError, Table, Transaction};

/// Longer text of a client is cut, so that nobody fills the disk with words.
const TEXT_CHARS_MAX: usize = 1024;

/// What an effect has to tell. Members that are not known stay `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuditEntry {
    pub(super) action: AuditAction,
    pub(super) outcome: AuditOutcome,
    pub(super) bucket: Option<String>,
    /// The key of the state or object (never of its lockfile), or of a table's item.
    pub(super) key: Option<String>,
    pub(super) table: Option<String>,
    pub(super) lock_id: Option<String>,
    /// `Who` of the lock info.
    pub(super) who: Option<String>,
    pub(super) facet: Option<AuditFacet>,
    pub(super) serial_before: Option<u64>,
    pub(super) serial_after: Option<u64>,
    pub(super) lineage: Option<String>,
    /// The version id as clients see it.
    pub(super) version: Option<String>,
    /// Why, in words. Never a secret, a body or a query string.
    pub(super) reason: Option<String>,
}

impl AuditEntry {
    /// An entry about something that took effect.
    pub(super) fn new(action: AuditAction) -> Self {
        Self {
            action,
            outcome: AuditOutcome::Done,
            bucket: None,
            key: None,
            table: None,
            lock_id: None,
            who: None,
            facet: None,
            serial_before: None,
            serial_after: None,
            lineage: None,
            version: None,
            reason: None,
        }
    }

    /// The same about this bucket.
    #[must_use]
    pub(super) fn in_bucket(self, bucket: impl Into<String>) -> Self {
        Self { bucket: Some(bucket.into()), ..self }
    }

    /// The same about this table, or an item of it.
    #[must_use]
    pub(super) fn of_table(self, table: impl Into<String>) -> Self {
        Self { table: Some(table.into()), ..self }
    }

    /// The same about this state or object.
    #[must_use]
    pub(super) fn about(self, bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: Some(bucket.into()), key: Some(key.into()), ..self }
    }
}

/// Writes the record of an effect; call it in the transaction that has the effect.
///
/// Costs one small read and two small writes.
///
/// # Errors
/// [`StorageError::Corrupt`] if the log lost its head, or any engine failure.
pub(super) fn append(
    transaction: &mut dyn Transaction,
    sender: &Sender,
    entry: AuditEntry,
    now_micros: u64,
) -> Result<(), StorageError> {
    append_by(transaction, Some(sender), entry, now_micros)
}

/// As [`append`], for what the server does by itself.
///
/// # Errors
/// As [`append`].
pub(super) fn append_own(
    transaction: &mut dyn Transaction,
    entry: AuditEntry,
    now_micros: u64,
) -> Result<(), StorageError> {
    append_by(transaction, None, entry, now_micros)
}

/// As [`append`], for what a sender does or, without one, the server by itself.
///
/// # Errors
/// As [`append`].
pub(super) fn append_by(
    transaction: &mut dyn Transaction,
    sender: Option<&Sender>,
    entry: AuditEntry,
    now_micros: u64,
) -> Result<(), StorageError> {
    let head = head(transaction)?;
    let user_agent = sender.map(|sender| sender.user_agent.clone());
    let mut record = AuditRecord {
        number: head.number.saturating_add(1),
        at_micros: now_micros,
        protocol: sender.map(|sender| sender.protocol),
        principal: sender.map(|sender| sender.principal.clone()),
        peer: sender.map(|sender| sender.connection.peer),
        user_agent: user_agent.filter(|name| !name.is_empty()),
        who: bounded(entry.who),
        action: entry.action,
        bucket: bounded(entry.bucket),
        key: bounded(entry.key),
        table: bounded(entry.table),
        lock_id: bounded(entry.lock_id),
        facet: entry.facet,
        serial_before: entry.serial_before,
        serial_after: entry.serial_after,
        lineage: bounded(entry.lineage),
        version: bounded(entry.version),
        outcome: entry.outcome,
        reason: bounded(entry.reason),
        previous_hash: head.hash,
        hash: String::new(),
    };
    record.seal()?;
    records::store(transaction, &AuditRecord::key(record.number), &record)?;
    let head = AuditHead { number: record.number, hash: record.hash };
    records::store(transaction, &AuditHead::key(), &head)
}

/// The newest record's number and hash.
fn head(transaction: &mut dyn Transaction) -> Result<AuditHead, StorageError> {
    if let Some(head) = records::load(transaction, &AuditHead::key())? {
        return Ok(head);
    }
    // Numbering anew would overwrite what is there.
    let all = AuditRecord::all();
    if transaction.scan(Table::Records, all.as_slice(), Some(&all.end()), 1)?.is_empty() {
        Ok(AuditHead::default())
    } else {
        Err(StorageError::Corrupt("the audit log has records and no head".to_owned()))
    }
}

fn bounded(text: Option<String>) -> Option<String> {
    text.map(|text| {
        // No text has more characters than bytes.
        if text.len() <= TEXT_CHARS_MAX {
            text
        } else {
            text.chars().take(TEXT_CHARS_MAX).collect()
        }
    })
}
