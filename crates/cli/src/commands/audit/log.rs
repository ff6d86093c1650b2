//! Asks the server for audit records, page by page.

use serde::{Deserialize, Serialize};

use super::{AuditError, Record};
use crate::admin_client::{AdminClient, AdminClientError, REQUEST_TIMEOUT};

/// The most that the server puts on one page.
const PAGE_MAX: u32 = 1000;

/// The log of a server, as far as a filter lets it through.
pub(super) struct Log<'a> {
    client: &'a AdminClient,
    filter: Vec<(&'static str, String)>,
}

/// The newest record's number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) number: u64,
    pub(super) hash: String,
}

/// The newest records that match, oldest first.
pub(super) struct Newest {
    pub(super) records: Vec<Record>,
    /// Whether there may be older ones that match.
    pub(super) truncated: bool,
    /// The newest record of the log, matching or not, when the reading began.
    pub(super) head: Head,
}

#[derive(Deserialize)]
struct Page {
    records: Vec<Record>,
    next: Option<u64>,
    head: Head,
}

impl<'a> Log<'a> {
    pub(super) fn new(client: &'a AdminClient, filter: Vec<(&'static str, String)>) -> Self {
        Self { client, filter }
    }

    /// At most `limit` records from the end of the log, as far as they come after number `after`.
    pub(super) fn newest(
        &self,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Newest, AdminClientError> {
        let page = self.page("newest", None, limit)?;
        let later = |next: Option<u64>| next.filter(|next| after.is_none_or(|after| *next > after));
        let (head, mut records, mut next) = (page.head, page.records, later(page.next));
        loop {
            // Both are at most 100 000.
            let left = limit.saturating_sub(u32::try_from(records.len()).unwrap_or(limit));
            if left == 0 || next.is_none() {
                break;
            }
            let page = self.page("newest", next, left)?;
            records.extend(page.records);
            next = later(page.next);
        }
        records.retain(|record| after.is_none_or(|after| number(record) > Some(after)));
        records.reverse();
        Ok(Newest { records, truncated: next.is_some(), head })
    }

    /// Gives `show` all records after number `seen`, oldest first, a page at a time. Returns the newest
    /// record of the log up to which they were looked for.
    pub(super) fn after(
        &self,
        seen: u64,
        mut show: impl FnMut(&[Record]) -> Result<(), AuditError>,
    ) -> Result<Head, AuditError> {
        let mut from = seen.saturating_add(1);
        loop {
            let page = self.page("oldest", Some(from), PAGE_MAX)?;
            show(&page.records)?;
            match page.next {
                Some(next) => from = next,
                // A server that was restored from a backup has fewer records than were seen.
                None => return Ok(page.head),
            }
        }
    }

    fn page(&self, order: &str, from: Option<u64>, limit: u32) -> Result<Page, AdminClientError> {
        let mut query = self.filter.clone();
        query.push(("order", order.to_owned()));
        query.push(("limit", limit.min(PAGE_MAX).to_string()));
        if let Some(from) = from {
            query.push(("from", from.to_string()));
        }
        self.client.get("audit", &query, REQUEST_TIMEOUT)
    }
}

fn number(record: &Record) -> Option<u64> {
    record.get("number").and_then(serde_json::Value::as_u64)
}
