//! Listings of objects, versions and uploads, page by page, in key order.

use super::rows::bucket_record;
use super::walk::{Step, Walk, common_prefix};
use super::{Engine, EngineError};
use crate::records::{self, RowKeyParts, UploadRecord, VersionId, VersionRecord};
use crate::storage::{self, StorageError, Table, Transaction};

/// Uploads read together.
const UPLOADS_BATCH: usize = 256;

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

/// A listing of multipart uploads in progress.
#[derive(Clone, Debug)]
pub struct UploadListingRequest {
    /// As for objects; `after` is the key marker.
    pub page: ListingRequest,
    /// Go on within the marker's key, after the upload with this id.
    pub after_upload: Option<String>,
}

/// One item of a listing of uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadListingItem {
    /// An upload in progress: key, upload id, record.
    Upload(String, String, Box<UploadRecord>),
    /// All keys that start with this.
    CommonPrefix(String),
}

/// A page of uploads; it goes on after a key's upload, or after a common prefix.
pub type UploadListing = Listing<UploadListingItem, (Cursor, Option<String>)>;

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
        request: UploadListingRequest,
    ) -> Result<UploadListing, EngineError> {
        self.observe(move |transaction| {
            bucket_record(transaction, &request.page.bucket)?;
            Ok(list_uploads(transaction, &request)?)
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
    request: &UploadListingRequest,
) -> Result<UploadListing, StorageError> {
    let ListingRequest { bucket, prefix, delimiter, limit, .. } = &request.page;
    let mut page = Page::new(*limit);
    if *limit == 0 {
        return Ok(page.finish());
    }
    let all = UploadRecord::keys_with_prefix(bucket, prefix);
    let mut from = first_upload(request).max(all.as_slice().to_vec());
    loop {
        let rows = transaction.scan(Table::Records, &from, Some(&all.end()), UPLOADS_BATCH)?;
        let Some((last, _)) = rows.last() else { return Ok(page.finish()) };
        from = [last.as_slice(), &[0]].concat();
        for row in &rows {
            let (key, upload, record) = upload_of(row)?;
            let common = common_prefix(&key, prefix, delimiter);
            let (item, cursor) = if let Some(common) = &common {
                (UploadListingItem::CommonPrefix(common.clone()), (common.clone(), None))
            } else {
                let cursor = (key.clone(), Some(upload.clone()));
                (UploadListingItem::Upload(key, upload, Box::new(record)), cursor)
            };
            match page.push(item, cursor, common) {
                Step::Next => {}
                Step::Stop => return Ok(page.finish()),
                Step::Skip(common) => {
                    from = UploadRecord::keys_with_prefix(bucket, &common).end();
                    break;
                }
            }
        }
    }
}

/// The row after the marker, or an empty one that comes before all.
fn first_upload(request: &UploadListingRequest) -> Vec<u8> {
    let ListingRequest { bucket, prefix, delimiter, after, .. } = &request.page;
    let Some(marker) = after else { return Vec::new() };
    if let Some(common) = common_prefix(marker, prefix, delimiter) {
        return UploadRecord::keys_with_prefix(bucket, &common).end();
    }
    let of_marker = UploadRecord::of_bucket(bucket).text(marker);
    match &request.after_upload {
        None => of_marker.end(),
        Some(upload) => of_marker.text(upload).end(),
    }
}

fn upload_of((row, bytes): &storage::Row) -> Result<(String, String, UploadRecord), StorageError> {
    let mut parts = RowKeyParts::new(row);
    let (_, key, upload) = (parts.text()?, parts.text()?, parts.text()?);
    Ok((key, upload, records::decode(row, bytes)?))
}
