//! Asks the server for audit records, page by page.

use serde::{Deserialize, Serialize};

use super::Record;
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

    /// At most `limit` records from the end of the log.
    pub(super) fn newest(&self, limit: u32) -> Result<Newest, AdminClientError> {
        let page = self.page("newest", None, limit)?;
        let (head, mut records, mut next) = (page.head, page.records, page.next);
        loop {
            // Both are at most 100 000.
            let left = limit.saturating_sub(u32::try_from(records.len()).unwrap_or(limit));
            if left == 0 || next.is_none() {
                break;
            }
            let page = self.page("newest", next, left)?;
            records.extend(page.records);
            next = page.next;
        }
        records.reverse();
        Ok(Newest { records, truncated: next.is_some(), head })
    }

    /// All records after number `seen`, and the number up to which they were looked for.
    pub(super) fn after(&self, seen: u64) -> Result<(Vec<Record>, u64), AdminClientError> {
        let (mut records, mut from) = (Vec::new(), seen.saturating_add(1));
        loop {
            let page = self.page("oldest", Some(from), PAGE_MAX)?;
            records.extend(page.records);
            match page.next {
                Some(next) => from = next,
                // A server that was restored from a backup has fewer records than were seen.
                None => return Ok((records, page.head.number)),
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
