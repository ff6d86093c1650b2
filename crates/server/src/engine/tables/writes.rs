//! PutItem, DeleteItem, UpdateItem and GetItem.

use statelock_protocol::lock::unified::{AcquireOutcome, Facet, LockRefusal, Seen};

use super::decision::{self, Change};
use super::expression::{Condition, Projection, Update};
use super::item_records::ItemChange;
use super::items::{load_item, remove_item, store_item};
use super::keys::{ItemKey, check_paths};
use super::lock_writes::{LockPut, LockPutAnswer, delete_lock, is_lock, keep_lock, put_lock};
use super::{ITEM_SIZE_BYTES_MAX, OpenTable, TableError, item_records, lock_items, open};
use crate::engine::locks::{LockTransaction, SightingKind, Turn, id_of, shown_hold};
use crate::engine::{Engine, EngineError, LockedState, Sender, TakeLock};
use crate::records::{BodyId, Item, item_size_bytes};
use crate::storage::{Transaction, Verdict};

/// Writes a whole item.
#[derive(Clone, Debug)]
pub struct PutItem {
    /// The table.
    pub table: String,
    /// The item, with its key.
    pub item: Item,
    /// What the item that is replaced must fulfil; none is an empty one.
    pub condition: Option<Condition>,
    /// Who sent the request.
    pub sender: Sender,
}

/// Removes an item.
#[derive(Clone, Debug)]
pub struct DeleteItem {
    /// The table.
    pub table: String,
    /// The key.
    pub key: Item,
    /// What the item must fulfil.
    pub condition: Option<Condition>,
    /// Who sent the request.
    pub sender: Sender,
}

/// Changes an item, or makes one.
#[derive(Clone, Debug)]
pub struct UpdateItem {
    /// The table.
    pub table: String,
    /// The key.
    pub key: Item,
    /// What to change.
    pub update: Update,
    /// What the item must fulfil.
    pub condition: Option<Condition>,
    /// Who sent the request.
    pub sender: Sender,
}

/// Reads an item.
#[derive(Clone, Debug)]
pub struct GetItem {
    /// The table.
    pub table: String,
    /// The key.
    pub key: Item,
    /// The part that is wanted.
    pub projection: Option<Projection>,
    /// Who sent the request.
    pub sender: Sender,
}

/// A write that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOutcome {
    /// The item before it, if there was one.
    pub before: Option<Item>,
    /// The item after it, if there is one.
    pub after: Option<Item>,
}

impl Engine {
    /// Writes a whole item if its condition holds.
    ///
    /// # Errors
    /// [`TableError`]; nothing was changed then, except after an unknown outcome of the storage.
    pub async fn put_item(&self, request: PutItem) -> Result<WriteOutcome, TableError> {
        if let Some(lock) = self.lock_of(&request).await? {
            return self.put_lock_item(lock, request).await;
        }
        let moment = self.moment()?;
        let put = move |transaction: &mut LockTransaction<'_>| {
            Ok((Verdict::Commit, put(transaction, &request, moment)?))
        };
        self.write_locks(put).await
    }

    /// The state that an item locks, and its lock info, if it is written to a lock table as a lock.
    async fn lock_of(
        &self,
        request: &PutItem,
    ) -> Result<Option<(LockedState, String)>, TableError> {
        let Some(lock) = lock_items::lock_of(&request.item) else { return Ok(None) };
        let name = request.table.clone();
        let table = self.read_tables(move |transaction| open(transaction, &name)).await?;
        Ok(table.record.is_lock_table().then_some(lock))
    }

    /// Takes a lock by its item, in turn.
    async fn put_lock_item(
        &self,
        (state, info): (LockedState, String),
        request: PutItem,
    ) -> Result<WriteOutcome, TableError> {
        let sender = request.sender.clone();
        let wanted = TakeLock { state, facet: Facet::LockTable, info: info.into(), sender };
        let attempt = |turn| self.clone().try_lock_item(request.clone(), turn);
        let taken = self.take_in_turn(&wanted, attempt).await;
        let (_, answer) = taken.map_err(TableError::Engine)?;
        answer
    }

    async fn try_lock_item(
        self,
        request: PutItem,
        turn: Turn,
    ) -> Result<(AcquireOutcome, Result<WriteOutcome, TableError>), EngineError> {
        let moment = self.moment()?;
        let put = self.write_locks(move |transaction| {
            let table = open(transaction, &request.table)?;
            let put = put_as_lock(transaction, &table, &request, turn.clone(), moment)?;
            Ok((put.verdict, (put.outcome, put.answer)))
        });
        match put.await {
            Ok(put) => Ok(put),
            Err(error) => match error.storage() {
                Some(failure) => Err(EngineError::Storage(failure)),
                // Nobody is asked for the lock when the item itself is refused: no turn to wait for.
                None => Ok((AcquireOutcome::Refused(LockRefusal::Late), Err(error))),
            },
        }
    }

    /// Removes an item if its condition holds. Removing what is not there succeeds.
    ///
    /// # Errors
    /// As for [`Engine::put_item`].
    pub async fn delete_item(&self, request: DeleteItem) -> Result<WriteOutcome, TableError> {
        let (moment, sender) = (self.moment()?, request.sender.clone());
        let locked = lock_items::state_of(&request.key);
        let seen = locked
            .map_or(Seen::Unknown, |state| self.sightings.seen(&state, &sender, moment.now_micros));
        let delete = move |transaction: &mut LockTransaction<'_>| {
            Ok((Verdict::Commit, delete(transaction, &request, &seen, moment)?))
        };
        self.write_locks(delete).await?
    }

    /// Changes an item if its condition holds, and makes it if there is none.
    ///
    /// # Errors
    /// As for [`Engine::put_item`].
    pub async fn update_item(&self, request: UpdateItem) -> Result<WriteOutcome, TableError> {
        let moment = self.moment()?;
        let update = move |transaction: &mut LockTransaction<'_>| {
            Ok((Verdict::Commit, update(transaction, &request, moment)?))
        };
        self.write_locks(update).await
    }

    /// Reads an item, always as the latest acknowledged write left it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn get_item(&self, request: GetItem) -> Result<Option<Item>, TableError> {
        let now_micros = self.clock.now_micros();
        let GetItem { key, sender, projection, .. } = request.clone();
        let (item, is_lock_table) = self
            .read_tables(move |transaction| {
                let table = open(transaction, &request.table)?;
                let key = ItemKey::of_request(&table.record.key, &request.key)?;
                check_paths(&table.record.key, None, request.projection.as_ref())?;
                let item = load_item(transaction, &table, &key, now_micros)?;
                Ok((item, table.record.is_lock_table()))
            })
            .await?;
        let state = lock_items::state_of(&key).filter(|_| is_lock_table);
        let seen = item.as_ref().and_then(lock_items::shown_info).map(<[u8]>::to_vec);
        let item = match &state {
            Some(state) => self.lock_item_for_its_reader(state, &key, item, &sender),
            None => item,
        };
        let item = item.map(|item| match &projection {
            Some(projection) => projection.of(&item),
            None => item,
        });
        // Only what stands: who is next in line holds nothing yet.
        if let Some((state, info)) = state.zip(seen) {
            let (id, kind) = (id_of(&info), SightingKind::Read);
            self.sightings.note(&state, &sender, kind, id.as_ref(), now_micros);
        }
        Ok(item)
    }

    /// An item that is or may be a lock, as it is shown to who was refused that lock a moment ago.
    fn lock_item_for_its_reader(
        &self,
        state: &LockedState,
        key: &Item,
        item: Option<Item>,
        sender: &Sender,
    ) -> Option<Item> {
        let info = item.as_ref().map(lock_items::shown_info);
        if info == Some(None) {
            // No lock: an item of another kind.
            return item;
        }
        let hold = info.flatten().map(|info| shown_hold(Facet::LockTable, info));
        let shown = self.waiting.shown_to(state, Facet::LockTable, sender, hold.as_ref());
        let Some((info, _)) = shown else { return item };
        Some(lock_items::with_info(item.unwrap_or_else(|| key.clone()), &info))
    }

    /// What a write is stamped with.
    pub(super) fn moment(&self) -> Result<Moment, EngineError> {
        let body = BodyId(self.ids.random()?);
        Ok(Moment { now_micros: self.clock.now_micros(), body })
    }
}

/// When a write happens, and the name of the lockfile's body that it may have to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    now_micros: u64,
    body: BodyId,
}

pub(super) fn put(
    transaction: &mut LockTransaction<'_>,
    request: &PutItem,
    moment: Moment,
) -> Result<WriteOutcome, TableError> {
    if item_size_bytes(&request.item) > ITEM_SIZE_BYTES_MAX {
        return Err(TableError::invalid("Item size has exceeded the maximum allowed size"));
    }
    let table = open(transaction, &request.table)?;
    let key = ItemKey::of_item(&table.record.key, &request.item)?;
    if is_lock(&table, &key, &request.item) {
        return put_as_lock(transaction, &table, request, Turn::at_once(), moment)?.answer;
    }
    check_paths(&table.record.key, request.condition.as_ref(), None)?;
    let before = load_item(transaction, &table, &key, moment.now_micros)?;
    let change = decision::put(before.as_ref(), &request.item, request.condition.as_ref())?;
    keep_lock(transaction, &table, &key, moment.now_micros)?;
    let access = Access { sender: &request.sender, moment };
    carry_out(transaction, &table, &key, before, change, access)
}

fn put_as_lock(
    transaction: &mut LockTransaction<'_>,
    table: &OpenTable,
    request: &PutItem,
    turn: Turn,
    moment: Moment,
) -> Result<LockPutAnswer, TableError> {
    if item_size_bytes(&request.item) > ITEM_SIZE_BYTES_MAX {
        return Err(TableError::invalid("Item size has exceeded the maximum allowed size"));
    }
    let key = ItemKey::of_item(&table.record.key, &request.item)?;
    check_paths(&table.record.key, request.condition.as_ref(), None)?;
    let put = LockPut {
        table,
        key: &key,
        item: &request.item,
        condition: request.condition.as_ref(),
        sender: &request.sender,
        turn,
        body: moment.body,
        now_micros: moment.now_micros,
    };
    put_lock(transaction, &put)
}

/// Removes an item. That a lock is not given back is an answer, with an effect: it is remembered.
pub(super) fn delete(
    transaction: &mut LockTransaction<'_>,
    request: &DeleteItem,
    seen: &Seen,
    moment: Moment,
) -> Result<Result<WriteOutcome, TableError>, TableError> {
    let table = open(transaction, &request.table)?;
    let key = ItemKey::of_request(&table.record.key, &request.key)?;
    check_paths(&table.record.key, request.condition.as_ref(), None)?;
    let now_micros = moment.now_micros;
    if let Some(answer) = delete_lock(transaction, &table, &key, request, seen, now_micros)? {
        return Ok(answer);
    }
    let before = load_item(transaction, &table, &key, now_micros)?;
    let change = decision::delete(before.as_ref(), request.condition.as_ref())?;
    let access = Access { sender: &request.sender, moment };
    Ok(Ok(carry_out(transaction, &table, &key, before, change, access)?))
}

fn update(
    transaction: &mut LockTransaction<'_>,
    request: &UpdateItem,
    moment: Moment,
) -> Result<WriteOutcome, TableError> {
    let table = open(transaction, &request.table)?;
    let schema = &table.record.key;
    let key = ItemKey::of_request(schema, &request.key)?;
    let is_key = |name: &str| schema.attributes().any(|attribute| attribute.name == name);
    if let Some(target) = request.update.targets().find(|path| is_key(&path.attribute)) {
        return Err(TableError::invalid(format!(
            "One or more parameter values were invalid: Cannot update attribute {}. This attribute \
             is part of the key",
            target.attribute
        )));
    }
    check_paths(schema, request.condition.as_ref(), None)?;
    let before = load_item(transaction, &table, &key, moment.now_micros)?;
    let made_of = key.item(schema);
    let condition = request.condition.as_ref();
    let change = decision::update(before.as_ref(), made_of, &request.update, condition)?;
    let access = Access { sender: &request.sender, moment };
    if let Change::Store(item) = &change
        && is_lock(&table, &key, item)
    {
        let put = LockPut {
            table: &table,
            key: &key,
            item,
            condition,
            sender: &request.sender,
            turn: Turn::at_once(),
            body: moment.body,
            now_micros: moment.now_micros,
        };
        return put_lock(transaction, &put)?.answer;
    }
    keep_lock(transaction, &table, &key, moment.now_micros)?;
    carry_out(transaction, &table, &key, before, change, access)
}

/// Who writes, and when.
#[derive(Clone, Copy)]
struct Access<'a> {
    sender: &'a Sender,
    moment: Moment,
}

fn carry_out(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    key: &ItemKey,
    before: Option<Item>,
    change: Change,
    access: Access<'_>,
) -> Result<WriteOutcome, TableError> {
    let Access { sender, moment: Moment { now_micros, .. } } = access;
    let after = match change {
        Change::Store(item) => {
            store_item(transaction, table, key, &item)?;
            Some(item)
        }
        Change::Remove => {
            remove_item(transaction, table, key)?;
            None
        }
        Change::Nothing => None,
    };
    let done = ItemChange { table, key, before: before.as_ref(), after: after.as_ref() };
    item_records::note(transaction, &done, sender, now_micros)?;
    Ok(WriteOutcome { before, after })
}
