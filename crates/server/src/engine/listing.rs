//! Listings of objects, versions and uploads, page by page, in key order.

use super::rows::bucket_record;
use super::walk::{Step, Walk};
use super::{Engine, EngineError};
use crate::records::{self, RowKeyParts, UploadRecord, VersionId, VersionRecord};
use crate::storage::{self, StorageError, Table, Transaction};

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
        self.observe(move |transaction| {
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
        self.observe(move |transaction| {
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
        self.observe(move |transaction| {
            bucket_record(transaction, &bucket)?;
            Ok(list_uploads(transaction, &bucket, &prefix, after.as_ref(), limit)?)
        })
        .await
    }
}

fn list_objects(
    transaction: &mut dyn Transaction,
    request: &ListingRequest,
) -> Result<Listing, StorageError> {
    let mut page = Page::new(request.limit);
    let walk = Walk { request, after_version: None, newest_only: true };
    walk.run(transaction, |key, record, _, common| {
        if record.content.is_none() {
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
    let after_version = request.after_version;
    let walk = Walk { request: &request.page, after_version, newest_only: false };
    walk.run(transaction, |key, record, is_newest, common| {
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
