//! What the items of a lock table show: locks and digests, which are not stored as items.
//!
//! - `bucket/key` shows the lock on that state, whoever took it, through whichever protocol. What else
//!   its writer put into the item is a row, and shown as long as that lock stands.
//! - `bucket/key-md5` shows the digest of the state that is stored, if that bucket is here. So a reader
//!   never meets a digest that disagrees with the state, whoever wrote the state.
//! - Everything else is a row: items of other kinds, and the digests of states that are elsewhere.

use std::collections::BTreeMap;
use std::ops::Bound;

use statelock_protocol::lock::unified::{Facet, Hold};
use statelock_protocol::state::{Digest, LockTableKey};
use statelock_protocol::store::{BucketName, ObjectKey};

use super::OpenTable;
use super::keys::ItemKey;
use crate::engine::guard::state_digest;
use crate::engine::locks::{Loaded, LockedState, held_locks, id_of, load, shows};
use crate::records::{self, AttributeValue, BucketRecord, Item, LOCK_ID_ATTRIBUTE};
use crate::storage::{StorageError, Transaction};

/// The attribute that holds a lock info.
pub(super) const INFO: &str = "Info";
/// The attribute that holds a digest.
pub(super) const DIGEST: &str = "Digest";

/// An attribute, if it is a string.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text),
        Some(_) | None => None,
    }
}

fn lock_id_text(key: &ItemKey) -> Option<&str> {
    match &key.hash {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

fn place((bucket, key): (BucketName, ObjectKey)) -> Option<LockedState> {
    LockedState::new(bucket.as_str(), key.as_str())
}

/// The state that an item with this key may lock.
pub(super) fn locked_state(key: &ItemKey) -> Option<LockedState> {
    LockTableKey::new(lock_id_text(key)?).locked_state().and_then(place)
}

/// The state whose digest an item with this key may be.
pub(super) fn digested_state(key: &ItemKey) -> Option<LockedState> {
    LockTableKey::new(lock_id_text(key)?).digested_state().and_then(place)
}

/// The lock info of an item that is a lock: a string `Info` under the key of a state. One that cannot
/// be read is a lock all the same, like a lockfile that cannot be read.
pub(super) fn lock_info<'a>(key: &ItemKey, item: &'a Item) -> Option<&'a str> {
    locked_state(key).and_then(|_| text(item, INFO))
}

/// The state that an item with this key may lock, before it is known which table it is in.
pub(super) fn state_of(key: &Item) -> Option<LockedState> {
    LockTableKey::new(text(key, LOCK_ID_ATTRIBUTE)?).locked_state().and_then(place)
}

/// The state that an item locks and its lock info, before it is known which table it is in.
pub(super) fn lock_of(item: &Item) -> Option<(LockedState, String)> {
    state_of(item).zip(text(item, INFO).map(str::to_owned))
}

/// The lock info that an item shows.
pub(super) fn shown_info(item: &Item) -> Option<&[u8]> {
    text(item, INFO).map(str::as_bytes)
}

/// The item with this lock info.
pub(super) fn with_info(mut item: Item, info: &[u8]) -> Item {
    let info = String::from_utf8_lossy(info).into_owned();
    item.insert(INFO.to_owned(), AttributeValue::S(info));
    item
}

/// Whether the bucket of a state is here.
pub(super) fn is_here(
    transaction: &mut dyn Transaction,
    state: &LockedState,
) -> Result<bool, StorageError> {
    let bucket: Option<BucketRecord> =
        records::load(transaction, &BucketRecord::key(&state.bucket))?;
    Ok(bucket.is_some())
}

/// The item with this key, as readers of a lock table see it.
pub(super) fn shown(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
    now_micros: u64,
) -> Result<Option<Item>, StorageError> {
    let row = records::load(transaction, &key.row(&table.name))?;
    if let Some(state) = locked_state(key) {
        let loaded = load(transaction, &state)?;
        if let Some(item) = shown_lock(key, &loaded, row.as_ref(), now_micros) {
            return Ok(Some(item));
        }
    }
    shown_row(transaction, key, row)
}

/// The lock that an item shows, if one stands.
pub(super) fn shown_lock(
    key: &ItemKey,
    loaded: &Loaded,
    row: Option<&Item>,
    now_micros: u64,
) -> Option<Item> {
    let hold = loaded.lock.standing(now_micros)?;
    shows(hold, Facet::LockTable).then(|| item_of(lock_id_text(key).unwrap_or_default(), hold, row))
}

fn item_of(lock_id: &str, hold: &Hold, row: Option<&Item>) -> Item {
    let is_of_hold = |row: &&Item| {
        let info = text(row, INFO).unwrap_or_default();
        info.as_bytes() == hold.info || hold.is_held_by(id_of(info.as_bytes()).as_ref())
    };
    let mut item = row.filter(is_of_hold).cloned().unwrap_or_default();
    let info = String::from_utf8_lossy(&hold.shown_through(Facet::LockTable)).into_owned();
    item.insert(LOCK_ID_ATTRIBUTE.to_owned(), AttributeValue::S(lock_id.to_owned()));
    item.insert(INFO.to_owned(), AttributeValue::S(info));
    item
}

/// What is shown where no lock stands.
fn shown_row(
    transaction: &mut dyn Transaction,
    key: &ItemKey,
    row: Option<Item>,
) -> Result<Option<Item>, StorageError> {
    // What is left of an item whose lock was released through another protocol.
    let row = row.filter(|row| lock_info(key, row).is_none());
    let Some(state) = digested_state(key) else { return Ok(row) };
    let is_digest = row.as_ref().is_none_or(|row| text(row, DIGEST).is_some());
    if !is_digest || !is_here(transaction, &state)? {
        return Ok(row);
    }
    let digest = state_digest(transaction, &state.bucket, &state.key)?;
    Ok(digest.map(|digest| with_digest(key, row, &digest)))
}

fn with_digest(key: &ItemKey, row: Option<Item>, digest: &Digest) -> Item {
    let mut item = row.unwrap_or_default();
    item.insert(LOCK_ID_ATTRIBUTE.to_owned(), key.hash.clone());
    item.insert(DIGEST.to_owned(), AttributeValue::S(digest.to_string()));
    item
}

/// Items of a lock table in the order of their keys: rows, and locks behind `after` up to `upto`.
///
/// Digests that nobody wrote are not listed; whoever asks for one by its key gets it.
pub(super) fn listed(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    rows: Vec<(ItemKey, Item)>,
    (after, upto): (Option<&ItemKey>, Option<&ItemKey>),
    now_micros: u64,
) -> Result<BTreeMap<String, Item>, StorageError> {
    let mut items = BTreeMap::new();
    let mut kept: BTreeMap<String, Item> = BTreeMap::new();
    for (key, row) in rows {
        let Some(id) = lock_id_text(&key).map(str::to_owned) else { continue };
        if let Some(shown) = shown_row(transaction, &key, Some(row.clone()))? {
            items.insert(id.clone(), shown);
        }
        kept.insert(id, row);
    }
    let bound = |key: Option<&ItemKey>| key.and_then(lock_id_text).map(str::to_owned);
    let from = bound(after).map_or(Bound::Unbounded, Bound::Excluded);
    let to = bound(upto).map_or(Bound::Unbounded, Bound::Included);
    for (id, hold) in shown_locks(transaction, table, now_micros)?.range((from, to)) {
        items.insert(id.clone(), item_of(id, hold, kept.get(id)));
    }
    Ok(items)
}

/// The locks that stand, by `LockID`; looked up once in a transaction.
fn shown_locks<'a>(
    transaction: &mut dyn Transaction,
    table: &'a OpenTable,
    now_micros: u64,
) -> Result<&'a BTreeMap<String, Hold>, StorageError> {
    if table.locks.get().is_none() {
        let held = held_locks(transaction, now_micros)?.into_iter();
        let by_id = held.filter(|(_, hold)| shows(hold, Facet::LockTable)).map(|(state, hold)| {
            let (bucket, key) = (BucketName::new(state.bucket), ObjectKey::new(state.key));
            (LockTableKey::lock_of(&bucket, &key).as_str().to_owned(), hold)
        });
        return Ok(table.locks.get_or_init(|| by_id.collect()));
    }
    Ok(table.locks.get_or_init(BTreeMap::new))
}
