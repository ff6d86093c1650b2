//! BatchGetItem and BatchWriteItem.

use statelock_protocol::lock::unified::Seen;

use super::expression::Projection;
use super::items::load_item;
use super::keys::{ItemKey, check_paths};
use super::writes::{Moment, delete, put};
use super::{DeleteItem, Item, PutItem, TableError, WriteOutcome, open};
use crate::engine::Engine;
use crate::engine::locks::LockTransaction;
use crate::records::item_size_bytes;
use crate::storage::{Transaction, Verdict};

/// An answer of BatchGetItem has at most this size.
const ANSWER_SIZE_BYTES_MAX: usize = 16 << 20;
/// What is answered to a batch that names one item twice.
const DUPLICATES: &str = "Provided list of item keys contains duplicates";

/// Keys of one table to read.
#[derive(Clone, Debug)]
pub struct BatchGet {
    /// The table.
    pub table: String,
    /// The keys.
    pub keys: Vec<Item>,
    /// The part that is wanted.
    pub projection: Option<Projection>,
}

/// What was found in one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Got {
    /// The items that exist.
    pub items: Vec<Item>,
    /// Keys that did not fit into the answer any more.
    pub unprocessed: Vec<Item>,
    /// The size of what was read, item by item, in bytes.
    pub sizes: Vec<usize>,
}

/// What was found, table by table in the order of the request.
pub type BatchRead = Vec<Got>;

/// One write of a batch.
#[derive(Clone, Debug)]
pub enum BatchWrite {
    /// A put without a condition.
    Put(PutItem),
    /// A delete without a condition.
    Delete(DeleteItem),
}

impl Engine {
    /// Reads items of several tables, all as of one moment.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn batch_get(&self, requests: Vec<BatchGet>) -> Result<BatchRead, TableError> {
        let now_micros = self.clock.now_micros();
        self.read_tables(move |transaction| {
            let mut size = 0_usize;
            let mut get = |request| get(transaction, request, &mut size, now_micros);
            requests.iter().map(&mut get).collect()
        })
        .await
    }

    /// Makes several writes in one transaction: all of them or, when one is refused, none.
    ///
    /// # Errors
    /// As for [`Engine::put_item`].
    pub async fn batch_write(
        &self,
        writes: Vec<BatchWrite>,
    ) -> Result<Vec<WriteOutcome>, TableError> {
        let moments = writes.iter().map(|_| self.moment()).collect::<Result<Vec<_>, _>>()?;
        self.write_locks(move |transaction| {
            let mut rows = Vec::new();
            for write in &writes {
                rows.push(row(transaction, write)?);
            }
            refuse_duplicates(&rows)?;
            let mut outcomes = Vec::new();
            for (write, moment) in writes.iter().zip(&moments) {
                outcomes.push(carry_out(transaction, write, *moment)?);
            }
            Ok((Verdict::Commit, outcomes))
        })
        .await
    }
}

fn carry_out(
    transaction: &mut LockTransaction<'_>,
    write: &BatchWrite,
    moment: Moment,
) -> Result<WriteOutcome, TableError> {
    match write {
        BatchWrite::Put(request) => put(transaction, request, moment),
        BatchWrite::Delete(request) => delete(transaction, request, &Seen::Unknown, moment)?,
    }
}

fn get(
    transaction: &mut dyn Transaction,
    request: &BatchGet,
    size: &mut usize,
    now_micros: u64,
) -> Result<Got, TableError> {
    let table = open(transaction, &request.table)?;
    let schema = &table.record.key;
    check_paths(schema, None, request.projection.as_ref())?;
    let keys = request.keys.iter().map(|key| ItemKey::of_request(schema, key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<_> = keys.iter().map(|key| key.row(&table.name).as_slice().to_vec()).collect();
    refuse_duplicates(&rows)?;
    let mut got = Got::default();
    for key in keys {
        if *size > ANSWER_SIZE_BYTES_MAX {
            got.unprocessed.push(key.item(schema));
            continue;
        }
        let Some(item) = load_item(transaction, &table, &key, now_micros)? else {
            got.sizes.push(0);
            continue;
        };
        let item_size = item_size_bytes(&item);
        *size = size.saturating_add(item_size);
        got.sizes.push(item_size);
        got.items.push(match &request.projection {
            Some(projection) => projection.of(&item),
            None => item,
        });
    }
    Ok(got)
}

fn row(transaction: &mut dyn Transaction, write: &BatchWrite) -> Result<Vec<u8>, TableError> {
    let key = match write {
        BatchWrite::Put(request) => {
            let table = open(transaction, &request.table)?;
            ItemKey::of_item(&table.record.key, &request.item)?.row(&table.name)
        }
        BatchWrite::Delete(request) => {
            let table = open(transaction, &request.table)?;
            ItemKey::of_request(&table.record.key, &request.key)?.row(&table.name)
        }
    };
    Ok(key.as_slice().to_vec())
}

fn refuse_duplicates(rows: &[Vec<u8>]) -> Result<(), TableError> {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(TableError::invalid(DUPLICATES));
    }
    Ok(())
}
