//! Checks that no audit record was removed, changed, moved or added behind the server's back.

use super::head;
use crate::engine::{Engine, EngineError};
use crate::records::{self, AuditHead, AuditRecord};
use crate::storage::{Row, StorageError, Table, Transaction};

/// Records checked on one snapshot.
const BATCH: u16 = 1000;

/// What a check of the whole log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditVerification {
    /// The newest record when the check ended, as the log says.
    pub head: AuditHead,
    /// The first record that is not as it was written.
    pub flaw: Option<AuditFlaw>,
}

/// The first record of the log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFlaw {
    /// Its number.
    pub number: u64,
    /// What is wrong with it.
    pub kind: AuditFlawKind,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFlawKind {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// Its bytes are damaged, or no record.
    #[error("it cannot be read")]
    Unreadable,
    /// It says that it is another one.
    #[error("another record stands in its place")]
    Moved,
    /// Its hash does not follow from its content.
    #[error("its content was changed")]
    Changed,
    /// It does not carry the hash of the one before it.
    #[error("it does not follow the record before it")]
    Unlinked,
    /// It has a higher number than the newest record.
    #[error("it comes after the newest record that the log knows")]
    BeyondHead,
    /// The log remembers another hash for it, the newest.
    #[error("it is not the newest record that the log knows")]
    NotTheHead,
    /// The log does not remember its newest record at all.
    #[error("the log has lost its head")]
    HeadMissing,
}

impl Engine {
    /// Checks the whole audit log, in bounded steps, while requests go on.
    ///
    /// # Errors
    /// A storage failure. A flaw is an answer, not an error.
    pub async fn verify_audit(&self) -> Result<AuditVerification, EngineError> {
        let mut last = AuditHead::default();
        loop {
            let before = last.clone();
            match self.observe(move |transaction| Ok(step(transaction, before.clone())?)).await? {
                Step::Further(verified) => last = verified,
                Step::Done(verification) => return Ok(verification),
            }
        }
    }
}

/// Checks the whole log of a database that nobody writes to.
pub(crate) fn verify_at_rest(
    transaction: &mut dyn Transaction,
) -> Result<AuditVerification, StorageError> {
    let mut last = AuditHead::default();
    loop {
        match step(transaction, last)? {
            Step::Further(verified) => last = verified,
            Step::Done(verification) => return Ok(verification),
        }
    }
}

enum Step {
    /// The log is as it was written up to here.
    Further(AuditHead),
    Done(AuditVerification),
}

/// Checks the records that follow `last`.
fn step(transaction: &mut dyn Transaction, mut last: AuditHead) -> Result<Step, StorageError> {
    let Some(head) = stored_head(transaction)? else {
        let head = AuditHead::default();
        let flaw = AuditFlaw { number: last.number + 1, kind: AuditFlawKind::HeadMissing };
        return Ok(Step::Done(AuditVerification { head, flaw: Some(flaw) }));
    };
    let found = |number, kind| {
        let flaw = Some(AuditFlaw { number, kind });
        Ok(Step::Done(AuditVerification { head: head.clone(), flaw }))
    };
    let (rows, stopped_by) = rows_after(transaction, last.number)?;
    let is_last = rows.len() < usize::from(BATCH);
    for row in &rows {
        match judge(row, &last, &head)? {
            Ok(record) => last = record,
            Err(kind) => return found(last.number + 1, kind),
        }
    }
    if let Some(kind) = stopped_by {
        return found(last.number + 1, kind);
    }
    if !is_last {
        return Ok(Step::Further(last));
    }
    if last.number < head.number {
        return found(last.number + 1, AuditFlawKind::Missing);
    }
    if last != head {
        return found(last.number, AuditFlawKind::NotTheHead);
    }
    Ok(Step::Done(AuditVerification { head, flaw: None }))
}

/// `None` if there are records and no head.
fn stored_head(transaction: &mut dyn Transaction) -> Result<Option<AuditHead>, StorageError> {
    match head(transaction) {
        Ok(head) => Ok(Some(head)),
        Err(StorageError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The rows after `number`, and what is wrong with the one after them if they are so few because of it.
fn rows_after(
    transaction: &mut dyn Transaction,
    number: u64,
) -> Result<(Vec<Row>, Option<AuditFlawKind>), StorageError> {
    let (from, end) = (AuditRecord::key(number.saturating_add(1)), AuditRecord::all().end());
    match transaction.scan(Table::Records, from.as_slice(), Some(&end), usize::from(BATCH)) {
        Ok(rows) => Ok((rows, None)),
        Err(StorageError::Corrupt(_)) => rows_one_by_one(transaction, number),
        Err(error) => Err(error),
    }
}

/// As [`rows_after`], where a damaged row keeps them from being read together.
fn rows_one_by_one(
    transaction: &mut dyn Transaction,
    number: u64,
) -> Result<(Vec<Row>, Option<AuditFlawKind>), StorageError> {
    let mut rows = Vec::new();
    for number in number + 1..=number + u64::from(BATCH) {
        let key = AuditRecord::key(number);
        match transaction.get(Table::Records, key.as_slice()) {
            Ok(Some(bytes)) => rows.push((key.as_slice().to_vec(), bytes)),
            Ok(None) => return Ok((rows, Some(AuditFlawKind::Missing))),
            Err(StorageError::Corrupt(_)) => return Ok((rows, Some(AuditFlawKind::Unreadable))),
            Err(error) => return Err(error),
        }
    }
    Ok((rows, None))
}

/// The head of a log that ends with this row, or what is wrong with it.
fn judge(
    (row, bytes): &Row,
    last: &AuditHead,
    head: &AuditHead,
) -> Result<Result<AuditHead, AuditFlawKind>, StorageError> {
    let number = AuditRecord::number_of_row(row)?;
    let expected = last.number + 1;
    if expected > head.number {
        return Ok(Err(AuditFlawKind::BeyondHead));
    }
    if number != expected {
        return Ok(Err(AuditFlawKind::Missing));
    }
    let Ok(record) = records::decode::<AuditRecord>(row, bytes) else {
        return Ok(Err(AuditFlawKind::Unreadable));
    };
    let is_whole = records::stored_hash(bytes).is_ok_and(|hash| hash == record.hash);
    Ok(if record.number != number {
        Err(AuditFlawKind::Moved)
    } else if !is_whole {
        Err(AuditFlawKind::Changed)
    } else if record.previous_hash != last.hash {
        Err(AuditFlawKind::Unlinked)
    } else {
        Ok(AuditHead { number, hash: record.hash })
    })
}
