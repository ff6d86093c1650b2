//! Listings of objects, versions and uploads, page by page, in key order.

use super::objects::{bucket_record, by_id};
use super::{Engine, EngineError};
use crate::records::{self, RowKey, RowKeyParts, UploadRecord, VersionId, VersionRecord};
use crate::storage::{self, StorageError, Table, Transaction};

/// Rows read together.
const BATCH: usize = 256;

/// Where a listing goes on: strictly after this key, or after every key under this common prefix.
pub type Cursor = String;

/// A listing of current objects.
#[derive(Clone, Debug)]
pub struct ListingRequest {
    /// The bucket.
    pub bucket: String,
    /// Only keys that start with this.
    pub prefix: String,
    /// Keys that share everything up to this text after the prefix are one item. Empty: none.
    pub delimiter: String,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// At most this many items.
    pub limit: usize,
}

/// A page of items of type `T`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T = ListingItem, C = Cursor> {
    /// The items, in key order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<C>,
}

/// One item of a listing of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingItem {
    /// An object: its key and its current version.
    Object(String, Box<VersionRecord>),
    /// All keys that start with this.
    CommonPrefix(String),
}

/// A listing of versions and delete markers.
#[derive(Clone, Debug)]
pub struct VersionListingRequest {
    /// As for objects; `after` is the key marker.
    pub page: ListingRequest,
    /// Go on within the marker's key, after this version.
    pub after_version: Option<VersionId>,
}

/// One item of a listing of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionListingItem {
    /// A version or delete marker of a key, and whether it is the newest.
    Version(String, Box<VersionRecord>, bool),
    /// All keys that start with this.
    CommonPrefix(String),
}

/// A page of versions; it goes on after a key's version, or after a common prefix.
pub type VersionListing = Listing<VersionListingItem, (Cursor, Option<VersionId>)>;

/// One upload in progress: key, upload id, record.
pub type UploadListingItem = (String, String, UploadRecord);

/// A page of uploads; it goes on after a key's upload.
pub type UploadListing = Listing<UploadListingItem, (Cursor, String)>;

impl Engine {
    /// Lists current objects.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn list(&self, request: ListingRequest) -> Result<Listing, EngineError> {
        self.list_with(move |transaction| {
            bucket_record(transaction, &request.bucket)?;
            Ok(list_objects(transaction, &request)?)
        })
        .await
    }

    /// Lists versions and delete markers, newest first within a key.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn list_versions(
        &self,
        request: VersionListingRequest,
    ) -> Result<VersionListing, EngineError> {
        self.list_with(move |transaction| {
            bucket_record(transaction, &request.page.bucket)?;
            Ok(list_versions(transaction, &request)?)
        })
        .await
    }

    /// Lists multipart uploads in progress.
    ///
    /// # Errors
    /// [`EngineError::NoSuchBucket`], or a storage failure.
    pub async fn list_uploads(
        &self,
        bucket: String,
        prefix: String,
        after: Option<(Cursor, String)>,
        limit: usize,
    ) -> Result<UploadListing, EngineError> {
        self.list_with(move |transaction| {
            bucket_record(transaction, &bucket)?;
            Ok(list_uploads(transaction, &bucket, &prefix, after.as_ref(), limit)?)
        })
        .await
    }

    async fn list_with<T: Send + 'static>(
        &self,
        job: impl Fn(&mut dyn Transaction) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        storage::read(&self.storage, move |transaction| match job(transaction) {
            Err(EngineError::Storage(error)) => Err(error),
            other => Ok(other),
        })
        .await?
    }
}

fn list_objects(
    transaction: &mut dyn Transaction,
    request: &ListingRequest,
) -> Result<Listing, StorageError> {
    let mut page = Page::new(request.limit);
    walk(transaction, request, None, |key, record, is_newest, common| {
        if !is_newest || record.content.is_none() {
            return Step::Next;
        }
        let (item, cursor) = match &common {
            Some(prefix) => (ListingItem::CommonPrefix(prefix.clone()), prefix.clone()),
            None => (ListingItem::Object(key.to_owned(), Box::new(record)), key.to_owned()),
        };
        page.push(item, cursor, common)
    })?;
    Ok(page.finish())
}

fn list_versions(
    transaction: &mut dyn Transaction,
    request: &VersionListingRequest,
) -> Result<VersionListing, StorageError> {
    let mut page = Page::new(request.page.limit);
    walk(transaction, &request.page, request.after_version, |key, record, is_newest, common| {
        let (item, cursor) = if let Some(prefix) = &common {
            (VersionListingItem::CommonPrefix(prefix.clone()), (prefix.clone(), None))
        } else {
            let cursor = (key.to_owned(), Some(record.id));
            (VersionListingItem::Version(key.to_owned(), Box::new(record), is_newest), cursor)
        };
        page.push(item, cursor, common)
    })?;
    Ok(page.finish())
}

/// Collects items up to a limit, and notices whether there are more.
struct Page<T, C> {
    limit: usize,
    items: Vec<(T, C)>,
    truncated: bool,
}

/// What the walk does next.
enum Step {
    Next,
    /// Skip every key that starts with this.
    Skip(String),
    Stop,
}

impl<T, C> Page<T, C> {
    fn new(limit: usize) -> Self {
        Self { limit, items: Vec::new(), truncated: false }
    }

    fn push(&mut self, item: T, cursor: C, common: Option<String>) -> Step {
        if self.items.len() >= self.limit {
            self.truncated = true;
            return Step::Stop;
        }
        self.items.push((item, cursor));
        common.map_or(Step::Next, Step::Skip)
    }

    fn finish(self) -> Listing<T, C> {
        let (items, cursors): (Vec<_>, Vec<_>) = self.items.into_iter().unzip();
        let next = if self.truncated { cursors.into_iter().next_back() } else { None };
        Listing { items, next }
    }
}

/// The common prefix that `key` falls under, if any.
fn common_prefix(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    let rest = key.strip_prefix(prefix)?;
    let (head, _) = rest.split_once(delimiter)?;
    Some([prefix, head, delimiter].concat())
}

/// Visits version rows in order, from where the request says.
fn walk(
    transaction: &mut dyn Transaction,
    request: &ListingRequest,
    after_version: Option<VersionId>,
    mut visit: impl FnMut(&str, VersionRecord, bool, Option<String>) -> Step,
) -> Result<(), StorageError> {
    let all = VersionRecord::keys_with_prefix(&request.bucket, &request.prefix);
    let end = all.end();
    let (mut from, mut last_key) = start(transaction, request, after_version, &all)?;
    if request.limit == 0 {
        return Ok(());
    }
    loop {
        let rows = transaction.scan(Table::Records, &from, Some(&end), BATCH)?;
        let mut reseek = None;
        for (row, bytes) in &rows {
            let mut parts = RowKeyParts::new(row);
            let (_, key) = (parts.text()?, parts.text()?);
            let is_newest = last_key.as_ref() != Some(&key);
            let common = common_prefix(&key, &request.prefix, &request.delimiter);
            match visit(&key, records::decode(row, bytes)?, is_newest, common) {
                Step::Stop => return Ok(()),
                Step::Skip(prefix) => {
                    reseek = Some(VersionRecord::keys_with_prefix(&request.bucket, &prefix).end());
                }
                Step::Next => {}
            }
            last_key = Some(key);
            if reseek.is_some() {
                break;
            }
        }
        from = match (reseek, rows.into_iter().next_back()) {
            (Some(from), _) => from,
            (None, Some((last, _))) => [last, vec![0]].concat(),
            (None, None) => return Ok(()),
        };
    }
}

/// The first row of a page, and the key whose newer versions were on the page before.
fn start(
    transaction: &mut dyn Transaction,
    request: &ListingRequest,
    after_version: Option<VersionId>,
    all: &RowKey,
) -> Result<(Vec<u8>, Option<String>), StorageError> {
    let Some(marker) = &request.after else {
        return Ok((all.as_slice().to_vec(), None));
    };
    let bucket = &request.bucket;
    let (from, last_key) =
        if let Some(common) = common_prefix(marker, &request.prefix, &request.delimiter) {
            (VersionRecord::keys_with_prefix(bucket, &common).end(), None)
        } else if let Some(id) = after_version
            && let Some(version) = by_id(transaction, bucket, marker, id)?
        {
            let row = VersionRecord::row(bucket, marker, version.sequence);
            ([row.as_slice(), &[0]].concat(), Some(marker.clone()))
        } else {
            (VersionRecord::versions_of(bucket, marker).end(), None)
        };
    Ok((from.max(all.as_slice().to_vec()), last_key))
}

fn list_uploads(
    transaction: &mut dyn Transaction,
    bucket: &str,
    prefix: &str,
    after: Option<&(Cursor, String)>,
    limit: usize,
) -> Result<UploadListing, StorageError> {
    let all = UploadRecord::keys_with_prefix(bucket, prefix);
    let from = match after {
        None => all.as_slice().to_vec(),
        Some((key, upload)) if upload.is_empty() => {
            UploadRecord::of_bucket(bucket).text(key).end().max(all.as_slice().to_vec())
        }
        Some((key, upload)) => {
            let row = UploadRecord::of_bucket(bucket).text(key).text(upload);
            row.end().max(all.as_slice().to_vec())
        }
    };
    let wanted = limit.saturating_add(1);
    let rows = transaction.scan(Table::Records, &from, Some(&all.end()), wanted)?;
    let mut page = Page::new(limit);
    for row in &rows {
        let item = upload_item(row)?;
        let cursor = (item.0.clone(), item.1.clone());
        if let Step::Stop = page.push(item, cursor, None) {
            break;
        }
    }
    Ok(page.finish())
}

fn upload_item((row, bytes): &storage::Row) -> Result<UploadListingItem, StorageError> {
    let mut parts = RowKeyParts::new(row);
    let (_, key, upload) = (parts.text()?, parts.text()?, parts.text()?);
    Ok((key, upload, records::decode(row, bytes)?))
}
