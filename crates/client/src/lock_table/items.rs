//! What a lock table holds, page by page.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::lock::steps::{LockMark, StoredLock};
use statelock_protocol::state::LockTableKey;

use super::LockTable;
use crate::error::StoreError;
use crate::transport::asked_pages::{AskedPages, of_key};
use crate::transport::repeated;

/// The end of the key of a digest.
const DIGEST_SUFFIX: &str = "-md5";

type Item = HashMap<String, AttributeValue>;

/// An item of a lock table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockTableItem {
    /// A lock, readable or not: whatever the item holds, clients only ask whether there is one.
    Lock {
        /// Its key, which names the state.
        key: LockTableKey,
        /// The lock.
        lock: StoredLock,
    },
    /// The digest of a state.
    Digest {
        /// Its key, which names the state.
        key: LockTableKey,
        /// The digest as it is written, whether it is one or not.
        text: String,
    },
    /// An item whose key is no text, or names no state.
    Strange {
        /// Its key, as far as it is a text.
        key: Option<String>,
    },
}

/// The items of a table, page by page.
#[derive(Debug)]
pub struct LockTableItems<'a> {
    table: &'a LockTable,
    next: Next,
    asked: AskedPages<String>,
}

#[derive(Debug)]
enum Next {
    /// From the beginning, or after this key.
    From(Option<Item>),
    End,
}

impl LockTable {
    /// Everything that is in it, in no order. Nothing is sent before a page is asked for.
    pub fn items(&self) -> LockTableItems<'_> {
        LockTableItems { table: self, next: Next::From(None), asked: AskedPages::default() }
    }
}

impl LockTableItems<'_> {
    /// The next items; `None` after the last page. Changes nothing.
    ///
    /// It is no snapshot: what changes meanwhile may be shown as it was, or as it is.
    ///
    /// # Errors
    /// The table refuses or does not answer; it needs the permission `dynamodb:Scan`.
    pub async fn next_page(&mut self) -> Result<Option<Vec<LockTableItem>>, StoreError> {
        let Next::From(start) = &self.next else { return Ok(None) };
        let tables = self.table.connection().tables();
        let page = repeated("Scan", || {
            let call = tables.scan().table_name(self.table.name().as_str());
            call.projection_expression("LockID, Info, Digest")
                .consistent_read(true)
                .set_exclusive_start_key(start.clone())
                .send()
        });
        let output = page.await.map_err(|error| *error)?;
        // An empty key means the same as none.
        let last = output.last_evaluated_key.filter(|key| !key.is_empty());
        if let Some(last) = &last {
            self.asked.goes_on(("DynamoDB", "Scan"), of_key(last))?;
        }
        self.next = last.map_or(Next::End, |key| Next::From(Some(key)));
        Ok(Some(output.items.unwrap_or_default().iter().map(read).collect()))
    }
}

fn read(item: &Item) -> LockTableItem {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let Some(key) = text("LockID") else { return LockTableItem::Strange { key: None } };
    let is_digest = !item.contains_key("Info") && item.contains_key("Digest");
    let key = LockTableKey::new(key);
    let names_a_state = |state: Option<_>| state.is_some();
    if is_digest && key.as_str().ends_with(DIGEST_SUFFIX) && names_a_state(key.digested_state()) {
        let text = text("Digest").unwrap_or_default();
        return LockTableItem::Digest { key, text };
    }
    if !names_a_state(key.locked_state()) {
        return LockTableItem::Strange { key: Some(key.as_str().to_owned()) };
    }
    let info = text("Info");
    let bytes = info.clone().unwrap_or_default().into_bytes();
    LockTableItem::Lock { key, lock: StoredLock { bytes, mark: LockMark::Info(info) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        attributes.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
    }

    #[test]
    fn only_an_item_with_a_digest_under_the_key_of_one_is_a_digest() {
        let digest = item(&[("LockID", "b/a-md5"), ("Digest", "d41d8cd98f00b204e9800998ecf8427e")]);
        assert_eq!(
            read(&digest),
            LockTableItem::Digest {
                key: LockTableKey::new("b/a-md5"),
                text: "d41d8cd98f00b204e9800998ecf8427e".to_owned()
            }
        );
        for lock in [
            item(&[("LockID", "b/a"), ("Info", "{}")]),
            item(&[("LockID", "b/a-md5"), ("Info", "{}")]),
            item(&[("LockID", "b/a-md5"), ("Info", "{}"), ("Digest", "x")]),
            item(&[("LockID", "b/a"), ("Digest", "not where digests are")]),
            item(&[("LockID", "b/a")]),
        ] {
            assert!(matches!(read(&lock), LockTableItem::Lock { .. }), "{lock:?}");
        }
    }

    #[test]
    fn what_names_no_state_is_strange_and_not_lost() {
        let odd = |key: &str| LockTableItem::Strange { key: Some(key.to_owned()) };
        assert_eq!(read(&item(&[("LockID", "no bucket")])), odd("no bucket"));
        assert_eq!(read(&item(&[("LockID", "b/"), ("Info", "{}")])), odd("b/"));
        assert_eq!(read(&item(&[("Info", "{}")])), LockTableItem::Strange { key: None });
    }
}
