//! The locks of a lock table.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::lock::steps::{LockMark, StoredLock};
use statelock_protocol::state::LockTableKey;
use statelock_protocol::store::{BucketName, TableName};

use super::query::ListingScope;
use crate::connection::Connection;
use crate::error::StoreError;
use crate::transport::asked_pages::{AskedPages, of_key};
use crate::transport::repeated;

/// The end of the key of a digest.
const DIGEST_SUFFIX: &str = "-md5";

type Item = HashMap<String, AttributeValue>;

/// What a scan of a lock table showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSummary {
    /// Locks on states that the listing is about.
    pub locks: u64,
    /// Locks on states of this bucket that it is not about.
    pub locks_outside: u64,
    /// Locks on states of other buckets.
    pub locks_of_other_buckets: u64,
    /// Items whose key names no state.
    pub strange_items: u64,
    /// Digests of states. They are no locks.
    pub digests: u64,
}

/// Reads the whole table, and keeps the locks that the listing is about, by their state's object key.
pub(super) async fn scan(
    connection: &Connection,
    table: &TableName,
    (bucket, scope): (&BucketName, &ListingScope),
) -> Result<(BTreeMap<String, StoredLock>, TableSummary), StoreError> {
    let (mut locks, mut summary) = (BTreeMap::new(), TableSummary::default());
    let (mut start, mut asked) = (None, AskedPages::default());
    loop {
        let page = repeated("Scan", || {
            let call = connection.tables().scan().table_name(table.as_str());
            call.projection_expression("LockID, Info, Digest")
                .consistent_read(true)
                .set_exclusive_start_key(start.clone())
                .send()
        });
        let output = page.await.map_err(|error| *error)?;
        for item in output.items.unwrap_or_default() {
            sort(&item, (bucket, scope), &mut locks, &mut summary);
        }
        // An empty key means the same as none.
        start = output.last_evaluated_key.filter(|key| !key.is_empty());
        let Some(last) = &start else { return Ok((locks, summary)) };
        asked.goes_on(("DynamoDB", "Scan"), of_key(last))?;
    }
}

/// Puts an item where it belongs.
fn sort(
    item: &Item,
    (bucket, scope): (&BucketName, &ListingScope),
    locks: &mut BTreeMap<String, StoredLock>,
    summary: &mut TableSummary,
) {
    let Some(Ok(key)) = item.get("LockID").map(AttributeValue::as_s) else {
        summary.strange_items += 1;
        return;
    };
    if !item.contains_key("Info") && item.contains_key("Digest") && key.ends_with(DIGEST_SUFFIX) {
        summary.digests += 1;
        return;
    }
    match LockTableKey::new(key.as_str()).locked_state() {
        None => summary.strange_items += 1,
        Some((other, _)) if other != *bucket => summary.locks_of_other_buckets += 1,
        Some((_, state)) if scope.contains(state.as_str()) => {
            summary.locks += 1;
            locks.insert(state.as_str().to_owned(), stored(item));
        }
        Some(_) => summary.locks_outside += 1,
    }
}

/// Reads one item.
pub(super) async fn item(
    connection: &Connection,
    table: &TableName,
    key: &LockTableKey,
) -> Result<Option<StoredLock>, StoreError> {
    let found = repeated("GetItem", || {
        let call = connection.tables().get_item().table_name(table.as_str());
        call.key("LockID", AttributeValue::S(key.as_str().to_owned()))
            .projection_expression("LockID, Info")
            .consistent_read(true)
            .send()
    });
    let output = found.await.map_err(|error| *error)?;
    Ok(output.item.map(|item| stored(&item)))
}

/// Whatever the item holds, it keeps the state locked: clients only ask whether there is one.
fn stored(item: &Item) -> StoredLock {
    let info = item.get("Info").and_then(|value| value.as_s().ok()).cloned();
    let bytes = info.clone().unwrap_or_default().into_bytes();
    StoredLock { bytes, mark: LockMark::Info(info) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        attributes.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
    }

    fn sorted(items: &[Item]) -> (Vec<String>, TableSummary) {
        let (bucket, scope) = (BucketName::new("b"), ListingScope::Prefix("a".into()));
        let (mut locks, mut summary) = (BTreeMap::new(), TableSummary::default());
        for item in items {
            sort(item, (&bucket, &scope), &mut locks, &mut summary);
        }
        (locks.into_keys().collect(), summary)
    }

    #[test]
    fn digests_are_no_locks_and_everything_else_is() {
        let (locks, summary) = sorted(&[
            item(&[("LockID", "b/a"), ("Info", "{}")]),
            item(&[("LockID", "b/a-md5"), ("Digest", "d41d8cd98f00b204e9800998ecf8427e")]),
            item(&[("LockID", "b/a1-md5"), ("Info", "{}")]),
            item(&[("LockID", "b/a2")]),
            item(&[("LockID", "b/a3"), ("Digest", "not where digests are")]),
        ]);
        assert_eq!(locks, ["a", "a1-md5", "a2", "a3"]);
        assert_eq!((summary.locks, summary.digests), (4, 1));
    }

    #[test]
    fn what_is_not_asked_about_is_counted() {
        let (locks, summary) = sorted(&[
            item(&[("LockID", "other/a"), ("Info", "{}")]),
            item(&[("LockID", "b/z"), ("Info", "{}")]),
            item(&[("LockID", "no bucket"), ("Info", "{}")]),
            item(&[("Info", "{}")]),
        ]);
        assert!(locks.is_empty());
        assert_eq!((summary.locks_of_other_buckets, summary.locks_outside), (1, 1));
        assert_eq!(summary.strange_items, 2);
    }

    #[test]
    fn an_item_without_a_text_is_a_lock_that_cannot_be_read() {
        let mut odd = item(&[("LockID", "b/a")]);
        odd.insert("Info".into(), AttributeValue::N("7".into()));
        assert_eq!(stored(&odd), StoredLock { bytes: Vec::new(), mark: LockMark::Info(None) });
    }
}
