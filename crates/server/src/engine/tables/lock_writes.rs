//! Writes to lock tables: an item that is a lock takes, releases or replaces the lock on its state.
//!
//! Departures from DynamoDB, for items that are locks:
//! - a conditional put of the lock ID that holds succeeds: its first answer was lost;
//! - a put without a condition does not replace another lock, nor does one whose condition would hold
//!   for any lock;
//! - a delete whose sender was shown another lock than the one that holds now is refused;
//! - what was a lock does not become something else: it is deleted first.

use statelock_protocol::lock::unified::{AcquireOutcome, Aim, Facet, ReleaseOutcome, Seen};

use super::decision;
use super::expression::Condition;
use super::keys::ItemKey;
use super::lock_items::{INFO, lock_info, locked_state, shown, shown_lock};
use super::{DeleteItem, OpenTable, TableError, WriteOutcome};
use crate::engine::Sender;
use crate::engine::locks::{
    Giving, Loaded, LockTransaction, Taking, Turn, give_back, id_of, load, not_released, take,
};
use crate::records::{self, AttributeValue, BodyId, Item};
use crate::storage::{Transaction, Verdict};

/// A lock that is written as an item.
pub(super) struct LockPut<'a> {
    pub(super) table: &'a OpenTable,
    pub(super) key: &'a ItemKey,
    pub(super) item: &'a Item,
    pub(super) condition: Option<&'a Condition>,
    pub(super) sender: &'a Sender,
    pub(super) turn: Turn,
    /// Names the body of the lockfile that shows the lock.
    pub(super) body: BodyId,
    pub(super) now_micros: u64,
}

/// What became of it: the refusal is an answer, because it is remembered.
pub(super) struct LockPutAnswer {
    pub(super) verdict: Verdict,
    pub(super) outcome: AcquireOutcome,
    pub(super) answer: Result<WriteOutcome, TableError>,
}

/// Whether this item is a lock.
pub(super) fn is_lock(table: &OpenTable, key: &ItemKey, item: &Item) -> bool {
    table.record.is_lock_table() && lock_info(key, item).is_some()
}

/// Takes a lock by writing its item.
pub(super) fn put_lock(
    transaction: &mut LockTransaction<'_>,
    put: &LockPut<'_>,
) -> Result<LockPutAnswer, TableError> {
    let (Some(state), Some(info)) = (locked_state(put.key), lock_info(put.key, put.item)) else {
        return Err(TableError::invalid("The item is no lock"));
    };
    let loaded = load(transaction, &state)?;
    let before = shown(transaction, put.table, put.key, put.now_micros)?;
    let turn = turn(put, &loaded, before.as_ref(), info)?;
    let taking = Taking {
        state: &state,
        facet: Facet::LockTable,
        info: info.as_bytes(),
        sender: put.sender,
        turn,
        upload: None,
        body: put.body,
        now_micros: put.now_micros,
    };
    let taken = take(transaction, &loaded, &taking)?;
    let answer = match &taken.outcome {
        AcquireOutcome::Granted(_) => {
            store_rest(transaction, put)?;
            Ok(WriteOutcome { before, after: Some(put.item.clone()) })
        }
        AcquireOutcome::Refused(_) => Err(TableError::ConditionFailed(before.map(Box::new))),
    };
    Ok(LockPutAnswer { verdict: taken.verdict, outcome: taken.outcome, answer })
}

/// How the lock is asked for; an error if the condition forbids to ask.
fn turn(
    put: &LockPut<'_>,
    loaded: &Loaded,
    before: Option<&Item>,
    info: &str,
) -> Result<Turn, TableError> {
    let allows = |item: Option<&Item>| decision::put(item, put.item, put.condition).map(|_| ());
    let Some(hold) = loaded.lock.standing(put.now_micros) else {
        return allows(before).map(|()| put.turn.clone());
    };
    if hold.is_held_by(id_of(info.as_bytes()).as_ref()) {
        // The first attempt made what the condition now finds.
        return allows(None).or_else(|_| allows(before)).map(|()| put.turn.clone());
    }
    let names_it = put.condition.is_some()
        && allows(before).is_ok()
        && before.is_some_and(|item| {
            let mut other = item.clone();
            other.insert(INFO.to_owned(), AttributeValue::S(String::new()));
            allows(Some(&other)).is_err()
        });
    Ok(if names_it { put.turn.replacing() } else { put.turn.clone() })
}

/// Keeps what an item holds beside its lock.
fn store_rest(transaction: &mut dyn Transaction, put: &LockPut<'_>) -> Result<(), TableError> {
    let row = put.key.row(&put.table.name);
    let has_rest = put.item.len() > 2;
    if has_rest {
        records::store(transaction, &row, put.item)?;
    } else if records::load::<Item>(transaction, &row)?.is_some() {
        records::remove(transaction, &row)?;
    }
    Ok(())
}

/// Releases a lock by removing its item; `None` if there is no lock, and the item is an ordinary one.
///
/// The refusal is an answer here too, because it is remembered.
pub(super) fn delete_lock(
    transaction: &mut LockTransaction<'_>,
    table: &OpenTable,
    key: &ItemKey,
    request: &DeleteItem,
    seen: &Seen,
    now_micros: u64,
) -> Result<Option<Result<WriteOutcome, TableError>>, TableError> {
    let Some(state) = locked_state(key).filter(|_| table.record.is_lock_table()) else {
        return Ok(None);
    };
    let loaded = load(transaction, &state)?;
    let row: Option<Item> = records::load(transaction, &key.row(&table.name))?;
    let before = shown_lock(key, &loaded, row.as_ref(), now_micros);
    let giving = Giving {
        state: &state,
        facet: Facet::LockTable,
        aim: Aim::Whatever,
        // A condition that holds says which lock is meant.
        seen: if request.condition.is_some() { Seen::Unknown } else { seen.clone() },
        sender: &request.sender,
        now_micros,
    };
    let (_, outcome) = give_back(transaction, &loaded, &giving)?;
    let refusal = match &outcome {
        ReleaseOutcome::NothingHeld => return Ok(None),
        ReleaseOutcome::Repeated => None,
        ReleaseOutcome::Refused(refusal) => {
            decision::delete(before.as_ref(), request.condition.as_ref())?;
            Some(not_released(&state, refusal).into())
        }
        ReleaseOutcome::Released(_) => {
            decision::delete(before.as_ref(), request.condition.as_ref())?;
            records::remove(transaction, &key.row(&table.name))?;
            None
        }
    };
    Ok(Some(refusal.map_or(Ok(WriteOutcome { before, after: None }), Err)))
}

/// Refuses to write something else over a lock that stands.
pub(super) fn keep_lock(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
    now_micros: u64,
) -> Result<(), TableError> {
    let Some(state) = locked_state(key).filter(|_| table.record.is_lock_table()) else {
        return Ok(());
    };
    let loaded = load(transaction, &state)?;
    match shown_lock(key, &loaded, None, now_micros) {
        None => Ok(()),
        Some(lock) => Err(TableError::ConditionFailed(Some(Box::new(lock)))),
    }
}
