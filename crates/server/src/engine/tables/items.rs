//! The one way to items: every operation loads, stores, removes and lists them here.
//!
//! An item is a row, except in a lock table: see [`super::lock_items`].

use super::keys::{ItemKey, partition};
use super::{OpenTable, TableError, lock_items};
use crate::engine::rows::remove_rows;
use crate::records::{self, AttributeValue, Item, items_of};
use crate::storage::{StorageError, Table, Transaction};

/// An item, if it exists.
pub(super) fn load_item(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
    now_micros: u64,
) -> Result<Option<Item>, StorageError> {
    if table.record.is_lock_table() {
        return lock_items::shown(transaction, table, key, now_micros);
    }
    records::load(transaction, &key.row(&table.name))
}

/// Writes a whole item.
pub(super) fn store_item(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
    item: &Item,
) -> Result<(), StorageError> {
    records::store(transaction, &key.row(&table.name), item)
}

/// Removes an item.
pub(super) fn remove_item(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
) -> Result<(), StorageError> {
    records::remove(transaction, &key.row(&table.name))
}

/// Which items of a table to list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    /// Only those with this partition key.
    pub(super) hash: Option<&'a AttributeValue>,
    /// Only those behind this key.
    pub(super) after: Option<&'a ItemKey>,
    /// The moment for which locks are looked at.
    pub(super) now_micros: u64,
}

/// At most `limit` items in the order of their keys; none only where there are no more.
pub(super) fn scan_items(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    span: Span<'_>,
    limit: usize,
) -> Result<Vec<Item>, TableError> {
    if !table.record.is_lock_table() {
        let rows = scan_rows(transaction, table, span, limit)?;
        return Ok(rows.into_iter().map(|(_, row)| row).collect());
    }
    if let Some(hash) = span.hash {
        let key = ItemKey { hash: hash.clone(), range: None };
        let is_behind = span.after.is_none();
        let item = load_item(transaction, table, &key, span.now_micros)?;
        return Ok(item.filter(|_| is_behind).into_iter().collect());
    }
    let mut after = span.after.cloned();
    loop {
        let rows = scan_rows(transaction, table, Span { after: after.as_ref(), ..span }, limit)?;
        let is_last = rows.len() < limit;
        // Locks behind the last of these rows belong to the next ones.
        let upto = rows.last().map(|(key, _)| key.clone()).filter(|_| !is_last);
        let between = (after.as_ref(), upto.as_ref());
        let listed = lock_items::listed(transaction, table, rows, between, span.now_micros)?;
        if is_last || !listed.is_empty() {
            return Ok(listed.into_values().collect());
        }
        after = upto;
    }
}

fn scan_rows(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    span: Span<'_>,
    limit: usize,
) -> Result<Vec<(ItemKey, Item)>, TableError> {
    let all = match span.hash {
        Some(hash) => partition(&table.name, hash),
        None => items_of(&table.name),
    };
    let from = match span.after {
        Some(key) => [key.row(&table.name).as_slice(), &[0]].concat(),
        None => all.as_slice().to_vec(),
    };
    let rows = transaction.scan(Table::Records, &from, Some(&all.end()), limit)?;
    let decode = |(row, bytes): &(Vec<u8>, Vec<u8>)| {
        let item: Item = records::decode(row, bytes)?;
        Ok((ItemKey::of_item(&table.record.key, &item)?, item))
    };
    rows.iter().map(decode).collect()
}

/// Removes every item of a table that is deleted.
pub(super) fn remove_all_items(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
) -> Result<(), StorageError> {
    remove_rows(transaction, &items_of(&table.name), |_, _| Ok(()))
}
