//! What writes of items of a lock table leave in the audit log. (Locks leave their own records: see
//! [`super::lock_writes`].)
//!
//! A digest that somebody writes or removes is evidence, whether it agrees with the state or not: it leaves
//! one record, about its state. Any other item leaves one if it changes. Items of other tables leave none:
//! they have nothing to do with locks, and the log keeps what it has for good.

use statelock_protocol::state::Digest;

use super::OpenTable;
use super::keys::ItemKey;
use super::lock_items::{DIGEST, digested_state, is_here, text};
use crate::engine::Sender;
use crate::engine::audit::{self, AuditEntry};
use crate::engine::guard::state_digest;
use crate::records::{AuditAction, AuditOutcome, Item};
use crate::storage::{StorageError, Transaction};

/// As much of what a client says as a digest has, twice.
const SAID_CHARS_MAX: usize = 64;

/// A change of an item.
pub(super) struct ItemChange<'a> {
    pub(super) table: &'a OpenTable,
    pub(super) key: &'a ItemKey,
    pub(super) before: Option<&'a Item>,
    pub(super) after: Option<&'a Item>,
}

/// Records that a client wrote or removed an item.
pub(super) fn note(
    transaction: &mut dyn Transaction,
    change: &ItemChange<'_>,
    sender: &Sender,
    now_micros: u64,
) -> Result<(), StorageError> {
    if !change.table.record.is_lock_table() {
        return Ok(());
    }
    match entry(transaction, change)? {
        Some(entry) => audit::append(transaction, sender, entry, now_micros),
        None => Ok(()),
    }
}

fn entry(
    transaction: &mut dyn Transaction,
    change: &ItemChange<'_>,
) -> Result<Option<AuditEntry>, StorageError> {
    let said = |item: Option<&Item>| item.and_then(|item| text(item, DIGEST)).map(shortened);
    let state =
        digested_state(change.key).filter(|_| said(change.after.or(change.before)).is_some());
    let Some(state) = state else {
        let action = match (change.before, change.after) {
            (before, after) if before == after => return Ok(None),
            (_, Some(_)) => AuditAction::ItemWritten,
            (_, None) => AuditAction::ItemDeleted,
        };
        return Ok(Some(about(change, action)));
    };
    let is_here = is_here(transaction, &state)?;
    // What is shown for a state that is here is computed from it.
    let outcome = if is_here { AuditOutcome::Unchanged } else { AuditOutcome::Done };
    let (action, outcome, reason) = match said(change.after) {
        None => {
            let removed = said(change.before).unwrap_or_default();
            (AuditAction::ItemDeleted, outcome, format!("digest {removed}"))
        }
        Some(said) if is_here => {
            let stored = state_digest(transaction, &state.bucket, &state.key)?;
            if stored.is_some() && stored == Digest::parse(&said).ok() {
                (AuditAction::ItemWritten, outcome, format!("digest {said}"))
            } else {
                let stored = stored.map_or_else(|| "no state".to_owned(), |it| it.to_string());
                tracing::warn!(%state, %stored, %said, "a client wrote a digest that is not the stored state's");
                let reason = format!("written {said}, stored {stored}");
                (AuditAction::DigestDisagreed, AuditOutcome::Done, reason)
            }
        }
        Some(said) => (AuditAction::ItemWritten, outcome, format!("digest {said}")),
    };
    Ok(Some(AuditEntry { outcome, reason: Some(reason), ..about(change, action) }))
}

/// An entry about the item, or about the state whose digest it would be.
fn about(change: &ItemChange<'_>, action: AuditAction) -> AuditEntry {
    let entry = AuditEntry::new(action).of_table(&*change.table.name);
    match digested_state(change.key) {
        Some(state) => entry.about(state.bucket, state.key),
        None => AuditEntry { key: change.key.hash.sort_text(), ..entry },
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(SAID_CHARS_MAX).collect()
}
