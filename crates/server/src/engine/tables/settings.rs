//! Tables themselves: made, described, listed, changed, deleted.

use std::collections::BTreeMap;

use super::items::{Span, remove_all_items, scan_items};
use super::keys::ItemKey;
use super::{OpenTable, TableError, open};
use crate::engine::audit::{self, AuditEntry};
use crate::engine::{Engine, Sender};
use crate::records::{
    self, AuditAction, KeySchema, RowKeyParts, TableEncryption, TableRecord, Throughput,
    item_size_bytes,
};
use crate::storage::{Table, Transaction};

/// Items that are counted together.
const BATCH: usize = 64;

/// A table to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTable {
    /// Its name.
    pub name: String,
    /// The region that the request was signed for.
    pub region: String,
    /// What names its items.
    pub key: KeySchema,
    /// Provisioned throughput, if it is not billed by request.
    pub throughput: Option<Throughput>,
    /// Whether the request named a billing mode.
    pub billing_mode_named: bool,
    /// Encryption with a key of its own.
    pub encryption: Option<TableEncryption>,
    /// The table class.
    pub class: Option<String>,
    /// Whether it may not be deleted.
    pub deletion_protected: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl NewTable {
    /// A lock table with nothing set.
    pub fn lock_table(name: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            region: region.into(),
            key: KeySchema::lock_table(),
            throughput: None,
            billing_mode_named: true,
            encryption: None,
            class: None,
            deletion_protected: false,
            tags: BTreeMap::new(),
        }
    }
}

/// A table as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDescription {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub record: TableRecord,
    /// How many items it has.
    pub items: u64,
    /// How large they are, in bytes.
    pub size_bytes: u64,
}

/// Some of the tables' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePage {
    /// The names, in order.
    pub names: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

impl Engine {
    /// Makes a table, which can be used at once; without a sender, the server makes it by itself.
    ///
    /// # Errors
    /// [`TableError::TableExists`], or a failure.
    pub async fn create_table(
        &self,
        new: NewTable,
        sender: Option<Sender>,
    ) -> Result<TableDescription, TableError> {
        let created_micros = self.clock.now_micros();
        let id = table_id(self.ids.random()?);
        self.write_tables(move |transaction| {
            let row = TableRecord::key(&new.name);
            if records::load::<TableRecord>(transaction, &row)?.is_some() {
                return Err(TableError::TableExists(new.name.clone()));
            }
            let record = TableRecord {
                created_micros,
                id: id.clone(),
                region: new.region.clone(),
                key: new.key.clone(),
                throughput: new.throughput,
                billing_mode_named: new.billing_mode_named,
                encryption: new.encryption.clone(),
                class: new.class.clone(),
                deletion_protected: new.deletion_protected,
                point_in_time_recovery: false,
                expiry_attribute: None,
                tags: new.tags.clone(),
            };
            records::store(transaction, &row, &record)?;
            let entry = AuditEntry::new(AuditAction::TableCreated).of_table(&*new.name);
            audit::append_by(transaction, sender.as_ref(), entry, created_micros)?;
            describe(transaction, OpenTable::new(&new.name, record), created_micros)
        })
        .await
    }

    /// A table's settings and how much it holds.
    ///
    /// # Errors
    /// [`TableError::NoSuchTable`], or a failure.
    pub async fn table(&self, name: String) -> Result<TableDescription, TableError> {
        let now_micros = self.clock.now_micros();
        self.read_tables(move |transaction| {
            let table = open(transaction, &name)?;
            describe(transaction, table, now_micros)
        })
        .await
    }

    /// The names of tables behind `after`, at most `limit`.
    ///
    /// # Errors
    /// A storage failure.
    pub async fn tables(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<TablePage, TableError> {
        self.read_tables(move |transaction| {
            let all = TableRecord::all();
            let from = match &after {
                Some(name) => TableRecord::key(name).end(),
                None => all.as_slice().to_vec(),
            };
            let fetched = limit.saturating_add(1);
            let rows = transaction.scan(Table::Records, &from, Some(&all.end()), fetched)?;
            let more = rows.len() > limit;
            let names = rows.iter().take(limit).map(|(row, _)| RowKeyParts::new(row).text());
            Ok(TablePage { names: names.collect::<Result<_, _>>()?, more })
        })
        .await
    }

    /// Changes a table's settings. A change to what they are already changes nothing.
    ///
    /// # Errors
    /// [`TableError::NoSuchTable`], whatever `change` answers, or a failure.
    pub async fn change_table(
        &self,
        name: String,
        sender: Sender,
        change: impl Fn(&mut TableRecord) -> Result<(), TableError> + Send + 'static,
    ) -> Result<TableDescription, TableError> {
        let now_micros = self.clock.now_micros();
        self.write_tables(move |transaction| {
            let mut table = open(transaction, &name)?;
            let before = table.record.clone();
            change(&mut table.record)?;
            if table.record != before {
                records::store(transaction, &TableRecord::key(&name), &table.record)?;
                let reason = Some(what_changed(&before, &table.record));
                let entry = AuditEntry::new(AuditAction::TableChanged).of_table(&*name);
                let entry = AuditEntry { reason, ..entry };
                audit::append(transaction, &sender, entry, now_micros)?;
            }
            describe(transaction, table, now_micros)
        })
        .await
    }

    /// Removes a table and its items.
    ///
    /// # Errors
    /// [`TableError::NoSuchTable`], [`TableError::Protected`], or a failure.
    pub async fn delete_table(
        &self,
        name: String,
        sender: Sender,
    ) -> Result<TableDescription, TableError> {
        let now_micros = self.clock.now_micros();
        self.write_tables(move |transaction| {
            let table = open(transaction, &name)?;
            if table.record.deletion_protected {
                return Err(TableError::Protected(name.clone()));
            }
            let described = describe(transaction, table.clone(), now_micros)?;
            remove_all_items(transaction, &table)?;
            records::remove(transaction, &TableRecord::key(&name))?;
            let reason = Some(format!("it showed {} items", described.items));
            let entry = AuditEntry::new(AuditAction::TableDeleted).of_table(&*name);
            audit::append(transaction, &sender, AuditEntry { reason, ..entry }, now_micros)?;
            Ok(described)
        })
        .await
    }
}

/// What is not as before, in words.
fn what_changed(before: &TableRecord, after: &TableRecord) -> String {
    let is_billed_otherwise = (before.throughput, before.billing_mode_named)
        != (after.throughput, after.billing_mode_named);
    let parts = [
        ("billing", is_billed_otherwise),
        ("encryption", before.encryption != after.encryption),
        ("class", before.class != after.class),
        ("deletion protection", before.deletion_protected != after.deletion_protected),
        ("backups", before.point_in_time_recovery != after.point_in_time_recovery),
        ("time to live", before.expiry_attribute != after.expiry_attribute),
        ("tags", before.tags != after.tags),
    ];
    let changed = parts.iter().filter(|(_, is_changed)| *is_changed).map(|(what, _)| *what);
    changed.collect::<Vec<_>>().join(", ")
}

fn describe(
    transaction: &mut dyn Transaction,
    table: OpenTable,
    now_micros: u64,
) -> Result<TableDescription, TableError> {
    let (mut items, mut size_bytes) = (0_u64, 0_u64);
    let mut after: Option<ItemKey> = None;
    loop {
        let span = Span { hash: None, after: after.as_ref(), now_micros };
        let page = scan_items(transaction, &table, span, BATCH)?;
        let Some(last) = page.last() else { break };
        after = Some(ItemKey::of_item(&table.record.key, last)?);
        for item in &page {
            items = items.saturating_add(1);
            let size = u64::try_from(item_size_bytes(item)).unwrap_or(u64::MAX);
            size_bytes = size_bytes.saturating_add(size);
        }
    }
    Ok(TableDescription { name: table.name, record: table.record, items, size_bytes })
}

/// Random bytes in the form of a UUID.
fn table_id(random: [u8; 16]) -> String {
    let hex: Vec<String> = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [4_usize, 2, 2, 2, 6];
    let mut bytes = hex.into_iter();
    let parts: Vec<String> =
        groups.iter().map(|size| bytes.by_ref().take(*size).collect()).collect();
    parts.join("-")
}
