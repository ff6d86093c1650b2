//! Gives audit records out, page by page.

use super::{TEXT_CHARS_MAX, head};
use crate::engine::{Engine, EngineError};
use crate::records::{self, AuditHead, AuditRecord};
use crate::storage::{StorageError, Table, Transaction};

/// Records read together.
const BATCH: u64 = 256;
/// How many records one page looks at: a filter that lets few pass must not hold a snapshot for long.
const LOOKED_AT_MAX: u64 = 10_000;

/// In which order records are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditOrder {
    /// By number, upwards.
    #[default]
    OldestFirst,
    /// By number, downwards.
    NewestFirst,
}

/// Which records are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// The first number to look at; `None` begins at the end that the order begins with.
    pub from: Option<u64>,
    /// How many records at most.
    pub limit: usize,
    /// In which order.
    pub order: AuditOrder,
    /// Only records that pass this.
    pub filter: AuditFilter,
}

/// What a record must match; a member that is absent matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The bucket.
    pub bucket: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The lock ID.
    pub lock_id: Option<String>,
    /// The earliest time, in microseconds since the Unix epoch.
    pub since_micros: Option<u64>,
}

/// Some records of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The records that passed, in the order that was asked for. There may be fewer than the limit, and
    /// even none, while `next` says that there is more to look at.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; `None` at the end of the log.
    pub next: Option<u64>,
    /// The newest record, on the same snapshot.
    pub head: AuditHead,
}

impl Engine {
    /// A page of the audit log, on one snapshot.
    ///
    /// # Errors
    /// A storage failure. A missing record is skipped; [`Engine::verify_audit`] is what reports it.
    pub async fn audit_page(&self, query: AuditQuery) -> Result<AuditPage, EngineError> {
        self.observe(move |transaction| Ok(page(transaction, &query)?)).await
    }
}

fn page(transaction: &mut dyn Transaction, query: &AuditQuery) -> Result<AuditPage, StorageError> {
    let head = head(transaction)?;
    let mut records = Vec::new();
    let mut next = first_number(query, head.number);
    let mut looked_at = 0;
    while let Some(from) = next
        && looked_at < LOOKED_AT_MAX
        && records.len() < query.limit
    {
        let batch = match query.order {
            AuditOrder::OldestFirst => {
                (from, from.saturating_add(BATCH).min(head.number.saturating_add(1)))
            }
            AuditOrder::NewestFirst => {
                (from.saturating_sub(BATCH - 1).max(1), from.saturating_add(1))
            }
        };
        looked_at += batch.1 - batch.0;
        next = take(transaction, query, batch, &mut records)?
            .filter(|next| (1..=head.number).contains(next));
    }
    Ok(AuditPage { records, next, head })
}

/// Where to begin, if there is anything.
fn first_number(query: &AuditQuery, newest: u64) -> Option<u64> {
    let first = match query.order {
        AuditOrder::OldestFirst => query.from.unwrap_or(1).max(1),
        AuditOrder::NewestFirst => query.from.unwrap_or(newest).min(newest),
    };
    (1..=newest).contains(&first).then_some(first)
}

/// Takes what passes among the numbers from `from` up to, and not including, `to`. Returns the number
/// to go on with.
fn take(
    transaction: &mut dyn Transaction,
    query: &AuditQuery,
    (from, to): (u64, u64),
    records: &mut Vec<AuditRecord>,
) -> Result<Option<u64>, StorageError> {
    let (first, end) = (AuditRecord::key(from), AuditRecord::key(to));
    let mut rows =
        transaction.scan(Table::Records, first.as_slice(), Some(end.as_slice()), usize::MAX)?;
    if query.order == AuditOrder::NewestFirst {
        rows.reverse();
    }
    for (row, bytes) in rows {
        let record: AuditRecord = records::decode(&row, &bytes)?;
        if query.filter.passes(&record) {
            records.push(record);
            if records.len() >= query.limit {
                return Ok(after(query.order, AuditRecord::number_of_row(&row)?));
            }
        }
    }
    Ok(match query.order {
        AuditOrder::OldestFirst => Some(to),
        AuditOrder::NewestFirst => from.checked_sub(1),
    })
}

fn after(order: AuditOrder, number: u64) -> Option<u64> {
    match order {
        AuditOrder::OldestFirst => number.checked_add(1),
        AuditOrder::NewestFirst => number.checked_sub(1),
    }
}

impl AuditFilter {
    fn passes(&self, record: &AuditRecord) -> bool {
        is_or_any(self.bucket.as_deref(), record.bucket.as_deref())
            && is_or_any(self.key.as_deref(), record.key.as_deref())
            && is_or_any(self.lock_id.as_deref(), record.lock_id.as_deref())
            && self.since_micros.is_none_or(|since| record.at_micros >= since)
    }
}

/// Longer text was cut when it was recorded.
fn is_or_any(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| {
        found.is_some_and(|found| found.chars().eq(wanted.chars().take(TEXT_CHARS_MAX)))
    })
}
