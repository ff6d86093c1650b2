//! Query and Scan: pages of items in the order of their keys.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::expression::{Comparator, Condition, KeyCondition, Projection, RangeCondition};
use super::items::{Span, scan_items};
use super::keys::{ItemKey, check_paths, has_type};
use super::{OpenTable, TableError, open};
use crate::engine::Engine;
use crate::records::{AttributeValue, Item, KeySchema, item_size_bytes};
use crate::storage::Transaction;

/// A page ends when the items that were looked at have this size.
const PAGE_SIZE_BYTES_MAX: usize = 1 << 20;
/// Items that are read together.
const BATCH: usize = 16;

/// Reads the items of one partition.
#[derive(Clone, Debug)]
pub struct QueryItems {
    /// The table.
    pub table: String,
    /// Which partition, and which range in it.
    pub keys: KeyCondition,
    /// What an item must fulfil to be returned.
    pub filter: Option<Condition>,
    /// The part that is wanted.
    pub projection: Option<Projection>,
    /// From the last key to the first.
    pub backwards: bool,
    /// The key of the last item that an earlier page looked at.
    pub after: Option<Item>,
    /// How many items to look at.
    pub limit: Option<usize>,
}

/// Reads the items of a table.
#[derive(Clone, Debug)]
pub struct ScanItems {
    /// The table.
    pub table: String,
    /// What an item must fulfil to be returned.
    pub filter: Option<Condition>,
    /// The part that is wanted.
    pub projection: Option<Projection>,
    /// The key of the last item that an earlier page looked at.
    pub after: Option<Item>,
    /// How many items to look at.
    pub limit: Option<usize>,
    /// Only a part of the table's partitions.
    pub segment: Option<Segment>,
}

/// One of several parts of a table, which together are the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which part, from 0.
    pub number: u64,
    /// How many parts there are.
    pub total: u64,
}

/// Some of the items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those that fulfil the filter.
    pub items: Vec<Item>,
    /// How many were looked at.
    pub scanned: usize,
    /// What was looked at, in bytes.
    pub scanned_size_bytes: usize,
    /// The key after which to go on, if this may not be all.
    pub last_key: Option<Item>,
}

impl Engine {
    /// Reads a page of a partition.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn query(&self, request: QueryItems) -> Result<Page, TableError> {
        let now_micros = self.clock.now_micros();
        self.read_tables(move |transaction| query(transaction, &request, now_micros)).await
    }

    /// Reads a page of a table.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn scan(&self, request: ScanItems) -> Result<Page, TableError> {
        let now_micros = self.clock.now_micros();
        self.read_tables(move |transaction| scan(transaction, &request, now_micros)).await
    }
}

/// Collects a page.
struct Collector<'a> {
    schema: &'a KeySchema,
    filter: Option<&'a Condition>,
    projection: Option<&'a Projection>,
    limit: Option<usize>,
    page: Page,
}

impl Collector<'_> {
    /// Looks at an item; answers whether the page is full.
    fn look_at(&mut self, item: Item) -> Result<bool, TableError> {
        self.page.scanned = self.page.scanned.saturating_add(1);
        let size = item_size_bytes(&item);
        self.page.scanned_size_bytes = self.page.scanned_size_bytes.saturating_add(size);
        let is_full = self.limit.is_some_and(|limit| self.page.scanned >= limit)
            || self.page.scanned_size_bytes >= PAGE_SIZE_BYTES_MAX;
        if is_full {
            let key = ItemKey::of_item(self.schema, &item)?;
            self.page.last_key = Some(key.item(self.schema));
        }
        if self.filter.is_none_or(|filter| filter.holds(&item)) {
            self.page.items.push(match self.projection {
                Some(projection) => projection.of(&item),
                None => item,
            });
        }
        Ok(is_full)
    }
}

fn scan(
    transaction: &mut dyn Transaction,
    request: &ScanItems,
    now_micros: u64,
) -> Result<Page, TableError> {
    let table = open(transaction, &request.table)?;
    let schema = &table.record.key;
    check_paths(schema, request.filter.as_ref(), request.projection.as_ref())?;
    let mut after = request.after.as_ref().map(|key| start(schema, key)).transpose()?;
    let mut collector = Collector {
        schema,
        filter: request.filter.as_ref(),
        projection: request.projection.as_ref(),
        limit: request.limit,
        page: Page::default(),
    };
    loop {
        let span = Span { hash: None, after: after.as_ref(), now_micros };
        let items = scan_items(transaction, &table, span, BATCH)?;
        let Some(last) = items.last() else { return Ok(collector.page) };
        after = Some(ItemKey::of_item(schema, last)?);
        for item in items {
            let key = ItemKey::of_item(schema, &item)?;
            let is_ours = request.segment.is_none_or(|segment| segment.holds(&key.hash));
            if is_ours && collector.look_at(item)? {
                return Ok(collector.page);
            }
        }
    }
}

impl Segment {
    fn holds(self, hash: &AttributeValue) -> bool {
        let mut hasher = DefaultHasher::new();
        hash.sort_text().hash(&mut hasher);
        hasher.finish().checked_rem(self.total).is_none_or(|part| part == self.number)
    }
}

fn start(schema: &KeySchema, key: &Item) -> Result<ItemKey, TableError> {
    ItemKey::of_request(schema, key)
        .map_err(|why| TableError::invalid(format!("The provided starting key is invalid: {why}")))
}

/// A partition, and the condition on the sort key.
struct Bounds<'a> {
    hash: &'a AttributeValue,
    range: Option<(&'a str, &'a RangeCondition)>,
    now_micros: u64,
}

fn query(
    transaction: &mut dyn Transaction,
    request: &QueryItems,
    now_micros: u64,
) -> Result<Page, TableError> {
    let table = open(transaction, &request.table)?;
    let schema = &table.record.key;
    let bounds = bounds(schema, &request.keys, now_micros)?;
    check_paths(schema, request.filter.as_ref(), request.projection.as_ref())?;
    check_filter(schema, request.filter.as_ref())?;
    let after = match &request.after {
        Some(key) => Some(query_start(schema, key, &bounds)?),
        None => None,
    };
    let mut collector = Collector {
        schema,
        filter: request.filter.as_ref(),
        projection: request.projection.as_ref(),
        limit: request.limit,
        page: Page::default(),
    };
    if request.backwards {
        backwards(transaction, &table, &bounds, after.as_ref(), &mut collector)?;
    } else {
        forwards(transaction, &table, &bounds, after, &mut collector)?;
    }
    Ok(collector.page)
}

impl Bounds<'_> {
    fn hold(&self, item: &Item) -> bool {
        self.range.is_none_or(|(name, range)| item.get(name).is_some_and(|it| range.holds(it)))
    }
}

fn forwards(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    bounds: &Bounds<'_>,
    mut after: Option<ItemKey>,
    collector: &mut Collector<'_>,
) -> Result<(), TableError> {
    loop {
        let span =
            Span { hash: Some(bounds.hash), after: after.as_ref(), now_micros: bounds.now_micros };
        let items = scan_items(transaction, table, span, BATCH)?;
        let Some(last) = items.last() else { return Ok(()) };
        after = Some(ItemKey::of_item(&table.record.key, last)?);
        for item in items.into_iter().filter(|item| bounds.hold(item)) {
            if collector.look_at(item)? {
                return Ok(());
            }
        }
    }
}

/// The storage lists forwards only: notes the keys of the partition, then reads from the last.
fn backwards(
    transaction: &mut dyn Transaction,
    table: &OpenTable,
    bounds: &Bounds<'_>,
    before: Option<&ItemKey>,
    collector: &mut Collector<'_>,
) -> Result<(), TableError> {
    let end = before.map(|key| key.row(&table.name).as_slice().to_vec());
    let mut keys = Vec::new();
    let mut after: Option<ItemKey> = None;
    loop {
        let span =
            Span { hash: Some(bounds.hash), after: after.as_ref(), now_micros: bounds.now_micros };
        let items = scan_items(transaction, table, span, BATCH)?;
        let Some(last) = items.last() else { break };
        after = Some(ItemKey::of_item(&table.record.key, last)?);
        for item in items.iter().filter(|item| bounds.hold(item)) {
            let key = ItemKey::of_item(&table.record.key, item)?;
            let row = key.row(&table.name);
            if end.as_ref().is_none_or(|end| row.as_slice() < end.as_slice()) {
                keys.push(key);
            }
        }
    }
    for key in keys.iter().rev() {
        if let Some(item) = super::items::load_item(transaction, table, key, bounds.now_micros)?
            && collector.look_at(item)?
        {
            return Ok(());
        }
    }
    Ok(())
}

/// What a key condition says, checked against the table's key.
fn bounds<'a>(
    schema: &'a KeySchema,
    keys: &'a KeyCondition,
    now_micros: u64,
) -> Result<Bounds<'a>, TableError> {
    let (given, defined) = (keys.attributes.len(), schema.attributes().count());
    if given > defined {
        return Err(TableError::invalid(format!(
            "The number of query conditions ({given}) exceeds the number of key attributes defined \
             in the schema ({defined})"
        )));
    }
    let named = |name: &str| keys.attributes.iter().find(|(named, _)| named == name);
    let missed = |name: &str| {
        TableError::invalid(format!("Query condition missed key schema element: {name}"))
    };
    let (_, on_hash) = named(&schema.hash.name).ok_or_else(|| missed(&schema.hash.name))?;
    let RangeCondition::Compare(Comparator::Equal, hash) = on_hash else {
        return Err(TableError::invalid("Query key condition not supported"));
    };
    let on_range = schema.range.as_ref().and_then(|range| named(&range.name));
    if let (Some(range), None, true) = (&schema.range, on_range, given > 1) {
        return Err(missed(&range.name));
    }
    for attribute in schema.attributes() {
        let values = named(&attribute.name).map(|(_, range)| range.values()).unwrap_or_default();
        if !values.iter().all(|value| has_type(value, attribute.key_type)) {
            return Err(TableError::invalid(
                "One or more parameter values were invalid: Condition parameter type does not match \
                 schema type",
            ));
        }
        for value in values {
            super::keys::check(&attribute.name, value, attribute.name == schema.hash.name)?;
        }
    }
    let range = on_range.map(|(name, range)| (name.as_str(), range));
    Ok(Bounds { hash, range, now_micros })
}

/// A filter works on what the key condition left: it may not name the key.
fn check_filter(schema: &KeySchema, filter: Option<&Condition>) -> Result<(), TableError> {
    let paths = filter.map(Condition::paths).unwrap_or_default();
    let named = |name: &str| paths.iter().any(|path| path.attribute == name);
    match schema.attributes().find(|attribute| named(&attribute.name)) {
        None => Ok(()),
        Some(attribute) => Err(TableError::invalid(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: \
             {}",
            attribute.name
        ))),
    }
}

fn query_start(schema: &KeySchema, key: &Item, bounds: &Bounds<'_>) -> Result<ItemKey, TableError> {
    let start = start(schema, key)?;
    if start.hash != *bounds.hash {
        return Err(TableError::invalid(
            "The provided starting key is outside query boundaries based on provided conditions",
        ));
    }
    if !bounds.hold(key) {
        return Err(TableError::invalid(
            "The provided starting key does not match the range key predicate",
        ));
    }
    Ok(start)
}
