//! Visits version rows in key order, from wherever a page begins, past what need not be looked at.

use super::listing::ListingRequest;
use super::rows::{by_id, newest};
use crate::records::{self, RowKey, RowKeyParts, VersionId, VersionRecord};
use crate::storage::{StorageError, Table, Transaction};

/// Rows read together.
const BATCH: usize = 256;

/// What the walk does next.
pub(super) enum Step {
    Next,
    /// Skip every key that starts with this.
    Skip(String),
    Stop,
}

/// A walk over a page's rows.
pub(super) struct Walk<'a> {
    pub(super) request: &'a ListingRequest,
    /// Begin within the marker's key, after this version.
    pub(super) after_version: Option<VersionId>,
    /// Visit only the newest version of each key.
    pub(super) newest_only: bool,
}

/// Where the walk is.
struct Position {
    from: Vec<u8>,
    /// The key whose newest version lies behind.
    key: Option<String>,
    skip: Option<String>,
}

impl Walk<'_> {
    /// Calls `visit` with key, version, whether it is the key's newest, and the common prefix that
    /// the key falls under.
    pub(super) fn run(
        &self,
        transaction: &mut dyn Transaction,
        mut visit: impl FnMut(&str, VersionRecord, bool, Option<String>) -> Step,
    ) -> Result<(), StorageError> {
        let ListingRequest { bucket, prefix, delimiter, limit, .. } = self.request;
        if *limit == 0 {
            return Ok(());
        }
        let all = VersionRecord::keys_with_prefix(bucket, prefix);
        let end = all.end();
        let mut at = self.start(transaction, &all)?;
        loop {
            let rows = transaction.scan(Table::Records, &at.from, Some(&end), BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            for (row, bytes) in &rows {
                let mut parts = RowKeyParts::new(row);
                let (_, key) = (parts.text()?, parts.text()?);
                let is_newest = at.key.as_ref() != Some(&key);
                let skipped = at.skip.as_ref().is_some_and(|skip| key.starts_with(skip.as_str()));
                if !skipped && (is_newest || !self.newest_only) {
                    let common = common_prefix(&key, prefix, delimiter);
                    match visit(&key, records::decode(row, bytes)?, is_newest, common) {
                        Step::Stop => return Ok(()),
                        Step::Skip(prefix) => at.skip = Some(prefix),
                        Step::Next => {}
                    }
                }
                at.key = Some(key);
            }
            at.from = self.after(last, &at);
        }
    }

    /// Where to read on after a batch that ended with the row `last`.
    fn after(&self, last: &[u8], at: &Position) -> Vec<u8> {
        let bucket = &self.request.bucket;
        match (&at.key, &at.skip) {
            (Some(key), Some(skip)) if key.starts_with(skip.as_str()) => {
                VersionRecord::keys_with_prefix(bucket, skip).end()
            }
            // A key may have more old versions than fit into many batches.
            (Some(key), _) if self.newest_only => VersionRecord::versions_of(bucket, key).end(),
            (_, _) => [last, &[0]].concat(),
        }
    }

    fn start(
        &self,
        transaction: &mut dyn Transaction,
        all: &RowKey,
    ) -> Result<Position, StorageError> {
        let ListingRequest { bucket, prefix, delimiter, .. } = self.request;
        let first = all.as_slice().to_vec();
        let Some(marker) = &self.request.after else {
            return Ok(Position { from: first, key: None, skip: None });
        };
        let from = if let Some(common) = common_prefix(marker, prefix, delimiter) {
            VersionRecord::keys_with_prefix(bucket, &common).end()
        } else {
            self.after_marker(transaction, marker)?
        };
        // The versions before the marker may be gone since the page before; then the next one is
        // the newest now.
        let newest = newest(transaction, bucket, marker)?;
        let behind = newest.is_some_and(|newest| {
            VersionRecord::row(bucket, marker, newest.sequence).as_slice() < from.as_slice()
        });
        let key = behind.then(|| marker.clone());
        Ok(Position { from: from.max(first), key, skip: None })
    }

    /// The first row after the marker. A version id says where it stood even if its version was
    /// deleted since the page before; `null` does not, and then its key begins again.
    fn after_marker(
        &self,
        transaction: &mut dyn Transaction,
        marker: &str,
    ) -> Result<Vec<u8>, StorageError> {
        let bucket = &self.request.bucket;
        let sequence = match self.after_version {
            None => return Ok(VersionRecord::versions_of(bucket, marker).end()),
            Some(VersionId::Id { sequence, .. }) => Some(sequence),
            Some(VersionId::Null) => {
                by_id(transaction, bucket, marker, VersionId::Null)?.map(|version| version.sequence)
            }
        };
        Ok(match sequence {
            Some(sequence) => {
                [VersionRecord::row(bucket, marker, sequence).as_slice(), &[0]].concat()
            }
            None => VersionRecord::versions_of(bucket, marker).as_slice().to_vec(),
        })
    }
}

/// The common prefix that `key` falls under, if any.
pub(super) fn common_prefix(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    let rest = key.strip_prefix(prefix)?;
    let (head, _) = rest.split_once(delimiter)?;
    Some([prefix, head, delimiter].concat())
}
