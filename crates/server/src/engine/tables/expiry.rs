//! Time to live: items of tables that asked for it are removed some time after the second that they
//! name. Locks never are: no lock table can ask for it.

use super::items::{Span, remove_item, scan_items};
use super::keys::ItemKey;
use super::{TableError, open};
use crate::engine::Engine;
use crate::records::{self, AttributeValue, Item, TableRecord};
use crate::storage::Transaction;

/// Items looked at in one transaction.
const BATCH: usize = 64;
/// Tables whose names are read together.
const TABLES: usize = 100;
/// A time that lies further back is taken for a mistake, as the service does.
const AGE_SECONDS_MAX: i64 = 5 * 365 * 24 * 60 * 60;

impl Engine {
    /// Removes the items whose time is over. Answers how many.
    ///
    /// # Errors
    /// A failure; what was removed stays removed.
    pub async fn expire_items(&self) -> Result<u64, TableError> {
        let (mut expired, mut after) = (0_u64, None);
        loop {
            let page = self.tables(after, TABLES).await?;
            for name in &page.names {
                expired = expired.saturating_add(self.expire_items_of(name.clone()).await?);
            }
            after = page.names.last().cloned();
            if !page.more {
                return Ok(expired);
            }
        }
    }

    async fn expire_items_of(&self, name: String) -> Result<u64, TableError> {
        let asked = name.clone();
        let asks = self.read_tables(move |transaction| {
            // With nothing to do the sweep is no reason to write.
            let key = TableRecord::key(&asked);
            let record: Option<TableRecord> = records::load(transaction, &key)?;
            Ok(record.is_some_and(|record| record.expiry_attribute.is_some()))
        });
        if !asks.await? {
            return Ok(0);
        }
        let (mut expired, mut after) = (0_u64, None);
        loop {
            let (now_micros, name, from) = (self.clock.now_micros(), name.clone(), after.clone());
            let batch = self
                .write_tables(move |transaction| {
                    expire(transaction, &name, from.as_ref(), now_micros)
                })
                .await?;
            expired = expired.saturating_add(batch.expired);
            match batch.last {
                Some(last) => after = Some(last),
                None => return Ok(expired),
            }
        }
    }
}

/// What was done in one transaction.
struct Batch {
    expired: u64,
    /// The last key that was looked at, if there may be more.
    last: Option<ItemKey>,
}

fn expire(
    transaction: &mut dyn Transaction,
    name: &str,
    after: Option<&ItemKey>,
    now_micros: u64,
) -> Result<Batch, TableError> {
    let nothing = Batch { expired: 0, last: None };
    let table = match open(transaction, name) {
        Ok(table) => table,
        // It was deleted in the meantime.
        Err(TableError::NoSuchTable(_)) => return Ok(nothing),
        Err(error) => return Err(error),
    };
    let Some(attribute) = table.record.expiry_attribute.clone() else { return Ok(nothing) };
    if table.record.is_lock_table() {
        return Ok(nothing);
    }
    let items = scan_items(transaction, &table, Span { hash: None, after, now_micros }, BATCH)?;
    let now = i64::try_from(now_micros / 1_000_000).unwrap_or(i64::MAX);
    let mut batch = nothing;
    for item in &items {
        let key = ItemKey::of_item(&table.record.key, item)?;
        if is_over(item, &attribute, now) {
            remove_item(transaction, &table, &key)?;
            batch.expired = batch.expired.saturating_add(1);
        }
        batch.last = Some(key);
    }
    Ok(batch)
}

/// Whether the item names a second that has passed.
fn is_over(item: &Item, attribute: &str, now: i64) -> bool {
    let Some(AttributeValue::N(number)) = item.get(attribute) else { return false };
    number
        .whole()
        .is_some_and(|second| second < now && second > now.saturating_sub(AGE_SECONDS_MAX))
}
